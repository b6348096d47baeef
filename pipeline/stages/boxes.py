"""Boxes to write in, found on a page without a template: rows of digit cells, and single ruled boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.document import Box
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.lines import find_lines
from pipeline.stages.rectangles import LineMap, find_rectangles
from pipeline.stages.ticks import find_tick_combs
from recognizer.readings import GrayImage

MIN_CELLS = 3
"""Fewer equal boxes in a row are single boxes."""
SHORTEST_LINE_MM = 2.8
"""Sides of the smallest digit cells measure 3.5 mm; upright strokes of handwriting rarely run straight for longer."""
CELL_ASPECTS = (0.35, 1.7)
"""Width by height of a digit cell."""
LIKE_WIDTH = 0.15
"""Cells of one comb differ less than this in width."""
MIN_BOX_ASPECT = 1.2
"""Single boxes narrower than this hold a tick or a symbol, no number."""
MAX_BOX_ASPECT = 25.0
CAPTION_SHARE = 0.6
"""A box that touches another on its right and has less than this of its width holds that one's caption."""
BEYOND_MM = 2.0
"""Rules that go on beyond both outer walls for this long are writing lines or a table, not the sides of a box."""
CELL_RULE, CELL_WALL = 0.6, 0.6
"""Share of the rules and of the far wall that must be seen to go on with a comb by one more cell."""


@dataclass(frozen=True, slots=True)
class BoxField:
    """A place to write a number: `box` in pixels of the picture searched, `cells` of a comb, empty for a single box."""

    box: Box
    cells: tuple[Box, ...] = ()


def find_boxes(gray: GrayImage, px_per_mm: float, heights_mm: tuple[float, float]) -> tuple[BoxField, ...]:
    """Find combs and ruled boxes, in reading order.

    Args:
        gray: (H, W) uint8 page, dark on light, levelled.
        px_per_mm: its resolution; 5 to 8 serves best.
        heights_mm: least and greatest height of a box to write in.
    """
    lines = LineMap(find_lines(gray, px_per_mm, SHORTEST_LINE_MM))
    rectangles = find_rectangles(lines, heights_mm[0] * px_per_mm, heights_mm[1] * px_per_mm)
    found: list[BoxField] = []
    for row in _rows(rectangles):
        combs = list(_combs(gray, lines, row))
        beyond = round(BEYOND_MM * px_per_mm)
        found += [comb for comb in combs if not _is_open(lines, comb.box, beyond)]
        rest = [box for box in row if not any(box.intersection_area(comb.box) > 0.5 * box.area for comb in combs)]
        closed = _closed_boxes(lines, rest, beyond)
        found += [BoxField(box) for box in closed if _is_writing_box(box, closed, rectangles)]
    for box, count in find_tick_combs(lines, px_per_mm, heights_mm):
        found.append(BoxField(box, even_cells(box, count)))
    return reading_order(_without_overlaps(found))


def reading_order(fields: Sequence[BoxField]) -> tuple[BoxField, ...]:
    """Top to bottom, and left to right among those that share a line: whose middles lie within the first's height."""
    left = sorted(fields, key=lambda field: (field.box.top + field.box.bottom, field.box.left))
    ordered: list[BoxField] = []
    while left:
        first = left[0].box
        line = [f for f in left if first.top <= (f.box.top + f.box.bottom) / 2 < first.bottom]
        ordered += sorted(line, key=lambda field: field.box.left)
        left = [f for f in left if f not in line]
    return tuple(ordered)


def _rows(rectangles: Sequence[Box]) -> Iterator[list[Box]]:
    """Boxes between the same two lines, left to right, however far apart."""
    left = sorted(rectangles, key=lambda box: box.left)
    while left:
        row = [left.pop(0)]
        for box in list(left):
            if _share_lines(row[-1], box):
                row.append(box)
                left.remove(box)
        yield row


def _share_lines(box: Box, other: Box) -> bool:
    slack = 0.12 * max(box.height, other.height)
    return abs(box.top - other.top) <= slack and abs(box.bottom - other.bottom) <= slack


def _combs(gray: GrayImage, lines: LineMap, row: Sequence[Box]) -> Iterator[BoxField]:
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
    """The longest run of boxes that touch, or between which both rules go on."""
    runs: list[list[Box]] = []
    for box in boxes:
        last = runs[-1][-1] if runs else None
        if last is not None and (
            box.left - last.right <= 0.3 * last.width
            or _rules_cover(lines, last.right, box.left, last.top, last.bottom)
        ):
            runs[-1].append(box)
        else:
            runs.append([box])
    return max(runs, key=len)


def _rules_cover(lines: LineMap, left: int, right: int, top: int, bottom: int) -> bool:
    return min(lines.rules.coverage(top, left, right), lines.rules.coverage(bottom, left, right)) >= CELL_RULE


def _grow_comb(gray: GrayImage, lines: LineMap, seeds: Sequence[Box]) -> BoxField | None:
    """The comb that some of its cells belong to; None when they are too few or no equal pitch fits them."""
    width = float(np.median([box.width for box in seeds]))
    steps = np.diff([box.left for box in seeds])
    near = steps[steps < 1.7 * width]
    pitch = max(width, float(np.median(near)) if len(near) else width)
    top, bottom = (int(np.median([getattr(box, side) for box in seeds])) for side in ("top", "bottom"))
    left, right = seeds[0].left, seeds[-1].right
    while (wall := _next_wall(lines, left + pitch - width, -pitch, width, (top, bottom))) is not None:
        left = wall
    while (wall := _next_wall(lines, right - pitch + width, pitch, width, (top, bottom))) is not None:
        right = wall
    count = round((right - left + pitch - width) / pitch)
    if count < MIN_CELLS:
        return None
    cells = fit_cells(gray, Box(left, top, right, bottom), count, max(1, round(pitch / 8)))
    return BoxField(Box(cells[0].left, top, cells[-1].right, bottom), cells) if cells else None


def _next_wall(lines: LineMap, inner_wall: float, step: float, width: float, rows: tuple[int, int]) -> int | None:
    """Far wall of the cell beyond a comb's end; `inner_wall` is where that cell begins, `step` is signed."""
    direction = 1 if step > 0 else -1
    expected = round(inner_wall + (step if abs(step) <= width else direction * width))
    first, last = sorted((round(inner_wall), expected))
    if not _rules_cover(lines, first, last, *rows):
        return None
    reach = max(2, round(0.1 * width))
    places = range(expected - reach, expected + reach + 1)
    best = max(places, key=lambda x: (lines.walls.coverage(x, rows[0] + 3, rows[1] - 3), -abs(x - expected)))
    return best if lines.walls.coverage(best, rows[0] + 3, rows[1] - 3) >= CELL_WALL else None


def _closed_boxes(lines: LineMap, row: Sequence[Box], beyond: int) -> list[Box]:
    """Boxes of a row without those between lines that go on at both ends: handwriting on ruled paper, a table's row."""
    chains: list[list[Box]] = []
    for box in row:
        if chains and abs(box.left - chains[-1][-1].right) <= 3:
            chains[-1].append(box)
        else:
            chains.append([box])

    return [box for chain in chains if not _is_open(lines, chain[0].union(chain[-1]), beyond) for box in chain]


def _is_open(lines: LineMap, box: Box, beyond: int) -> bool:
    """Whether both rules go on beyond the left and the right wall."""
    before = _rules_cover(lines, box.left - 3 - beyond, box.left - 3, box.top, box.bottom)
    return before and _rules_cover(lines, box.right + 3, box.right + 3 + beyond, box.top, box.bottom)


def _is_writing_box(box: Box, row: Sequence[Box], rectangles: Sequence[Box]) -> bool:
    if not MIN_BOX_ASPECT <= box.width / box.height <= MAX_BOX_ASPECT:
        return False
    for other in row:
        gap = other.left - box.right
        if other is not box and -3 <= gap < 0.3 * box.height and box.width < CAPTION_SHARE * other.width:
            return False
    return not _is_in_table(box, rectangles)


def _is_in_table(box: Box, rectangles: Sequence[Box]) -> bool:
    """Two or more boxes of the same width directly above or below: rows of a printed table."""
    near = 0.4 * box.height
    stacked = 0
    for other in rectangles:
        is_aligned = abs(other.left - box.left) < near and abs(other.right - box.right) < near
        gap = max(other.top - box.bottom, box.top - other.bottom)
        if is_aligned and gap < 1.5 * box.height and other is not box:
            stacked += 1
    return stacked >= 2


def _without_overlaps(fields: Sequence[BoxField]) -> list[BoxField]:
    """Of fields that overlap keep the one with more cells, then the larger."""
    kept: list[BoxField] = []
    for field in sorted(fields, key=lambda f: (len(f.cells), f.box.area), reverse=True):
        if all(field.box.intersection_area(other.box) < 0.3 * min(field.box.area, other.box.area) for other in kept):
            kept.append(field)
    return kept
