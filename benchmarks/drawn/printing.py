"""How places to write in are printed: combs, ticks, separate and ruled boxes, in lines, dots, pale or flat colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.document import RectMm
from sample_docs.generator.paper import WHITE, Color, Sheet


class Structure(StrEnum):
    """How a place to write in is divided."""

    COMB = "comb"
    FRAMED_TICKS = "framed ticks"
    TICKS = "ticks without lid"
    SEPARATE = "separate boxes"
    RULED = "ruled box"


class Look(StrEnum):
    """How its outline shows."""

    LINES = "lines"
    DOTTED = "dotted"
    COLOURED = "coloured lines"
    PALE = "pale lines"
    TINTED = "flat tint"
    SPARED = "white on tint"


@dataclass(frozen=True, slots=True)
class Pen:
    """What lines are printed with: `dash` is (length, pitch) in millimetres, None for lines without breaks."""

    width: float
    color: Color
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class BoxDesign:
    """A place to write in, as printed.

    Attributes:
        outline: all of it, to the outer edge of its outer cells.
        cells: left to right, empty for a ruled box.
        shade: fill of flat looks: of the cells, or of the panel round them.
        tick: height of inner ticks, share of the box's height.
    """

    structure: Structure
    look: Look
    outline: RectMm
    cells: tuple[RectMm, ...]
    pen: Pen
    shade: Color = WHITE
    tick: float = 1.0

    @property
    def parts(self) -> tuple[RectMm, ...]:
        """The closed rectangles it is made of."""
        return self.cells or (self.outline,)


LOOKS = {
    Structure.COMB: (Look.LINES, Look.LINES, Look.COLOURED, Look.PALE, Look.DOTTED),
    Structure.FRAMED_TICKS: (Look.LINES, Look.COLOURED, Look.PALE),
    Structure.TICKS: (Look.LINES, Look.LINES, Look.COLOURED, Look.PALE),
    Structure.SEPARATE: (Look.LINES, Look.COLOURED, Look.PALE, Look.TINTED, Look.SPARED),
    Structure.RULED: (Look.LINES, Look.LINES, Look.COLOURED, Look.PALE, Look.DOTTED, Look.TINTED, Look.SPARED),
}
"""Looks that occur with a structure; those named twice are twice as frequent."""

_COLOURS: tuple[Color, ...] = (
    (30, 70, 140), (200, 40, 50), (20, 120, 80), (220, 110, 20), (120, 50, 130), (0, 140, 180),
)  # fmt: skip


def random_box(structure: Structure, look: Look, left: float, top: float, rng: np.random.Generator) -> BoxDesign:
    """A box of this kind with its top left corner at a place, millimetres: sizes, lines and colours vary."""
    height = float(rng.uniform(6.0, 10.0)) if structure is not Structure.RULED else float(rng.uniform(6.5, 13.0))
    tick = float(rng.uniform(0.25, 0.6)) if structure in (Structure.FRAMED_TICKS, Structure.TICKS) else 1.0
    pen, shade = _pen(look, rng), _shade(look, rng)
    if structure is Structure.RULED:
        outline = RectMm(left, top, float(rng.uniform(max(22.0, 2.2 * height), 70.0)), height)
        return BoxDesign(structure, look, outline, (), pen, shade)
    count = int(rng.integers(5 if structure is Structure.TICKS else 3, 13))
    pitch = float(rng.uniform(4.6, 7.5))
    gap = _gap(structure, look, rng)
    cells = tuple(RectMm(left + pitch * cell, top, pitch - gap, height) for cell in range(count))
    outline = RectMm(left, top, pitch * count - gap, height)
    return BoxDesign(structure, look, outline, cells, pen, shade, tick)


def _pen(look: Look, rng: np.random.Generator) -> Pen:
    width = float(rng.uniform(0.12, 0.45))
    dark = int(rng.integers(0, 110))
    if look is Look.DOTTED:
        length = float(rng.uniform(0.25, 0.9))
        return Pen(max(0.2, width), (dark, dark, dark), (length, length + float(rng.uniform(0.25, 0.55))))
    if look is Look.COLOURED:
        return Pen(width, _COLOURS[int(rng.integers(len(_COLOURS)))])
    if look is Look.PALE:
        return Pen(max(0.2, width), _towards_white(_COLOURS[int(rng.integers(len(_COLOURS)))], rng.uniform(0.45, 0.75)))
    return Pen(width, (dark, dark, dark))


def _shade(look: Look, rng: np.random.Generator) -> Color:
    if look not in (Look.TINTED, Look.SPARED):
        return WHITE
    return _towards_white(_COLOURS[int(rng.integers(len(_COLOURS)))], rng.uniform(0.7, 0.86))


def _towards_white(color: Color, share: float) -> Color:
    red, green, blue = (round(level + share * (255 - level)) for level in color)
    return red, green, blue


def _gap(structure: Structure, look: Look, rng: np.random.Generator) -> float:
    if structure is not Structure.SEPARATE:
        return 0.0
    return float(rng.uniform(0.5, 1.0) if look in (Look.TINTED, Look.SPARED) else rng.uniform(0.5, 1.6))


def print_box(sheet: Sheet, box: BoxDesign) -> None:
    """Print a place to write in."""
    if box.look is Look.SPARED:
        panel = box.outline
        sheet.box(panel.left - 3, panel.top - 2, panel.width + 6, panel.height + 4, color=None, fill=box.shade)
    if box.look in (Look.TINTED, Look.SPARED):
        fill = box.shade if box.look is Look.TINTED else WHITE
        for part in box.parts:
            sheet.box(part.left, part.top, part.width, part.height, color=None, fill=fill)
        return
    for x0, y0, x1, y1 in _lines_of(box):
        print_line(sheet, x0, y0, x1, y1, box.pen)


def _lines_of(box: BoxDesign) -> Iterator[tuple[float, float, float, float]]:
    for part in (box.outline,) if box.structure is not Structure.SEPARATE else box.cells:
        right, bottom = part.left + part.width, part.top + part.height
        if box.structure is not Structure.TICKS:
            yield part.left, part.top, right, part.top
        yield part.left, bottom, right, bottom
        yield part.left, part.top, part.left, bottom
        yield right, part.top, right, bottom
    if box.structure is not Structure.SEPARATE:
        bottom = box.outline.top + box.outline.height
        for cell in box.cells[1:]:
            yield cell.left, bottom - box.tick * cell.height, cell.left, bottom


def print_line(sheet: Sheet, x0: float, y0: float, x1: float, y1: float, pen: Pen) -> None:
    """Print a level or upright line, dashed where the pen is."""
    if pen.dash is None:
        sheet.line(x0, y0, x1, y1, pen.width, pen.color)
        return
    length, pitch = pen.dash
    whole = max(x1 - x0, y1 - y0)
    for start in np.arange(0, whole, pitch):
        a, b = start / whole, min(1.0, (start + length) / whole)
        sheet.line(x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0), pen.width, pen.color)
