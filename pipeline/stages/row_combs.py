"""Combs among the boxes of one row: runs of equal cells, fitted to one pitch, hidden ones filled in, ends sought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.box_fields import CELL_ASPECTS, MIN_CELLS, BoxField
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.rectangles import LineMap
from recognizer.readings import GrayImage

WIDEST_GAP = 0.55
"""Between separate boxes of one field, for their width; forms measure 0.1 to 0.5."""
OWN_PLACE = 0.6
"""Boxes that begin nearer to one another than this share of their width are one and the same."""
STEP_SLACK = 0.08
APART_PX = 3.0
"""Boxes this far apart have walls of their own."""
LIKE_WIDTH = 0.15
"""Cells of one comb differ less than this in width."""
HIDDEN_RULE = 0.35
"""Share of the rules that must be seen where strokes hide a cell between two others; with gaps, and strokes on them."""
CELL_WALL, HIDDEN_WALL = 0.6, 0.9
"""Share of the far wall that must be seen to go on with a comb by one more cell; with what strokes may hide of it."""


def find_row_combs(gray: GrayImage, lines: LineMap, row: Sequence[Box]) -> Iterator[BoxField]:
    """Combs among the boxes of a row, fitted to one pitch; split cells are mended, missing ones looked for."""
    left = [box for box in row if CELL_ASPECTS[0] <= box.width / box.height <= CELL_ASPECTS[1]]
    while len(left) >= 2:
        alike = _most_alike(left)
        seeds = _longest_run(lines, alike)
        left = [box for box in left if box not in (seeds or alike)]
        comb = _grow_comb(gray, lines, seeds) if len(seeds) >= 2 else None
        if comb is not None:
            left = [box for box in left if box.intersection_area(comb.box) < 0.5 * box.area]
            yield comb


def _most_alike(boxes: Sequence[Box]) -> list[Box]:
    """The largest set of boxes of one width; of two as large the wider one, since strokes only make cells narrower."""
    groups = [
        [other for other in boxes if abs(other.width - box.width) <= max(2, LIKE_WIDTH * box.width)] for box in boxes
    ]
    return max(groups, key=lambda group: (len(group), group[0].width))


def _longest_run(lines: LineMap, boxes: Sequence[Box]) -> list[Box]:
    """The longest run of boxes at multiples of one step, that are near or between which both rules go on."""
    width = float(np.median([box.width for box in boxes]))
    near = _near_steps(boxes, width)
    step = float(np.median(near)) if len(near) else width
    runs: list[list[Box]] = []
    for box in boxes:
        last = runs[-1][-1] if runs else None
        if last is not None and box.left - last.left < OWN_PLACE * width:
            continue  # the same cell once more, between other lines
        if last is not None and (
            _is_a_few_steps(lines, last, box, step)
            if len(near)
            else lines.rules_cover(last.right, box.left, last.top, last.bottom)
        ):
            runs[-1].append(box)
        else:
            runs.append([box])
    return max(runs, key=len)


def _near_steps(boxes: Sequence[Box], width: float) -> NDArray[np.intp]:
    """Distances between the left sides of neighbours in one comb."""
    steps = np.diff([box.left for box in boxes])
    return np.asarray(steps[(steps >= OWN_PLACE * width) & (steps <= (1 + WIDEST_GAP) * width)])


def _is_a_few_steps(lines: LineMap, box: Box, other: Box, step: float) -> bool:
    """Whether a cell follows another, but for one or two between that strokes hide."""
    distance = other.left - box.left
    count = max(1, round(distance / step))
    if count > 3 or abs(distance - count * step) > max(2.5, STEP_SLACK * step):
        return False
    return count == 1 or lines.rules_cover(box.right, other.left, box.top, box.bottom, HIDDEN_RULE)


def _grow_comb(gray: GrayImage, lines: LineMap, seeds: Sequence[Box]) -> BoxField | None:
    """The comb that some of its cells belong to; None when they are too few or no equal pitch fits them."""
    width = float(np.median([box.width for box in seeds]))
    pitch = _pitch(seeds, width)
    top, bottom = (int(np.median([getattr(box, side) for box in seeds])) for side in ("top", "bottom"))
    left, right = seeds[0].left, seeds[-1].right
    while (wall := _next_wall(lines, left - pitch + width, -width, (top, bottom))) is not None:
        left = wall
    while (wall := _next_wall(lines, right + pitch - width, width, (top, bottom))) is not None:
        right = wall
    count = round((right - left + pitch - width) / pitch)
    if count < MIN_CELLS:
        return None
    outline = Box(left, top, right, bottom)
    if pitch - width >= APART_PX:
        return BoxField(outline, even_cells(outline, count, pitch - width))
    cells = fit_cells(gray, outline, count, max(1, round(pitch / 8)))
    return BoxField(Box(cells[0].left, top, cells[-1].right, bottom), cells) if cells else None


def _pitch(seeds: Sequence[Box], width: float) -> float:
    """Distance from cell to cell, over all of them: single ones are known to a pixel only."""
    near = _near_steps(seeds, width)
    step = max(width, float(np.median(near)) if len(near) else width)
    whole = seeds[-1].left - seeds[0].left
    return whole / max(1, round(whole / step))


def _next_wall(lines: LineMap, inner_wall: float, step: float, rows: tuple[int, int]) -> int | None:
    """Far wall of the cell beyond a comb's end; `inner_wall` is where that cell begins, `step` its signed width."""
    expected = round(inner_wall + step)
    first, last = sorted((round(inner_wall), expected))
    if not lines.rules_cover(first, last, *rows):
        return None
    reach = max(2, round(0.1 * abs(step)))
    places = range(expected - reach, expected + reach + 1)
    for walls, least in ((lines.walls, CELL_WALL), (lines.outer_walls, HIDDEN_WALL)):
        covered = {x: walls.coverage(x, rows[0] + 3, rows[1] - 3) for x in places}
        best = max(places, key=lambda x: (covered[x], -abs(x - expected)))
        if covered[best] >= least:
            return best
    return None
