"""Tick-style combs: a base line with short upright ticks on it, one cell between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.lines import MIN_DEPTH
from pipeline.stages.rectangles import STRAIGHT, LineMap

MIN_TICKS = 5
"""Strokes of handwriting stand on a line at equal distances now and then; five in a row, ends included, do not."""
PITCH_MM = (3.5, 9.0)
TICK_MM = 1.3
"""Ticks are at least this high, and plainly visible over all of it."""
TICK_COVERAGE = 0.85
LIKE_BASE = 0.5
"""Ticks are printed as dark as their base line, but for what thin lines lose in the scan."""
PITCH_SLACK = 0.05
END_SLACK = 0.25
"""The base line ends within this share of a cell of the outermost ticks."""
MAX_STROKES = 1.8
"""Upright things on the base line for each tick of the comb: ticks and the feet of digits, not a woven pattern."""
MIN_HITS = 0.85
"""Share of the ticks of a comb that must be seen."""
USUAL_ASPECT = 0.75
"""Width by height of a cell, where no taller tick at either end shows the height."""


def find_tick_combs(lines: LineMap, px_per_mm: float, heights_mm: tuple[float, float]) -> Iterator[tuple[Box, int]]:
    """Places and cell counts of tick-style combs; boxes reach from tick to tick and from the taller end to the base."""
    height = max(2, round(TICK_MM * px_per_mm))
    for left, right, y in lines.level_lines():
        if right - left < (MIN_TICKS - 1) * PITCH_MM[0] * px_per_mm or y < height + 3:
            continue
        ticks = _ticks_on(lines, left, right, y, height)
        lattice = _best_lattice(ticks, PITCH_MM[0] * px_per_mm, PITCH_MM[1] * px_per_mm)
        if lattice is None:
            continue
        first, last, count = lattice
        between = sum(first <= tick <= last for tick in ticks)
        if between > MAX_STROKES * (count + 1) or lines.rules.straightness(y, left, right) < STRAIGHT:
            continue
        pitch = (last - first) / count
        if abs(first - left) > END_SLACK * pitch or abs(right - last) > END_SLACK * pitch:
            continue
        ends = max(_height_above(lines, x, y, heights_mm[1] * px_per_mm) for x in (first, last))
        top = y - round(ends if ends >= 0.8 * pitch else pitch / USUAL_ASPECT)
        if heights_mm[0] * px_per_mm <= y - top <= heights_mm[1] * px_per_mm:
            yield Box(first, max(0, top), last, y), count


def _ticks_on(lines: LineMap, left: int, right: int, y: int, height: int) -> list[int]:
    """Columns in which something thin and upright stands on a base line."""
    depth = lines.walls.lines.depth
    start, end = max(0, left - 3), min(len(depth), right + 4)
    stripe = depth[start:end, y - 2 - height : y - 2]
    base = lines.rules.lines.depth[max(0, y - 2) : y + 3, left:right].max(axis=0)
    is_tick = (stripe >= max(MIN_DEPTH, LIKE_BASE * float(np.median(base)))).mean(axis=1) >= TICK_COVERAGE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_tick.astype(np.int8), [0]])))
    return [start + int(a + b - 1) // 2 for a, b in edges.reshape(-1, 2)]


def _best_lattice(ticks: Sequence[int], least: float, greatest: float) -> tuple[int, int, int] | None:
    """First and last tick and number of cells of the longest evenly spaced row; None when it is too short."""
    best: tuple[int, int, int] | None = None
    places = np.array(ticks, np.float64)
    for index, first in enumerate(ticks):
        for second in ticks[index + 1 :]:
            if not least <= second - first <= greatest:
                continue
            last, cells, hits = _follow(places, first, second)
            if (
                hits >= MIN_TICKS
                and hits >= MIN_HITS * (cells + 1)
                and (best is None or last - first > best[1] - best[0])
            ):
                best = first, last, cells
    return best


def _follow(places: NDArray[np.float64], first: int, second: int) -> tuple[int, int, int]:
    """Last tick, cells and ticks met when stepping on by one pitch, over at most one missing tick at a time."""
    pitch = float(second - first)
    last, cells, hits, misses = second, 1, 2, 0
    while misses < 2:
        expected = last + (misses + 1) * pitch
        nearest = int(np.abs(places - expected).argmin())
        if abs(places[nearest] - expected) <= PITCH_SLACK * pitch + 1:
            cells += misses + 1
            last = int(places[nearest])
            hits += 1
            misses = 0
            pitch = (last - first) / cells
        else:
            misses += 1
    return last, cells, hits


def _height_above(lines: LineMap, x: int, y: int, greatest: float) -> int:
    """How far up a line goes on from the base at a column, small breaks included."""
    depth = lines.walls.lines.depth
    column = depth[max(0, x - 1) : x + 2, max(0, y - round(greatest)) : max(0, y - 2)].max(axis=0)[::-1] >= MIN_DEPTH
    gaps = np.flatnonzero(~column)
    for gap in gaps:
        if not column[gap : gap + 3].any():
            return int(gap) + 2
    return len(column) + 2
