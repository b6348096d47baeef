"""Ruled rectangles from printed lines: two level ones, and upright ones that reach from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.lines import MIN_DEPTH, Lines, PageLines

COVERAGE = 0.8
"""Share of a side that must lie on a line; strokes of digits rarely run from rule to rule."""
STRAIGHT = 0.78
"""Share of a side that must be dark in one row of pixels, piece by piece: lines measure 0.9 to 1, letters 0.6."""
PIECE_PX = 24
"""Within such a piece, 4 mm, a printed line leans by less than a pixel."""
LEAN_PX = 2
"""Printed lines of a levelled page wander by this much."""
DARK_SHARE = 0.45
"""Of a line's usual depth: less is a break."""


class SideMap:
    """Lines of one direction, ready to be asked how much of a side is there."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        thick = cv2.dilate(lines.runs, np.ones((2 * LEAN_PX + 1, 1), np.uint8))
        self._sums = np.zeros((thick.shape[0], thick.shape[1] + 1), np.int32)
        np.cumsum(thick, axis=1, out=self._sums[:, 1:])

    def coverage(self, row: int, start: int, end: int) -> float:
        """Share of start..end-1 over which a line runs within `LEAN_PX` of a row."""
        start, end = max(0, start), min(self._sums.shape[1] - 1, end)
        if not 0 <= row < len(self._sums) or end <= start:
            return 0.0
        return float(self._sums[row, end] - self._sums[row, start]) / (end - start)

    def coverages(self, first: int, last: int, start: int, end: int) -> NDArray[np.float64]:
        """`coverage` for each of the rows first..last-1."""
        rows = self._sums[first:last]
        return np.asarray((rows[:, end] - rows[:, start]) / max(1, end - start))

    def straightness(self, row: int, start: int, end: int) -> float:
        """Share of a side that is dark in single rows of pixels, each piece in its own; tells lines from letters."""
        reach = LEAN_PX + 1
        band = self.lines.depth[max(0, row - reach) : row + reach + 1, max(0, start) : end]
        if band.size == 0:
            return 0.0
        is_dark = band >= max(MIN_DEPTH, DARK_SHARE * float(np.median(band.max(axis=0))))
        bounds = np.linspace(0, band.shape[1], max(1, round(band.shape[1] / PIECE_PX)) + 1).astype(int)
        return float(np.mean([is_dark[:, a:b].mean(axis=1).max() for a, b in pairwise(bounds)]))


class LineMap:
    """Printed lines as sides of rectangles: `rules` are level, `walls` upright and asked by (column, top, bottom)."""

    def __init__(self, lines: PageLines) -> None:
        self.rules = SideMap(lines.level)
        self.walls = SideMap(lines.upright)

    def level_lines(self) -> Iterator[tuple[int, int, int]]:
        """Left, right and row of every level line, from the contours of its mask."""
        contours, _ = cv2.findContours(self.rules.lines.runs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            left, top, width, height = (int(v) for v in cv2.boundingRect(contour))
            yield left, left + width, top + height // 2


def find_rectangles(lines: LineMap, least_px: float, greatest_px: float) -> list[Box]:
    """Rectangles of a height between the two, between neighbouring walls; sides lie in the middle of the lines."""
    rules = np.array(list(lines.level_lines()), np.int64).reshape(-1, 3)
    found: list[Box] = []
    for left, right, y in rules.tolist():
        is_below = (rules[:, 2] >= y + least_px) & (rules[:, 2] <= y + greatest_px)
        shared = np.minimum(rules[:, 1], right) - np.maximum(rules[:, 0], left)
        for other_left, other_right, other_y in rules[is_below & (shared > least_px / 3)].tolist():
            found += _between(lines, max(left, other_left), min(right, other_right), y, other_y)
    return _without_doubles(found)


def _between(lines: LineMap, left: int, right: int, top: int, bottom: int) -> Iterator[Box]:
    """Rectangles between neighbouring walls that stand between two rules."""
    upper, lower = top + LEAN_PX + 1, bottom - LEAN_PX - 1
    # Walls at the very ends of the rules may stick out by a line's thickness.
    start, end = max(0, left - 2 * LEAN_PX), min(len(lines.walls.lines.runs), right + 2 * LEAN_PX)
    is_wall = lines.walls.coverages(start, end, upper, lower) >= COVERAGE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_wall.astype(np.int8), [0]])))
    middles = [start + int(a + b - 1) // 2 for a, b in edges.reshape(-1, 2).tolist()]
    walls = [x for x in middles if lines.walls.straightness(x, upper, lower) >= STRAIGHT]
    for first, second in pairwise(walls):
        if second - first < (bottom - top) / 6:
            continue
        if all(
            lines.rules.coverage(y, first, second) >= COVERAGE
            and lines.rules.straightness(y, first, second) >= STRAIGHT
            for y in (top, bottom)
        ):
            yield Box(first, top, second, bottom)


def _without_doubles(boxes: list[Box]) -> list[Box]:
    """One of the boxes that nearly coincide: the rules of a thick line, or of print that touches it, come apart."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: one.area):
        if all(box.iou(other) < 0.8 for other in kept):
            kept.append(box)
    return kept
