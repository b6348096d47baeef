"""Boxed fields at 300 dpi whose every digit touches its box or crosses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from benchmarks.drawn.fields import DrawnField, field_region
from benchmarks.drawn.glyphs import DigitSource, FloatImage, cover_with_ink, lay_digit, scale_digit, scan, tight_digit
from pipeline.document import Box

PX_PER_MM = 300 / 25.4


class Style(Enum):
    """How a form prints its boxes."""

    COMB = "comb"
    APART = "boxes apart"
    OPEN = "comb without lid"
    DROP_OUT = "drop-out"


STYLES = (Style.COMB, Style.COMB, Style.APART, Style.OPEN)
"""Combs with common walls are the most common, and the hardest."""


@dataclass(frozen=True)
class _Sheet:
    """Where the boxes are printed, pixels (x, y, width, height), and how."""

    cells: tuple[tuple[float, float, float, float], ...]
    style: Style
    shade: float
    thickness: int


def draw_boxed(
    digits: str, source: DigitSource, rng: np.random.Generator, crossing_px: int, style: Style | None = None
) -> DrawnField:
    """One boxed field; every digit is pushed over one side of its box, chosen at random.

    Args:
        digits: what to write, a digit a box.
        source: the hand.
        rng: everything random.
        crossing_px: how far the digit's outermost ink lies beyond the middle of the printed line; 0 touches it.
        style: of the boxes; None for any printed one.
    """
    cell_w, cell_h = rng.uniform(5.0, 7.5) * PX_PER_MM, rng.uniform(6.5, 9.5) * PX_PER_MM
    margin = 2.7 * PX_PER_MM
    style = style or STYLES[rng.integers(len(STYLES))]
    gap = float(rng.uniform(0.8, 2.0)) * PX_PER_MM if style is Style.APART else 0.0
    sheet = _Sheet(
        tuple((margin + i * (cell_w + gap), margin, cell_w, cell_h) for i in range(len(digits))),
        style,
        shade=float(rng.uniform(20, 170)),
        thickness=max(1, round(rng.uniform(0.12, 0.4) * PX_PER_MM)),
    )
    size = (round(2 * margin + cell_h), round(2 * margin + len(digits) * (cell_w + gap) - gap))
    paper = np.full(size, rng.uniform(205, 250), np.float32)
    _print_boxes(paper, sheet)
    ink = np.zeros_like(paper)
    height = rng.uniform(0.62, 0.82) * cell_h
    for char, cell in zip(digits, sheet.cells, strict=True):
        _write_over_side(ink, source(int(char), rng), cell, height, crossing_px, rng)
    image = scan(cover_with_ink(paper, ink, rng.uniform(0.55, 0.95)), rng)
    # What registration leaves: cells are expected a pixel or three off.
    shift_x, shift_y = (int(v) for v in np.round(rng.normal(0, 0.12, 2) * PX_PER_MM))
    cells = tuple(
        Box(round(x), round(y), round(x + w), round(y + h)).shifted(shift_x, shift_y) for x, y, w, h in sheet.cells
    )
    region = field_region(image, cells, PX_PER_MM)
    return DrawnField(replace(region, spec=replace(region.spec, length=len(digits))), digits)


def _print_boxes(paper: FloatImage, sheet: _Sheet) -> None:
    if sheet.style is Style.DROP_OUT:
        return
    for x, y, w, h in sheet.cells:
        left, top, right, bottom = round(x), round(y), round(x + w), round(y + h)
        lines = [(left, top, left, bottom), (right, top, right, bottom), (left, bottom, right, bottom)]
        if sheet.style is not Style.OPEN:
            lines.append((left, top, right, top))
        for x0, y0, x1, y1 in lines:
            cv2.line(paper, (x0, y0), (x1, y1), sheet.shade, sheet.thickness, cv2.LINE_AA)


def _write_over_side(
    ink: FloatImage,
    digit: np.ndarray,
    cell: tuple[float, float, float, float],
    height: float,
    crossing_px: int,
    rng: np.random.Generator,
) -> None:
    x, y, w, h = cell
    tight = tight_digit(digit)
    scale = min(height * rng.uniform(0.92, 1.08) / max(tight.shape[0], 0.6 * tight.shape[1]), 0.9 * w / tight.shape[1])
    picture = scale_digit(tight, scale, rng)
    rows, columns = picture.shape
    left = x + (w - columns) / 2 + rng.uniform(-3, 3)
    top = y + (h - rows) / 2 + rng.uniform(-3, 3)
    side = rng.integers(4)
    if side == 0:
        left = x - crossing_px
    elif side == 1:
        left = x + w - columns + crossing_px
    elif side == 2:
        top = y - crossing_px
    else:
        top = y + h - rows + crossing_px
    lay_digit(ink, picture, round(left), round(top))
