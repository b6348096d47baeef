"""The pages whose reading is timed: an A4 form with 64 digits in combs, and a cheque, filled in and scanned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.drawn.forms import DRAWN_DPI, DrawnForm, finish_form
from benchmarks.drawn.layout import PAGES_MM, Draft, lay_out_cheque
from benchmarks.drawn.printing import BoxDesign, Look, Pen, Structure
from benchmarks.drawn.scanning import Degradation, degrade
from pipeline.document import FieldKind, FieldSpec, FormTemplate, Page, RectMm, TemplateIdentity
from recognizer.pen import random_hand
from sample_docs.generator.design import reference_picture
from sample_docs.generator.fill import Entry, draw_form
from sample_docs.generator.paper import BLACK, GRAY

COMB_CELLS = (8, 10, 6, 12, 9, 5, 8, 6)
"""Of the A4 form: 64 digits in all, as a date, accounts, postal codes and references have."""
SCANNED = Degradation(dpi=300, skew_deg=0.7, noise=2.5, blur_mm=0.05, jpeg_quality=85)
"""An office scanner's page: a little askew, compressed."""
_LEFT, _FIRST_TOP, _STEP = 20.0, 48.0, 29.0
_PITCH, _HEIGHT = 6.0, 8.0


@dataclass(frozen=True)
class MeasuredPage:
    """One scanned page with its form's template and what was written, by field name."""

    name: str
    page: Page
    template: FormTemplate
    values: Mapping[str, str]

    @property
    def digit_count(self) -> int:
        return sum(char.isdigit() for value in self.values.values() for char in value)


def form_page(seed: int = 1) -> MeasuredPage:
    """The A4 form, 64 digits in eight combs between captions and text."""
    rng = np.random.default_rng([seed, 1])
    draft = Draft(rng, *PAGES_MM["A4"])
    draft.text(draft.width / 2, 18, "Application for a permit", 18, align="middle")
    draft.text(draft.width / 2, 25, draft.words(5, 8), 8, GRAY, "middle")
    for row, count in enumerate(COMB_CELLS):
        top = _FIRST_TOP + row * _STEP
        for line in range(3):
            draft.text(_LEFT, top - 14.5 + 4 * line, draft.words(10, 13), 8.5)
        draft.text(_LEFT, top - 1.2, draft.words(2, 3), 8)
        cells = tuple(RectMm(_LEFT + _PITCH * cell, top, _PITCH, _HEIGHT) for cell in range(count))
        outline = RectMm(_LEFT, top, _PITCH * count, _HEIGHT)
        draft.box(BoxDesign(Structure.COMB, Look.LINES, outline, cells, Pen(0.25, BLACK)))
    draft.text(draft.width / 2, draft.height - 7, draft.words(6, 9), 7, GRAY, "middle")
    form = finish_form("form", "A4", draft)
    values = {f"box{row}": "".join(map(str, rng.integers(0, 10, count))) for row, count in enumerate(COMB_CELLS)}
    return _filled(form, values, dict.fromkeys(values, FieldKind.DIGITS), rng)


def cheque_page(seed: int = 1) -> MeasuredPage:
    """A cheque: a date of eight digits in a comb, an amount in a ruled box."""
    rng = np.random.default_rng([seed, 2])
    draft = Draft(rng, *PAGES_MM["cheque"])
    lay_out_cheque(draft)
    form = finish_form("cheque", "cheque", draft)
    date = f"{rng.integers(1, 29):02d}{rng.integers(1, 13):02d}{rng.integers(2019, 2027)}"
    amount = f"{rng.integers(1, 100)},{rng.integers(0, 1000):03d}.{rng.integers(0, 100):02d}"
    return _filled(form, {"box0": date, "box1": amount}, {"box0": FieldKind.DATE, "box1": FieldKind.AMOUNT}, rng)


def _filled(
    form: DrawnForm, values: Mapping[str, str], kinds: Mapping[str, FieldKind], rng: np.random.Generator
) -> MeasuredPage:
    design = form.design
    entries = {name: Entry(text) for name, text in values.items()}
    drawn = draw_form(design, entries, random_hand(rng), rng, DRAWN_DPI).image
    scan = degrade(np.asarray(cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY), np.uint8), DRAWN_DPI, SCANNED)
    fields = tuple(
        FieldSpec(
            field.name, kinds[field.name], RectMm(field.left, field.top, field.width, field.height), cells=field.cells
        )
        for field in design.fields
        if field.name in kinds
    )
    identity = TemplateIdentity(design.name, design.version, "0" * 64)
    template = FormTemplate(identity, (design.width_mm, design.height_mm), fields, (reference_picture(design),))
    return MeasuredPage(design.name, scan.as_page(), template, values)
