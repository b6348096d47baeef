"""Forms of many designs, drawn and filled in by seed: what `find_fields` meets on pages nobody wrote a template for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.drawn.glyphs import WriterHand, scale_digit, tight_digit
from benchmarks.drawn.layout import PAGE_SHARES, PAGES_MM, Draft, lay_out_cheque, lay_out_page
from benchmarks.drawn.printing import BoxDesign
from pipeline.document import RectMm
from recognizer.pen import random_hand
from recognizer.readings import GrayImage, InkImage
from sample_docs.generator.design import FieldDesign, FormDesign
from sample_docs.generator.fill import DigitSource, Entry, draw_form
from sample_docs.generator.paper import Sheet

DRAWN_DPI = 300
"""Pages are drawn at this resolution before they are scanned at any other."""


@dataclass(frozen=True)
class DrawnForm:
    """One form, nothing written on it.

    Attributes:
        paper: name of its size.
        design: how it is printed and where fields are; field `box<n>` is `boxes[n]`, `line<n>` a free line.
        boxes: places for numbers.
        word_boxes: ruled boxes for words, which only a reader can tell from boxes for numbers.
    """

    paper: str
    design: FormDesign
    boxes: tuple[BoxDesign, ...]
    word_boxes: tuple[RectMm, ...]


@dataclass(frozen=True)
class DrawnPage:
    """A form filled in by one person: (H, W) uint8 picture at `DRAWN_DPI`, and what was written, by field name."""

    form: DrawnForm
    gray: GrayImage
    values: Mapping[str, str]


@dataclass(frozen=True)
class _OneWriter:
    """Somebody's real digits at the size a form asks for."""

    hand: WriterHand

    def draw(self, digit: int, height_px: float, rng: np.random.Generator) -> InkImage:
        tight = tight_digit(self.hand(digit, rng))
        return np.asarray(255 * scale_digit(tight, height_px / tight.shape[0], rng), np.uint8)


def random_form(seed: int) -> DrawnForm:
    """The form of this seed."""
    rng = np.random.default_rng([seed, 1])
    paper = str(rng.choice(list(PAGES_MM), p=PAGE_SHARES))
    draft = Draft(rng, *PAGES_MM[paper])
    if paper == "cheque":
        lay_out_cheque(draft)
    else:
        lay_out_page(draft)
    return finish_form(f"drawn{seed}", paper, draft)


def finish_form(name: str, paper: str, draft: Draft) -> DrawnForm:
    """The form that was laid out."""
    prints = tuple(draft.prints)

    def print_on(sheet: Sheet) -> None:
        for step in prints:
            step(sheet)

    fields = tuple(_field_of(number, box) for number, box in enumerate(draft.boxes))
    design = FormDesign(
        name=name,
        version="1",
        width_mm=draft.width,
        height_mm=draft.height,
        fields=(*fields, *draft.lines),
        print_on=print_on,
        choices=tuple(draft.choices),
        scrawls=tuple(draft.scrawls),
    )
    return DrawnForm(paper, design, tuple(draft.boxes), tuple(draft.word_boxes))


def fill_form(seed: int, form: DrawnForm, writer: WriterHand | None = None, empty: float = 0.25) -> DrawnPage:
    """Fill a form in as the person of this seed would.

    Args:
        writer: whose digits are used; None for our own pen's. Must know all ten.
        empty: share of fields that stay empty.
    """
    rng = np.random.default_rng([seed, 2])
    values = dict(_random_values(form.design, rng, empty))
    digits: DigitSource | None = _OneWriter(writer) if writer is not None else None
    filled = draw_form(form.design, values, random_hand(rng), rng, DRAWN_DPI, digits=digits)
    gray = np.asarray(cv2.cvtColor(filled.image, cv2.COLOR_RGB2GRAY), np.uint8)
    return DrawnPage(form, gray, {name: entry.text for name, entry in values.items()})


def _random_values(design: FormDesign, rng: np.random.Generator, empty: float) -> Mapping[str, Entry]:
    """Digits of any number into combs, amounts into boxes and onto lines."""
    values: dict[str, Entry] = {}
    for item in design.fields:
        if rng.random() < empty:
            continue
        if item.cells is None:
            whole = int(rng.integers(1, 10 ** int(rng.integers(2, 6))))
            text = f"{whole:,}.{rng.integers(0, 100):02d}" if rng.random() < 0.6 else str(whole)
            values[item.name] = Entry(text)
            continue
        count = int(rng.integers(1, item.cells + 1)) if rng.random() < 0.3 else item.cells
        text = "1" * count if rng.random() < 0.05 else "".join(str(digit) for digit in rng.integers(0, 10, count))
        crowding = float(rng.uniform(0.2, 0.9)) if rng.random() < 0.35 else 0.0
        values[item.name] = Entry(text.rjust(item.cells) if rng.random() < 0.3 else text, crowding)
    return values


def _field_of(number: int, box: BoxDesign) -> FieldDesign:
    """The field to be filled in: between separate boxes half of each gap belongs to either."""
    gap = box.cells[1].left - box.cells[0].left - box.cells[0].width if box.cells else 0.0
    place, kind = box.outline, "digits" if box.cells else "amount"
    return FieldDesign(
        f"box{number}", kind, place.left - gap / 2, place.top, place.width + gap, place.height, len(box.cells) or None
    )
