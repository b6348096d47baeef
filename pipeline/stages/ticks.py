"""Tick-style combs: a base line with short upright ticks on it, one cell between two of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.lines import MIN_DEPTH
from pipeline.stages.rectangles import STRAIGHT, LineMap

BoolRow = NDArray[np.bool_]

MIN_TICKS = 5
"""Strokes of handwriting stand on a line at equal distances now and then; five in a row, ends included, do not."""
PITCH_MM = (3.5, 9.0)
TICK_MM = 1.3
"""Ticks are at least this high, and plainly visible over all of it."""
TICK_COVERAGE = 0.85
LIKE_BASE = 0.5
"""Ticks are printed as dark as their base line, but for what thin lines lose in the scan."""
PITCH_SLACK = 0.05
END_MM = 1.3
"""The base line ends this near to the outermost ticks."""
MAX_STROKES = 1.8
"""Upright things on the base line for each tick of the comb: ticks and the feet of digits, not a woven pattern."""
LEAST_SEEN, MIN_HITS = 0.6, 0.75
"""Shares of the ticks between a comb's ends that must be seen, and seen or hidden by strokes. At least three are seen,
or all of them."""
HIDES = 0.6
"""Share of a tick's height over which ink hides it."""
USUAL_ASPECT = 0.75
"""Width by height of a cell, where no taller tick at either end shows the height."""


def find_tick_combs(lines: LineMap, px_per_mm: float, heights_mm: tuple[float, float]) -> Iterator[tuple[Box, int]]:
    """Places and cell counts of tick-style combs; boxes reach from tick to tick and from the taller end to the base."""
    height = max(2, round(TICK_MM * px_per_mm))
    for left, right, y in lines.level_lines:
        if right - left < (MIN_TICKS - 1) * PITCH_MM[0] * px_per_mm or y < height + 3:
            continue
        ticks = _ticks_on(lines, left, right, y, height)
        if len(ticks) < MIN_TICKS - 2:
            continue
        hidden = _hidden_on(lines, y, height)
        slack = END_MM * px_per_mm
        first, last = _end_tick(ticks[0], left, slack, hidden), _end_tick(ticks[-1], right, slack, hidden)
        if first is None or last is None:
            continue
        count = _count_cells(ticks, first, last, px_per_mm, hidden)
        if count < MIN_TICKS - 1 or len(ticks) > MAX_STROKES * (count + 1):
            continue
        if lines.rules.straightness(y, left, right) < STRAIGHT:
            continue
        pitch = (last - first) / count
        tallest = max(_height_above(lines, x, y, heights_mm[1] * px_per_mm) for x in (first, last))
        top = y - round(tallest if tallest >= 0.8 * pitch else pitch / USUAL_ASPECT)
        if heights_mm[0] * px_per_mm <= y - top <= heights_mm[1] * px_per_mm:
            yield Box(first, max(0, top), last, y), count


def _end_tick(outermost: int, end: int, slack: float, hidden: BoolRow) -> int | None:
    """Where the tick at an end of the base line stands, or is hidden; None when there is none."""
    if abs(outermost - end) <= slack:
        return outermost
    reach = round(slack)
    return end if hidden[max(0, end - reach) : end + reach].any() else None


def count_framed_cells(lines: LineMap, box: Box, px_per_mm: float) -> int:
    """Number of equal cells that ticks on a closed box's base line mark; 1 where there are none."""
    height = max(2, round(TICK_MM * px_per_mm))
    ticks = _ticks_on(lines, box.left, box.right, box.bottom, height)
    return _count_cells(ticks, box.left, box.right, px_per_mm, _hidden_on(lines, box.bottom, height))


def _count_cells(ticks: Sequence[int], left: int, right: int, px_per_mm: float, hidden: BoolRow) -> int:
    """The greatest number of equal cells between two ends whose ticks can be seen; 1 where there are none."""
    width, places = right - left, np.array(ticks)
    most, least = int(width / (PITCH_MM[0] * px_per_mm)), max(2, math.ceil(width / (PITCH_MM[1] * px_per_mm)))
    for count in range(most, least - 1, -1) if ticks else ():
        expected = left + width / count * np.arange(1, count)
        distances = np.abs(places[None, :] - expected[:, None]).min(axis=1)
        is_hit = distances <= PITCH_SLACK * width / count + 1
        is_hidden = hidden[np.rint(expected).astype(np.intp).clip(0, len(hidden) - 1)]
        hits, counted = int(is_hit.sum()), int((is_hit | is_hidden).sum())
        if hits >= min(count - 1, max(MIN_TICKS - 2, math.ceil(LEAST_SEEN * (count - 1)))) and counted >= math.ceil(
            MIN_HITS * (count - 1)
        ):
            return count
    return 1


def _hidden_on(lines: LineMap, y: int, height: int) -> BoolRow:
    """(W,) bool, the columns in which strokes would hide a tick on a base line."""
    stripe = (lines.ink[max(0, y - 2 - height) : max(1, y - 2)] > 0).view(np.uint8)
    inked = cv2.dilate(stripe, np.ones((1, 3), np.uint8))
    return np.asarray(inked.mean(axis=0) >= HIDES)


def _ticks_on(lines: LineMap, left: int, right: int, y: int, height: int) -> list[int]:
    """Columns in which something thin and upright stands on a base line."""
    depth = lines.walls.lines.depth
    start, end = max(0, left - 3), min(len(depth), right + 4)
    stripe = depth[start:end, y - 2 - height : y - 2]
    base = lines.rules.lines.depth[max(0, y - 2) : y + 3, left:right].max(axis=0)
    is_dark = (stripe >= max(MIN_DEPTH, LIKE_BASE * float(np.median(base)))).astype(np.uint8)
    # A tick that leans a little goes on in the next column.
    is_tick = cv2.dilate(is_dark, np.ones((3, 1), np.uint8)).mean(axis=1) >= TICK_COVERAGE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_tick.astype(np.int8), [0]])))
    return [start + int(a + b - 1) // 2 for a, b in edges.reshape(-1, 2)]


def _height_above(lines: LineMap, x: int, y: int, greatest: float) -> int:
    """How far up a line goes on from the base at a column, small breaks included."""
    depth = lines.walls.lines.depth
    column = depth[max(0, x - 1) : x + 2, max(0, y - round(greatest)) : max(0, y - 2)].max(axis=0)[::-1] >= MIN_DEPTH
    gaps = np.flatnonzero(~column)
    for gap in gaps:
        if not column[gap : gap + 3].any():
            return int(gap) + 2
    return len(column) + 2
