"""Fields in every state a person leaves them in: blank on dirty paper, filled, struck out, overflowing, not digits.

Drawn as `locate_fields` would cut them out of a scan, with the blank form behind them. Figures on these are synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn.fields import field_region
from benchmarks.drawn.glyphs import DigitSource, FloatImage, cover_with_ink, lay_digit, scale_digit, scan, tight_digit
from pipeline.document import Box, FieldKind, FieldRegion, FieldSpec

PX_PER_MM = 300 / 25.4
MARGIN_MM = 2.7
REGISTRATION_MM = 0.12
"""What registration leaves, standard deviation, as in the other drawn fields."""


@dataclass
class Sheet:
    """A field being drawn.

    Attributes:
        paper: (h, w) float32, form and paper.
        ink: (h, w) float32, 0 to 1, what the hand wrote.
        cells: printed cells, or the one box of a line.
        is_comb: cells are boxes of one digit each.
        written: boxes of the digits written so far, left to right.
        pen_px: thickness of the pen.
        darkness: of the ink, 0 to 1.
    """

    paper: FloatImage
    ink: FloatImage
    cells: tuple[Box, ...]
    is_comb: bool
    pen_px: int
    darkness: float
    written: list[Box]

    @property
    def field(self) -> Box:
        return self.cells[0].union(self.cells[-1])

    @property
    def words(self) -> Box:
        """Box round everything written; the field itself when nothing is."""
        box = self.written[0] if self.written else self.field
        for other in self.written[1:]:
            box = box.union(other)
        return box


Manner = Callable[[Sheet, DigitSource, np.random.Generator], None]
"""Does something to a sheet: writes, strikes, spills."""


def draw_state(manner: Manner, is_comb: bool, source: DigitSource, rng: np.random.Generator) -> FieldRegion:
    """One field at 300 dpi, with the blank form as its background.

    Args:
        manner: what is done to the empty field.
        is_comb: five to eight cells, or a line of 45 to 60 mm.
        source: the hand.
        rng: everything random.
    """
    sheet = _empty_sheet(is_comb, rng)
    form = sheet.paper.copy()
    manner(sheet, source, rng)
    blank = _as_large(form, sheet.paper.shape)
    image = scan(cover_with_ink(sheet.paper, sheet.ink, sheet.darkness), rng)
    dx, dy = (round(v) for v in rng.normal(0, REGISTRATION_MM, 2) * PX_PER_MM)
    cells = tuple(cell.shifted(dx, dy) for cell in sheet.cells)
    region = replace(
        field_region(image, cells, PX_PER_MM), background=np.clip(np.roll(blank, (dy, dx), (0, 1)), 0, 255).astype("u1")
    )
    if is_comb:
        return region
    return replace(region, cells=(), spec=FieldSpec("code", FieldKind.DIGITS))


def _as_large(form: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """The form as far as a picture of it reaches that was cut off, or goes on, at the right."""
    return np.pad(form, ((0, 0), (0, max(0, shape[1] - form.shape[1]))), mode="edge")[:, : shape[1]]


def _empty_sheet(is_comb: bool, rng: np.random.Generator) -> Sheet:
    margin = round(MARGIN_MM * PX_PER_MM)
    count = int(rng.integers(5, 9)) if is_comb else 1
    width = rng.uniform(5.0, 7.0) * PX_PER_MM if is_comb else rng.uniform(45, 60) * PX_PER_MM
    height = round(rng.uniform(7.0, 9.5) * PX_PER_MM)
    edges = [margin + round(i * width) for i in range(count + 1)]
    cells = tuple(Box(edges[i], margin, edges[i + 1], margin + height) for i in range(count))
    paper = np.full((height + 2 * margin, edges[-1] + margin), rng.uniform(205, 250), np.float32)
    shade, thickness = float(rng.uniform(20, 170)), max(1, round(rng.uniform(0.12, 0.4) * PX_PER_MM))
    if is_comb or rng.random() < 0.5:
        for cell in cells:
            cv2.rectangle(paper, (cell.left, cell.top), (cell.right, cell.bottom), shade, thickness, cv2.LINE_AA)
    elif rng.random() < 0.7:
        y = margin + height
        cv2.line(paper, (edges[0], y), (edges[-1], y), shade, thickness, cv2.LINE_AA)
    pen = max(3, round(rng.uniform(0.3, 0.6) * PX_PER_MM))
    return Sheet(paper, np.zeros_like(paper), cells, is_comb, pen, float(rng.uniform(0.55, 0.95)), [])


# --- writing -------------------------------------------------------------------------------------


def write(sheet: Sheet, source: DigitSource, rng: np.random.Generator, size: float = 1.0) -> None:
    """Fill the field: a digit a cell, or five to eight on a line, at `size` times what the field holds."""
    if sheet.is_comb:
        for cell in sheet.cells:
            _write_digit(sheet, source, rng, cell.middle[0], 0.72 * size, 0.86 * cell.width * size)
        return
    field = sheet.field
    height = 0.7 * field.height * size
    x = field.left + rng.uniform(0.05, 0.2) * field.width
    for _ in range(int(rng.integers(4, 7))):
        _write_digit(sheet, source, rng, x + height * 0.35, 0.7 * size, height)
        x = sheet.written[-1].right + rng.uniform(0.1, 0.3) * height


def _write_digit(
    sheet: Sheet, source: DigitSource, rng: np.random.Generator, middle: float, share: float, room: float
) -> None:
    tight = tight_digit(source(int(rng.integers(10)), rng))
    height = share * sheet.field.height * rng.uniform(0.92, 1.05)
    picture = scale_digit(tight, min(height / tight.shape[0], room / tight.shape[1]), rng)
    left = round(middle - picture.shape[1] / 2)
    top = round((sheet.field.top + sheet.field.bottom - picture.shape[0]) / 2 + rng.normal(0, 0.02) * height)
    lay_digit(sheet.ink, picture, left, top)
    sheet.written.append(Box(left, top, left + picture.shape[1], top + picture.shape[0]))


def stroke(sheet: Sheet, points: NDArray[np.floating], pen_px: int | None = None) -> None:
    """Draw a pen stroke through (n, 2) points, x and y."""
    whole = [np.round(points * 8).astype(np.int32)]
    cv2.polylines(sheet.ink, whole, False, 1.0, pen_px or sheet.pen_px, cv2.LINE_AA, shift=3)


def _line(sheet: Sheet, rng: np.random.Generator, height: float, slope: float = 0.0) -> None:
    box = sheet.words
    reach = rng.uniform(0, 0.4) * box.height
    xs = np.linspace(box.left - reach, box.right + reach, 24)
    y = box.top + height * box.height
    wobble = np.cumsum(rng.normal(0, 0.006, 24)) * box.height
    stroke(sheet, np.stack([xs, y + slope * (xs - xs.mean()) + wobble], axis=1))


# --- struck out ----------------------------------------------------------------------------------


def one_line(sheet: Sheet, rng: np.random.Generator) -> None:
    """A line through the middle."""
    _line(sheet, rng, rng.uniform(0.35, 0.65), rng.uniform(-0.05, 0.05))


def two_lines(sheet: Sheet, rng: np.random.Generator) -> None:
    """Two lines, one under the other."""
    _line(sheet, rng, rng.uniform(0.25, 0.45))
    _line(sheet, rng, rng.uniform(0.55, 0.75))


def slanting_line(sheet: Sheet, rng: np.random.Generator) -> None:
    """A line from one corner to the other."""
    box = sheet.words
    up = rng.random() < 0.7
    ys = (box.bottom, box.top) if up else (box.top, box.bottom)
    stroke(sheet, np.array([[box.left - 6, ys[0]], [box.right + 6, ys[1]]]) + rng.normal(0, 3, (2, 2)))


def zigzag(sheet: Sheet, rng: np.random.Generator) -> None:
    """Up and down all along."""
    box = sheet.words
    xs = np.arange(box.left - 5, box.right + 5, rng.uniform(0.2, 0.5) * box.height)
    ys = np.where(np.arange(len(xs)) % 2, box.top + 0.1 * box.height, box.bottom - 0.1 * box.height)
    stroke(sheet, np.stack([xs, ys + rng.normal(0, 0.08 * box.height, len(xs))], axis=1))


def loops(sheet: Sheet, rng: np.random.Generator) -> None:
    """Curls like a coil spring."""
    box = sheet.words
    turns = box.width / (rng.uniform(0.35, 0.7) * box.height)
    t = np.linspace(0, 2 * np.pi * turns, round(40 * turns))
    xs = box.left + box.width * t / t[-1] + 0.35 * box.height * np.cos(t)
    ys = (box.top + box.bottom) / 2 + rng.uniform(0.3, 0.5) * box.height * np.sin(t)
    stroke(sheet, np.stack([xs, ys], axis=1))


def big_cross(sheet: Sheet, rng: np.random.Generator) -> None:
    """An X over the whole value."""
    box = sheet.words
    corners = np.array([[box.left, box.top], [box.right, box.bottom]], float)
    for points in (corners, corners * [1, -1] + [0, box.top + box.bottom]):
        stroke(sheet, points + rng.normal(0, 0.06 * box.height, (2, 2)))


def cross_each(sheet: Sheet, rng: np.random.Generator) -> None:
    """An X over every digit."""
    for box in sheet.written:
        corners = np.array([[box.left - 4, box.top], [box.right + 4, box.bottom]], float)
        for points in (corners, corners * [1, -1] + [0, box.top + box.bottom]):
            stroke(sheet, points + rng.normal(0, 0.04 * box.height, (2, 2)))


def blacked_out(sheet: Sheet, rng: np.random.Generator) -> None:
    """Hatched until nothing can be read."""
    box = sheet.words
    xs = np.arange(box.left, box.right, 0.6 * sheet.pen_px)
    ys = np.where(np.arange(len(xs)) % 2, box.top, box.bottom) + rng.normal(0, 0.05 * box.height, len(xs))
    stroke(sheet, np.stack([xs, ys], axis=1))


def wave(sheet: Sheet, rng: np.random.Generator) -> None:
    """A wavy line through the middle."""
    box = sheet.words
    xs = np.linspace(box.left - 4, box.right + 4, 120)
    length = rng.uniform(0.5, 1.1) * box.height
    ys = (box.top + box.bottom) / 2 + 0.14 * box.height * np.sin(2 * np.pi * xs / length)
    stroke(sheet, np.stack([xs, ys], axis=1))


def scribble(sheet: Sheet, rng: np.random.Generator) -> None:
    """A pen that wanders over all of it."""
    box = sheet.words
    count = max(8, round(5 * box.width / box.height))
    corners = rng.uniform((box.left, box.top), (box.right, box.bottom), (count, 2))
    fine = np.linspace(0, count - 1, 16 * count)
    pen = np.stack([np.interp(fine, np.arange(count), side) for side in corners.T], axis=1)
    kernel = np.hanning(13) / np.hanning(13).sum()
    stroke(sheet, np.stack([np.convolve(side, kernel, "valid") for side in pen.T], axis=1))


def two_slashes(sheet: Sheet, rng: np.random.Generator) -> None:
    """Two slanting lines beside each other."""
    box = sheet.words
    apart = rng.uniform(0.15, 0.35) * box.height
    for shift in (-apart / 2, apart / 2):
        ends = np.array([[box.left - 6, box.bottom - 0.1 * box.height], [box.right + 6, box.top + 0.1 * box.height]])
        stroke(sheet, ends + np.array([0, shift]) + rng.normal(0, 3, (2, 2)))


def hatching(sheet: Sheet, rng: np.random.Generator) -> None:
    """Slanting strokes one beside the other, the pen lifted between them."""
    box = sheet.words
    step = rng.uniform(0.25, 0.5) * box.height
    for x in np.arange(box.left, box.right, step):
        lean = rng.uniform(0.2, 0.5) * box.height
        stroke(sheet, np.array([[x, box.bottom], [x + lean, box.top]]) + rng.normal(0, 2, (2, 2)))


STRIKES: Mapping[str, Callable[[Sheet, np.random.Generator], None]] = {
    f.__name__: f
    for f in (
        *(one_line, two_lines, zigzag, slanting_line, loops, big_cross, cross_each, blacked_out, wave),
        *(scribble, two_slashes, hatching),
    )
}
LOOKED_AT = tuple(STRIKES)[:9]
"""Manners whose measures were seen while the recognition of strikes was made; nothing was tuned on the others."""


# --- other states of filled fields ---------------------------------------------------------------


def too_large(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Digits half as high again as the field and more."""
    write(sheet, source, rng, rng.uniform(1.7, 2.2))


def beyond_the_end(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A filled field whose digits go on behind its right edge; a line is filled up to it first."""
    write(sheet, source, rng)
    field = sheet.field
    room = round(rng.uniform(1.2, 2.2) * field.height)
    sheet.paper = np.pad(sheet.paper, ((0, 0), (0, room)), mode="edge")
    sheet.ink = np.pad(sheet.ink, ((0, 0), (0, room)))
    x = field.right + 0.35 * field.height if sheet.is_comb else sheet.written[-1].right + 0.45 * field.height
    while x + 0.4 * field.height < sheet.ink.shape[1]:
        _write_digit(sheet, source, rng, x, 0.7, 0.6 * field.height)
        x += 0.65 * field.height


def faint(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A pen that hardly writes: 20 to 35 gray levels deep."""
    write(sheet, source, rng)
    sheet.darkness = 1 - (float(sheet.paper.max()) - float(rng.uniform(20, 35))) / 255


def cut_off(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """The picture ends in the middle of the last digit."""
    write(sheet, source, rng)
    last = sheet.written[-1]
    end = (last.left + last.right) // 2
    sheet.paper, sheet.ink = sheet.paper[:, :end], sheet.ink[:, :end]
    sheet.cells = tuple(cell.clipped(end, sheet.paper.shape[0]) for cell in sheet.cells)
