"""Fill a form in by hand: digits into combs and onto lines, ticks, and scrawl where words would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np

from recognizer.pen import Hand, draw_digit, lay_strokes, mark_strokes, write_line
from recognizer.readings import InkImage
from sample_docs.generator.design import FieldDesign, FormDesign, blank_form
from sample_docs.generator.paper import MM_PER_INCH, Color, ColorImage
from sample_docs.generator.scrawl import scrawl_strokes

PixelBox = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

BLACK_INK: Color = (28, 28, 34)
BLUE_INK: Color = (26, 48, 132)
GREEN_INK: Color = (18, 96, 70)
RED_INK: Color = (168, 28, 40)
GRAPHITE: Color = (92, 92, 96)

_DIGIT_SHARE = 0.62
"""Digit height in a cell or on a line, share of the field's height, of a hand of size 1: what forms ask for."""
_FINEST_PEN_MM = 0.28
"""Stroke of the finest pens sold for the office; hands with thinner ones do not write on forms."""
_VISIBLE = 64
"""Ink of this strength, of 255, counts when the box round it is drawn."""
_WORD_PEN = 5.0
"""Height in millimetres of the digits whose stroke ticks and words are drawn with."""
_FREE_SHARE = 0.86
"""Ink of a tidy digit takes at most this share of the cell's width; people write narrower rather than cross."""


class DigitSource(Protocol):
    """Where digits come from, when not from the hand's pen: somebody's real ones, for a measurement."""

    def draw(self, digit: int, height_px: float, rng: np.random.Generator) -> InkImage:
        """(h, w) uint8 picture of one digit, ink bright on zero, about `height_px` high."""
        ...


class Treatment(StrEnum):
    """What became of a field after it was written."""

    PLAIN = "plain"
    STRUCK_OUT = "struck_out"
    SCRIBBLED = "scribbled"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written into one field.

    Attributes:
        text: characters as written; in a comb one a cell, a space leaves the cell empty.
        crowding: 0 within the cells, 1 large, displaced and across their lines.
        treatment: whether the writer crossed it out or blotted it.
    """

    text: str
    crowding: float = 0.0
    treatment: Treatment = Treatment.PLAIN


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field lies on the drawn page, pixels.

    Attributes:
        box: the field; `cells`: its comb cells, empty for a line.
        ink: box of each character's ink, in the order of `text`; None for a space.
    """

    name: str
    text: str
    box: PixelBox
    cells: tuple[PixelBox, ...]
    ink: tuple[PixelBox | None, ...]


@dataclass(frozen=True)
class FilledForm:
    """A form filled in, before it is scanned: (H, W, 3) uint8 picture, and where its fields lie."""

    image: ColorImage
    dpi: int
    fields: tuple[FieldPlace, ...]


def draw_form(
    design: FormDesign,
    values: Mapping[str, Entry],
    hand: Hand,
    rng: np.random.Generator,
    dpi: int,
    ink: Color = BLACK_INK,
    digits: DigitSource | None = None,
) -> FilledForm:
    """Draw a form that one person filled in.

    Args:
        design: the form.
        values: what is written, by field name; fields left out stay empty, and without any the form is blank.
        hand: who writes.
        rng: source of all that varies.
        dpi: resolution of the page.
        ink: colour of the pen.
        digits: other pictures of digits than the hand's own; marks and scrawl stay the hand's.

    Raises:
        KeyError: `values` names a field that the form does not have.
    """
    unknown = set(values) - {item.name for item in design.fields}
    if unknown:
        raise KeyError(f"form {design.name!r} has no field {', '.join(sorted(unknown))}")
    page = _Page(blank_form(design, dpi).copy(), dpi / MM_PER_INCH, hand, ink, rng, digits)
    if values:
        page.write_beside_fields(design)
    places = tuple(page.fill(item, values.get(item.name, Entry(""))) for item in design.fields)
    return FilledForm(page.image, dpi, places)


@dataclass
class _Page:
    """A page being written on. It alone holds the picture that changes."""

    image: ColorImage
    px_per_mm: float
    hand: Hand
    ink: Color
    rng: np.random.Generator
    digits: DigitSource | None

    def write_beside_fields(self, design: FormDesign) -> None:
        pen_px = self._pen_px(_WORD_PEN * self.px_per_mm)
        for choice in design.choices:
            x, y = choice.centres[int(self.rng.integers(len(choice.centres)))]
            strokes = mark_strokes("tick", self.hand, self.rng)
            height = 1.25 * choice.side * self.px_per_mm
            self._lay(strokes, height, x * self.px_per_mm - 0.3 * height, y * self.px_per_mm - 0.65 * height, pen_px)
        for place in design.scrawls:
            unit = place.height * self.px_per_mm
            strokes = scrawl_strokes(place.length / place.height, self.hand, self.rng)
            self._lay(strokes, unit, place.left * self.px_per_mm, place.baseline * self.px_per_mm - unit, pen_px)

    def fill(self, item: FieldDesign, entry: Entry) -> FieldPlace:
        box = self._pixels(item.left, item.top, item.left + item.width, item.top + item.height)
        edges = item.cell_edges()
        cells: tuple[PixelBox, ...] = ()
        if item.cells is not None:
            cells = tuple(
                self._pixels(edges[i], item.top, edges[i + 1], item.top + item.height) for i in range(item.cells)
            )
            if len(entry.text) > len(cells):
                raise ValueError(f"{entry.text!r} does not fit the {len(cells)} cells of {item.name}")
        if entry.treatment is Treatment.SCRIBBLED:
            self._scribble(box)
            written: list[PixelBox | None] = []
        elif cells:
            written = [self._cell(c, cell, entry.crowding) for c, cell in zip(entry.text, cells, strict=False)]
        else:
            written = self._line(entry.text, box)
        if entry.treatment is Treatment.STRUCK_OUT:
            self._strike([place for place in written if place is not None])
        return FieldPlace(item.name, entry.text, box, cells, tuple(written))

    def _cell(self, char: str, cell: PixelBox, crowding: float) -> PixelBox | None:
        if char == " ":
            return None
        left, top, right, bottom = cell
        width, height = right - left, bottom - top
        share = min(0.92, _DIGIT_SHARE * self.hand.size) + 0.3 * crowding
        picture = self._digit(int(char), share * height)
        widest = width * (_FREE_SHARE + 0.6 * crowding)
        if picture.shape[1] > widest:
            picture = self._digit(int(char), share * height * max(0.6, widest / picture.shape[1]))
        shift = self.rng.normal(0, 1, 2) * (0.04 + 0.12 * crowding) * np.array([width, height])
        x = (left + right - picture.shape[1]) / 2 + shift[0]
        y = (top + bottom - picture.shape[0]) / 2 + shift[1] + 0.03 * height
        return self._stain(picture, round(x), round(y))

    def _digit(self, digit: int, height_px: float) -> InkImage:
        if self.digits is not None:
            return self.digits.draw(digit, height_px, self.rng)
        hand = replace(self.hand, pen_width=self._pen_px(height_px) / height_px)
        return draw_digit(digit, hand, self.rng, height_px)

    def _pen_px(self, digit_height_px: float) -> float:
        return max(_FINEST_PEN_MM * self.px_per_mm, self.hand.pen_width * digit_height_px)

    def _line(self, text: str, box: PixelBox) -> list[PixelBox | None]:
        left, top, right, bottom = box
        unit = _DIGIT_SHARE * self.hand.size * (bottom - top)
        line = write_line(text, self.hand, self.rng)
        if not line.spans:
            return []
        unit = min(unit, 0.86 * (right - left) / max(span[1] for span in line.spans))
        length = max(span[1] for span in line.spans) * unit
        x = left + self.rng.uniform(0.2, 0.7) * max(0.0, right - left - length)
        y = (top + bottom - unit) / 2 + self.rng.normal(0, 0.03) * (bottom - top)
        if self.digits is None:
            self._lay(line.strokes, unit, x, y)
            return [(x + a * unit, y, x + b * unit, y + unit) if c != " " else None
                    for c, (a, b) in zip(text, line.spans, strict=True)]  # fmt: skip
        return self._line_of_pictures(text, unit, x, y)

    def _line_of_pictures(self, text: str, unit: float, x: float, y: float) -> list[PixelBox | None]:
        """Set a line from single pictures, spaced as the hand spaces its own digits."""
        written: list[PixelBox | None] = []
        for char in text:
            gap = max(0.0, self.hand.spacing + self.rng.normal(0, 0.04)) * unit
            if char == " ":
                written.append(None)
                x += 0.3 * unit
            elif char.isdigit():
                size = unit * (self.hand.zero_size if char == "0" else 1.0)
                picture = self._digit(int(char), size)
                written.append(self._stain(picture, round(x), round(y + unit - picture.shape[0])))
                x += picture.shape[1] + gap
            else:
                strokes = mark_strokes(char, self.hand, self.rng)
                written.append(self._lay(strokes, unit, x, y))
                x += float(max(stroke[:, 0].max() for stroke in strokes)) * unit + gap
        return written

    def _strike(self, written: list[PixelBox]) -> None:
        left, right = min(box[0] for box in written), max(box[2] for box in written)
        top, bottom = min(box[1] for box in written), max(box[3] for box in written)
        unit = bottom - top
        self._lay(mark_strokes("strike", self.hand, self.rng, (right - left) / unit), unit, left, top)

    def _scribble(self, box: PixelBox) -> None:
        left, top, right, bottom = box
        unit = 0.8 * (bottom - top)
        for _ in range(2):
            strokes = mark_strokes("scribble", self.hand, self.rng, 0.94 * (right - left) / unit)
            self._lay(strokes, unit, left + 0.03 * (right - left), top + 0.1 * (bottom - top))

    def _lay(
        self, strokes: tuple[np.ndarray, ...], unit: float, x: float, y: float, pen_px: float | None = None
    ) -> PixelBox:
        picture, (left, top) = lay_strokes(strokes, unit, pen_px or self._pen_px(unit), self.hand.touch, self.rng)
        return self._stain(picture, round(x) + left, round(y) + top)

    def _stain(self, picture: InkImage, left: int, top: int) -> PixelBox:
        """Let ink darken the paper: where it lies thick the page takes the pen's colour."""
        height, width = self.image.shape[:2]
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(width, left + picture.shape[1]), min(height, top + picture.shape[0])
        if x0 < x1 and y0 < y1:
            cover = picture[y0 - top : y1 - top, x0 - left : x1 - left, None] / 255.0
            through = 1 - cover * (1 - np.array(self.ink) / 255.0)
            self.image[y0:y1, x0:x1] = np.round(self.image[y0:y1, x0:x1] * through).astype(np.uint8)
        rows, columns = (np.flatnonzero(picture.max(axis=axis) >= _VISIBLE) for axis in (1, 0))
        if not len(rows):
            return (float(left), float(top), float(left), float(top))
        return (float(left + columns[0]), float(top + rows[0]), left + columns[-1] + 1.0, top + rows[-1] + 1.0)

    def _pixels(self, left: float, top: float, right: float, bottom: float) -> PixelBox:
        scale = self.px_per_mm
        return (left * scale, top * scale, right * scale, bottom * scale)
