"""Ruled rectangles from printed lines: two level ones, and upright ones that reach from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.lines import MIN_DEPTH, Lines, Mask, PageLines, boxes_of_blobs
from recognizer.readings import GrayImage

COVERAGE = 0.8
"""Share of a side that must lie on a line; strokes of digits rarely run from rule to rule."""
STRAIGHT = 0.78
"""Share of a side that must be dark in one row of pixels, piece by piece: lines measure 0.9 to 1, letters 0.6."""
PIECE_PX = 24
"""Within such a piece, 4 mm, a printed line leans by less than a pixel."""
LEAN_PX = 2
"""Printed lines of a levelled page wander by this much."""
GOES_ON = 0.6
"""Share of two rules that must be seen where they go on beyond a box."""
DARK_SHARE = 0.45
"""Of a line's usual depth: less is a break."""

THICK_PX = 5
"""A line of ordinary thickness in the mask: one or two pixels, one more on either side, and one for its lean."""
MIN_RUN_PX, PLATEAU = 15, 0.9
"""Shorter lines are no sides; rows this near to the fullest one belong to the same line."""
NARROWEST = 0.7
"""Least width of a box for the least height of one: digit cells measure 3.2 mm and more."""
MOST_RULES = 500
"""On pages with more level lines the longest serve: a dense form has 200, security paper thousands."""
DARKNESS_RATIO = 2.5
"""Between the sides of a box: hairlines lose up to half of their depth where they lie between two pixels."""
BESIDE_PX, BESIDE_SHARE = 6, 0.4
"""A dotted line has paper a millimetre beside it, but for this share of its length."""
DASH_GAP_PX = 4
SAME_END_PX = 4
"""Rules of one box end together but for this, less than a millimetre."""
SAME_BOX = 0.8
"""Boxes that overlap by this much, intersection over union, are one."""


class SideMap:
    """Lines of one direction, ready to be asked how much of a side is there."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._thick = np.asarray(cv2.dilate(lines.runs, np.ones((2 * LEAN_PX + 1, 1), np.uint8)), np.uint8)

    def coverage(self, row: int, start: int, end: int) -> float:
        """Share of start..end-1 over which a line runs within `LEAN_PX` of a row."""
        start, end = max(0, start), min(self._thick.shape[1], end)
        if not 0 <= row < len(self._thick) or end <= start:
            return 0.0
        return np.count_nonzero(self._thick[row, start:end]) / (end - start)

    def coverages(self, first: int, last: int, start: int, end: int) -> NDArray[np.float64]:
        """Share of start..end-1 over which a line runs in each of the rows first..last-1 themselves."""
        return np.asarray(np.count_nonzero(self.lines.runs[first:last, start:end], axis=1) / max(1, end - start))

    def darkness(self, row: int, start: int, end: int) -> float:
        """Usual depth of the line along a side, gray levels."""
        band = self.lines.depth[max(0, row - LEAN_PX) : row + LEAN_PX + 1, max(0, start) : end]
        return _median(band.max(axis=0)) if band.size else 0.0

    def straightness(self, row: int, start: int, end: int) -> float:
        """Share of a side that is dark in single rows of pixels, each piece in its own; tells lines from letters."""
        reach = LEAN_PX + 1
        band = self.lines.depth[max(0, row - reach) : row + reach + 1, max(0, start) : end]
        if band.size == 0:
            return 0.0
        dark = max(MIN_DEPTH, DARK_SHARE * _median(band.max(axis=0)))
        is_dark = band >= dark
        pieces = max(1, round(band.shape[1] / PIECE_PX))
        bounds = np.arange(pieces + 1) * band.shape[1] // pieces
        straight = _piecewise(is_dark, bounds)
        if straight >= STRAIGHT:
            return straight
        # Dots and dashes are as straight once joined; but so is print, which has more than a line's thickness.
        outer = self.lines.depth[max(0, row - BESIDE_PX) : row + BESIDE_PX + 1, max(0, start) : end][[0, -1]]
        if (outer >= dark).mean(axis=1).max() > BESIDE_SHARE:
            return straight
        joined = cv2.morphologyEx(is_dark.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, DASH_GAP_PX + 1), np.uint8))
        return _piecewise(joined, bounds)


def _piecewise(is_dark: NDArray[np.generic], bounds: NDArray[np.intp]) -> float:
    """Mean share of the darkest row of each piece."""
    sums = np.add.reduceat(is_dark, bounds[:-1], axis=1, dtype=np.intp)
    return float((sums.max(axis=0) / (bounds[1:] - bounds[:-1])).sum() / (len(bounds) - 1))


def _median(values: GrayImage) -> float:
    """Without the overhead of NumPy's for the few pixels of a side."""
    return float(np.sort(values)[len(values) // 2])


class LineMap:
    """Printed lines as sides of rectangles: `rules` are level, `walls` upright and asked by (column, top, bottom).

    `outer_walls` go on under strokes, which may stand upright themselves: only where rules end are they walls.
    """

    def __init__(self, lines: PageLines) -> None:
        self.rules = SideMap(lines.level)
        self.walls = SideMap(lines.upright)
        self.outer_walls = SideMap(lines.upright_under_ink)
        self.ink = lines.ink

    def rules_cover(self, left: int, right: int, top: int, bottom: int, least: float = GOES_ON) -> bool:
        """Whether so much of two rules at least is seen over left..right-1."""
        return min(self.rules.coverage(top, left, right), self.rules.coverage(bottom, left, right)) >= least

    @cached_property
    def upright_rows(self) -> Mask:
        """Where upright lines run, by the rows of the page: neighbours in a row lie together in memory."""
        return np.ascontiguousarray(self.outer_walls.lines.runs.T)

    @cached_property
    def level_lines(self) -> tuple[tuple[int, int, int], ...]:
        """Left, right and row of every level line; print and waves that touch one another come apart."""
        return tuple(self._level_lines())

    def _level_lines(self) -> Iterator[tuple[int, int, int]]:
        runs = self.rules.lines.runs
        for left, top, width, height in boxes_of_blobs(runs):
            if height <= THICK_PX:
                yield left, left + width, top + height // 2
            else:
                for first, last, row in _separate_lines(runs[top : top + height, left : left + width]):
                    yield left + first, left + last, top + row


def _separate_lines(runs: Mask) -> Iterator[tuple[int, int, int]]:
    """First and last column (half-open) and row of the lines in a mask of several that touch, the longest first."""
    counts = np.count_nonzero(runs, axis=1)
    while counts.max() >= MIN_RUN_PX:
        row = int(counts.argmax())
        # In the middle of a thick line's rows.
        last = row
        while last + 1 < len(counts) and counts[last + 1] >= PLATEAU * counts[row]:
            last += 1
        first, row = row, (row + last) // 2
        counts[max(0, first - THICK_PX // 2) : last + THICK_PX // 2 + 1] = 0
        for start, end in _runs_of(runs[row]):
            if end - start >= MIN_RUN_PX:
                yield start, end, row


def _runs_of(flags: Mask) -> Iterator[tuple[int, int]]:
    """First and last + 1 place of every run of ones in a row of zeros and ones."""
    edges: list[int] = (np.flatnonzero(flags[1:] != flags[:-1]) + 1).tolist()
    if flags[0]:
        edges.insert(0, 0)
    if flags[-1]:
        edges.append(len(flags))
    return zip(edges[::2], edges[1::2], strict=True)


def find_rectangles(lines: LineMap, least_px: float, greatest_px: float) -> list[Box]:
    """Rectangles of a height between the two, between neighbouring walls; sides lie in the middle of the lines."""
    rules = np.array(lines.level_lines, np.int64).reshape(-1, 3)
    rules = rules[np.argsort(rules[:, 0] - rules[:, 1], kind="stable")[:MOST_RULES]]
    gap = max(2 * LEAN_PX + 1, round(least_px / 6))
    found: list[Box] = []
    for left, right, y in rules.tolist():
        is_below = (rules[:, 2] >= y + least_px) & (rules[:, 2] <= y + greatest_px)
        shared = np.minimum(rules[:, 1], right) - np.maximum(rules[:, 0], left)
        for other_left, other_right, other_y in rules[is_below & (shared > NARROWEST * least_px)].tolist():
            for box in _between(lines, (left, right, y), (other_left, other_right, other_y)):
                top, bottom = (lines.rules.darkness(row, box.left, box.right) for row in (y, other_y))
                between = rules[(rules[:, 2] > y + gap) & (rules[:, 2] < other_y - gap)]
                if _is_of_one_pen(top, bottom) and not _is_crossed(lines, box, between, max(top, bottom)):
                    found.append(box)
    return _without_doubles(found)


def _is_crossed(lines: LineMap, box: Box, between: NDArray[np.int64], darkness: float) -> bool:
    """Whether one of the lines between its rules, printed like them, runs through a box: it is two boxes."""
    shared = np.minimum(between[:, 1], box.right) - np.maximum(between[:, 0], box.left)
    return any(
        _is_of_one_pen(lines.rules.darkness(row, box.left, box.right), darkness)
        and lines.rules.straightness(row, box.left, box.right) >= STRAIGHT
        for row in between[shared >= COVERAGE * box.width, 2].tolist()
    )


def _between(lines: LineMap, rule: tuple[int, int, int], lower_rule: tuple[int, int, int]) -> Iterator[Box]:
    """Rectangles between neighbouring walls that stand between two rules (left, right and row)."""
    left, right, top, bottom = max(rule[0], lower_rule[0]), min(rule[1], lower_rule[1]), rule[2], lower_rule[2]
    upper, lower = top + LEAN_PX + 1, bottom - LEAN_PX - 1
    # Walls at the very ends of the rules may stick out by a line's thickness.
    start, end = max(0, left - 2 * LEAN_PX), min(len(lines.walls.lines.runs), right + 2 * LEAN_PX)
    if not _may_have_walls(lines.upright_rows[upper:lower, start:end]):
        return
    is_wall = lines.walls.coverages(start, end, upper, lower) >= COVERAGE
    printed = lines.rules.darkness(top, left, right)
    walls = [
        x
        for x in (start + (first + last - 1) // 2 for first, last in _runs_of(is_wall.view(np.uint8)))
        if _is_of_one_pen(lines.walls.darkness(x, upper, lower), printed)
        and lines.walls.straightness(x, upper, lower) >= STRAIGHT
    ]
    for end_of_one, end_of_other in zip(rule[:2], lower_rule[:2], strict=True):
        hidden = _outer_wall(lines, end_of_one, end_of_other, upper, lower)
        if hidden is not None and all(abs(hidden - wall) > SAME_END_PX for wall in walls):
            walls.append(hidden)
    walls.sort()
    for first, second in pairwise(walls):
        if second - first < (bottom - top) / 6:
            continue
        if all(
            lines.rules.coverage(y, first, second) >= COVERAGE
            and lines.rules.straightness(y, first, second) >= STRAIGHT
            for y in (top, bottom)
        ):
            yield Box(first, top, second, bottom)


def _outer_wall(lines: LineMap, end: int, other_end: int, upper: int, lower: int) -> int | None:
    """The wall where two rules end, though strokes hide parts of it; None where they do not end together."""
    if abs(end - other_end) > SAME_END_PX:
        return None
    start = max(0, min(end, other_end) - SAME_END_PX)
    covered = lines.outer_walls.coverages(start, max(end, other_end) + SAME_END_PX + 1, upper, lower)
    if not covered.size or covered.max() < COVERAGE:
        return None
    place = start + round(float(np.flatnonzero(covered == covered.max()).mean()))
    return place if lines.outer_walls.straightness(place, upper, lower) >= STRAIGHT else None


def _may_have_walls(upright: Mask) -> bool:
    """A quick look at a fourth, half and three fourths of the height: walls are there in two of three at least."""
    height = len(upright)
    if height < 4:
        return False
    seen = upright[height // 4] + upright[height // 2] + upright[3 * height // 4]
    return bool(np.count_nonzero(seen >= 2) >= 2)


def _is_of_one_pen(side: float, other: float) -> bool:
    """Whether sides of these darknesses may belong to one box: they are printed together."""
    return max(side, other) <= DARKNESS_RATIO * max(1.0, min(side, other))


def _without_doubles(boxes: list[Box]) -> list[Box]:
    """One of the boxes that nearly coincide: the rules of a thick line, or of print that touches it, come apart."""
    kept: list[Box] = []
    places = np.zeros((len(boxes), 4), np.int64)
    for box in sorted(boxes, key=lambda one: one.area):
        left, top, right, bottom = places[: len(kept)].T
        width = np.minimum(right, box.right) - np.maximum(left, box.left)
        height = np.minimum(bottom, box.bottom) - np.maximum(top, box.top)
        shared = np.maximum(0, width) * np.maximum(0, height)
        whole = (right - left) * (bottom - top) + box.area - shared
        if not (shared >= SAME_BOX * whole).any():
            places[len(kept)] = box.left, box.top, box.right, box.bottom
            kept.append(box)
    return kept
