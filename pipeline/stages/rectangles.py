"""Ruled rectangles from printed lines: two level ones, and upright ones that reach from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.lines import LineMasks, Mask

WALL_COVERAGE = 0.8
"""Share of the height that an upright line must cover; strokes of digits rarely run from rule to rule."""
RULE_COVERAGE = 0.8
"""Share of a rectangle's width that its upper and its lower rule must cover."""
LEAN_PX = 2
"""Printed lines of a levelled page wander by this much."""


class LineMap:
    """Printed lines of a page, ready to be asked how much of a side is there."""

    def __init__(self, lines: LineMasks) -> None:
        self.lines = lines
        level = cv2.dilate(lines.horizontal, np.ones((2 * LEAN_PX + 1, 1), np.uint8))
        upright = cv2.dilate(lines.vertical, np.ones((1, 3), np.uint8))
        self._level_sums = _sums_along(level)
        self._upright_sums = _sums_along(np.ascontiguousarray(upright.T))

    def rule(self, y: int, left: int, right: int) -> float:
        """Share of the columns left..right-1 over which a level line runs at row `y`."""
        return _share(self._level_sums, y, left, right)

    def wall(self, x: int, top: int, bottom: int) -> float:
        """Share of the rows top..bottom-1 over which an upright line runs at column `x`."""
        return _share(self._upright_sums, x, top, bottom)

    def walls(self, left: int, right: int, top: int, bottom: int) -> NDArray[np.float64]:
        """`wall` for each of the columns left..right-1."""
        columns = self._upright_sums[left:right]
        return np.asarray((columns[:, bottom] - columns[:, top]) / max(1, bottom - top))


def find_rectangles(lines: LineMap, least_px: float, greatest_px: float) -> list[Box]:
    """Rectangles of a height between the two, between neighbouring walls; sides lie in the middle of the lines."""
    rules = np.array(list(_rules(lines.lines.horizontal)), np.int64).reshape(-1, 3)
    found: list[Box] = []
    for left, right, y in rules:
        is_below = (rules[:, 2] >= y + least_px) & (rules[:, 2] <= y + greatest_px)
        shared = np.minimum(rules[:, 1], right) - np.maximum(rules[:, 0], left)
        for other_left, other_right, other_y in rules[is_below & (shared > least_px / 3)]:
            found += _between(lines, max(left, other_left), min(right, other_right), int(y), int(other_y))
    return _without_doubles(found)


def _rules(horizontal: Mask) -> Iterator[tuple[int, int, int]]:
    """Left, right and row of every level line, from the contours of the mask."""
    contours, _ = cv2.findContours(horizontal, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        left, top, width, height = (int(v) for v in cv2.boundingRect(contour))
        yield left, left + width, top + height // 2


def _between(lines: LineMap, left: int, right: int, top: int, bottom: int) -> Iterator[Box]:
    """Rectangles between neighbouring walls that stand between two rules."""
    inset = LEAN_PX + 1
    # Walls at the very ends of the rules may stick out by a line's thickness.
    start, end = max(0, left - 2 * LEAN_PX), min(lines.lines.vertical.shape[1], right + 2 * LEAN_PX)
    is_wall = lines.walls(start, end, top + inset, bottom - inset) >= WALL_COVERAGE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_wall.astype(np.int8), [0]])))
    middles = [start + int(a + b - 1) // 2 for a, b in edges.reshape(-1, 2)]
    for first, second in zip(middles, middles[1:], strict=False):
        if second - first < (bottom - top) / 6:
            continue
        if min(lines.rule(top, first, second), lines.rule(bottom, first, second)) >= RULE_COVERAGE:
            yield Box(first, top, second, bottom)


def _without_doubles(boxes: list[Box]) -> list[Box]:
    """One of the boxes that nearly coincide: the rules of a thick line, or of print that touches it, come apart."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: one.area):
        if all(box.iou(other) < 0.8 for other in kept):
            kept.append(box)
    return kept


def _sums_along(mask: Mask) -> NDArray[np.int32]:
    """(H, W + 1) sums of each row up to a column."""
    sums = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int32)
    np.cumsum(mask, axis=1, out=sums[:, 1:])
    return sums


def _share(sums: NDArray[np.int32], line: int, start: int, end: int) -> float:
    start, end = max(0, start), min(sums.shape[1] - 1, end)
    if not 0 <= line < len(sums) or end <= start:
        return 0.0
    return float(sums[line, end] - sums[line, start]) / (end - start)
