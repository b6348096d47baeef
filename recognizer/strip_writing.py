"""Writes digits on a canvas: each glyph bent, sized and set as one hand would, and where it came to lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import InkImage
from recognizer.strip_marks import MarkPen, draw_separator
from recognizer.strip_views import STRIP_HEIGHT

OVERSAMPLING = 2
"""Ink is drawn at twice the strip's size, so that thin strokes survive the way down as grey, as in a scan."""

CANVAS_HEIGHT = STRIP_HEIGHT * OVERSAMPLING

_LEAST_INK = 0.07
"""Inked area a digit must keep, as a share of its height squared."""
_FIRST_ONES = 0.12
"""Share of strips that start with an extra one: at the edge it is easily taken for the side of a box."""
_SOFT_STROKE = np.clip((np.arange(256) - 40) * 2.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class WritingStyle:
    """How one strip is written; lengths in canvas pixels."""

    digit_height: float
    baseline: float
    slope: float
    shear: float
    turn: float
    aspect: float
    gap: float
    gap_spread: float
    jitter: float
    zero_size: float
    zeros_raised: bool
    zero_share: float
    joins_zeros: bool
    stroke: InkImage
    pen: MarkPen
    pitch: float | None
    grouping: float


class Writing:
    """A canvas being written on from left to right; lengths in its pixels.

    Attributes:
        canvas: (64, W) uint8 ink.
        digits, centres, half_widths: what was written, its middle columns and half its ink's width.
        x: where writing starts.
        end: last column of the digit written last.
    """

    def __init__(
        self, width: int, style: WritingStyle, random: np.random.Generator, glyphs: Sequence[Sequence[InkImage]]
    ) -> None:
        self.canvas: InkImage = np.zeros((CANVAS_HEIGHT, width), np.uint8)
        self.digits: list[int] = []
        self.centres: list[float] = []
        self.half_widths: list[float] = []
        self.x = 0.0
        self.end = 0.0
        self._style, self._random, self._glyphs = style, random, glyphs
        self._right_edge = np.full(CANVAS_HEIGHT, -1e6)
        self._cells_start = 0.0

    def write(self, length: int) -> None:
        """Write up to `length` digits from `x` on; fewer when the canvas ends."""
        style, random = self._style, self._random
        self._cells_start = self.x
        self._right_edge[:] = self.x
        self.end = self.x
        for place in range(length):
            digit = 0 if random.random() < style.zero_share else int(random.integers(10))
            if place == 0 and random.random() < _FIRST_ONES:
                digit = 1
            if not self._write_digit(digit, place):
                return
            if style.pitch is None and place < length - 1 and random.random() < style.grouping:
                room = draw_separator(self.canvas, self.end, style.baseline, style.digit_height, style.pen, random)
                self._right_edge += room

    def ending_start(self) -> float:
        """Where a filler may start."""
        return self.end + float(self._random.uniform(0, 0.35)) * self._style.digit_height

    def cell_edges(self) -> tuple[float, ...]:
        """Columns of the ticks or borders between comb cells, strip pixels; empty for free writing."""
        pitch = self._style.pitch
        if pitch is None:
            return ()
        return tuple((self._cells_start + k * pitch) / OVERSAMPLING for k in range(len(self.digits) + 1))

    def _write_digit(self, digit: int, place: int) -> bool:
        patch, above = self._patch(digit)
        inked = patch > 90
        columns = np.flatnonzero(inked.any(axis=0))
        rows = np.flatnonzero(inked.any(axis=1))
        if len(columns) < 2 or len(rows) < 2:
            return False
        drift = self._style.slope * (self.end - self.canvas.shape[1] / 2)
        top = round(self._bottom(digit) + drift - above)
        top = max(-int(rows[0]), min(top, CANVAS_HEIGHT - patch.shape[0] // 2))
        first, last = max(0, -top), min(patch.shape[0], CANVAS_HEIGHT - top)
        patch, inked = patch[first:last], inked[first:last]
        band = slice(top + first, top + last)
        left = self._left_edge(digit, inked, columns, band, place)
        left = max(left, -int(columns[0]))
        if left + columns[-1] + 2 >= self.canvas.shape[1]:
            return False
        self._put(patch, left, band)
        middle = left + (columns[0] + columns[-1]) / 2
        if self._follows_zero(digit):
            ring = self._style.digit_height * self._style.zero_size
            start, end = (self._bottom(0) - ring * self._random.uniform(0.55, 1.0) for _ in range(2))
            self._style.pen.line(self.canvas, (self.centres[-1], start), (middle, end))
        self.digits.append(digit)
        self.centres.append(float(middle))
        self.half_widths.append(float(columns[-1] - columns[0] + 1) / 2)
        self._right_edge[band] = np.maximum(
            self._right_edge[band],
            np.where(inked.any(axis=1), left + patch.shape[1] - inked[:, ::-1].argmax(axis=1), -1e6),
        )
        self.end = float(left + columns[-1])
        self._right_edge = np.maximum(self._right_edge, self.end - 0.3 * self._style.digit_height)
        return True

    def _bottom(self, digit: int) -> float:
        style = self._style
        rise = float(self._random.normal(0, style.jitter)) * style.digit_height
        if digit == 0 and style.zeros_raised:
            rise += (1 - style.zero_size) * style.digit_height * float(self._random.uniform(0.3, 0.8))
        return style.baseline - rise

    def _patch(self, digit: int) -> tuple[InkImage, float]:
        """The digit as this strip writes it, and the height of its baseline below the patch's top."""
        style, random = self._style, self._random
        choices = self._glyphs[digit]
        glyph = choices[int(random.integers(len(choices)))]
        rows, columns = glyph.shape
        size = style.digit_height * float(random.uniform(0.88, 1.12)) * (style.zero_size if digit == 0 else 1.0)
        down = size / max(rows - 2, 14 if digit == 1 else 10)
        across = down * style.aspect * float(random.uniform(0.9, 1.12))
        if digit == 0 and style.zero_size < 0.85:
            across *= float(random.uniform(1.0, 1.6))  # small zeros are written round or flat, not narrow
        turn = style.turn + float(random.normal(0, 0.04))
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        target = corners * (across, down)
        slant = style.shear + turn
        target[:, 0] += (rows * down - target[:, 1]) * slant
        target[:, 1] -= target[:, 0] * turn
        target += random.normal(0, 0.04 * size, (4, 2))
        target -= target.min(axis=0)
        patch_size = np.ceil(target.max(axis=0)).astype(int) + 1
        matrix = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
        patch = cv2.warpPerspective(glyph, matrix, (int(patch_size[0]), int(patch_size[1])), flags=cv2.INTER_LINEAR)
        inked = np.asarray(cv2.LUT(patch, style.stroke), np.uint8)
        if float(inked.sum()) < 255 * _LEAST_INK * size * size:  # too fine a pen for this glyph: it would vanish
            inked = np.asarray(cv2.LUT(patch, _SOFT_STROKE), np.uint8)
        return inked, float(target[2:, 1].mean())

    def _follows_zero(self, digit: int) -> bool:
        """Whether the pen stays on the paper from the zero before."""
        return self._style.joins_zeros and digit == 0 and self.digits[-1:] == [0]

    def _left_edge(
        self, digit: int, inked: NDArray[np.bool_], columns: NDArray[np.intp], band: slice, place: int
    ) -> int:
        """Column of the patch's left side: by pitch in cells, else as close to the ink before as the hand writes."""
        style, random = self._style, self._random
        if style.pitch is not None:
            middle = self._cells_start + (place + 0.5 + float(random.normal(0, 0.07))) * style.pitch
            return round(float(middle - (columns[0] + columns[-1]) / 2))
        if not self.digits:
            return round(float(self.x - columns[0]))
        starts = np.where(inked.any(axis=1), inked.argmax(axis=1), 10**6)
        touching = float((self._right_edge[band] - starts).max())
        gap = (style.gap + float(random.normal(0, style.gap_spread))) * style.digit_height
        if self._follows_zero(digit):
            gap = -float(random.uniform(0, 0.2)) * style.digit_height
        least = self.centres[-1] + 0.14 * style.digit_height - (columns[0] + columns[-1]) / 2
        return round(float(max(touching + gap, least)))

    def _put(self, patch: InkImage, left: int, band: slice) -> None:
        start = max(0, left)
        stop = min(self.canvas.shape[1], left + patch.shape[1])
        region = self.canvas[band, start:stop]
        np.maximum(region, patch[:, start - left : stop - left], out=region)
