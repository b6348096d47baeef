"""Boxes to write in, found on a page without a template: rows of digit cells, and single ruled boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.lines import PageLines, find_lines
from pipeline.stages.outlines import find_separate_boxes
from pipeline.stages.panels import find_flat_boxes
from pipeline.stages.rectangles import LineMap, find_rectangles
from pipeline.stages.ticks import count_framed_cells, find_tick_combs
from recognizer.readings import GrayImage

MIN_CELLS = 3
"""Fewer equal boxes in a row are single boxes."""
CELL_ASPECTS = (0.28, 1.7)
"""Width by height of a digit cell."""
WIDEST_GAP = 0.55
"""Between separate boxes of one field, for their width; forms measure 0.1 to 0.5."""
OWN_PLACE = 0.6
"""Boxes that begin nearer to one another than this share of their width are one and the same."""
STEP_SLACK = 0.08
APART_PX = 3.0
"""Boxes this far apart have walls of their own."""
LIKE_WIDTH = 0.15
"""Cells of one comb differ less than this in width."""
MIN_BOX_ASPECT = 1.2
"""Single boxes narrower than this hold a tick or a symbol, no number."""
MAX_BOX_ASPECT = 25.0
FLAT_ASPECTS = (2.2, 12.0)
"""Shorter flat boxes are blots and shadows, longer ones bars with headings."""
CAPTION_SHARE = 0.6
"""A box that touches another on its right and has less than this of its width holds that one's caption."""
BEYOND_MM = 2.0
"""Rules that go on beyond both outer walls for this long are writing lines or a table, not the sides of a box."""
BAR_CONTRAST, BAR_COLUMN, BAR_SHARE = 60.0, 0.8, 0.28
"""Bars are black, whole, and cover half of a barcode; walls cover a fifth of a comb at most."""
WHOLE_WALL, WALL_DARKNESS = 0.88, 1.7
"""Share of a printed wall between two boxes that is seen and straight; factor by which it may differ from the outer."""
SHARED_RULE = 0.12
"""Boxes nearer to one another, for their height, share a rule; those of a list have paper between them."""
HIDDEN_RULE = 0.35
"""Share of the rules that must be seen where strokes hide a cell between two others; with gaps, and strokes on them."""
CELL_RULE, CELL_WALL = 0.6, 0.6
"""Share of the rules and of the far wall that must be seen to go on with a comb by one more cell."""


@dataclass(frozen=True, slots=True)
class BoxField:
    """A place to write a number: `box` in pixels of the picture searched, `cells` of a comb, empty for a single box."""

    box: Box
    cells: tuple[Box, ...] = ()

    @property
    def stands_apart(self) -> bool:
        """Whether the cells are boxes with paper between them."""
        return len(self.cells) > 1 and self.cells[1].left > self.cells[0].right


def find_boxes(
    gray: GrayImage, px_per_mm: float, heights_mm: tuple[float, float], page_lines: PageLines | None = None
) -> tuple[BoxField, ...]:
    """Find combs and ruled boxes, in reading order.

    Args:
        gray: (H, W) uint8 page, dark on light, levelled.
        px_per_mm: its resolution; 5 to 8 serves best.
        heights_mm: least and greatest height of a box to write in.
        page_lines: of this very picture, where they are known.
    """
    lines = LineMap(page_lines or find_lines(gray, px_per_mm))
    rectangles = find_rectangles(lines, heights_mm[0] * px_per_mm, heights_mm[1] * px_per_mm)
    found: list[BoxField] = []
    for row in _rows(rectangles):
        combs = list(_combs(gray, lines, row))
        beyond = round(BEYOND_MM * px_per_mm)
        found += [comb for comb in combs if not _is_open(lines, comb.box, beyond) and not _is_barcode(gray, comb.box)]
        rest = [box for box in row if not any(box.intersection_area(comb.box) > 0.5 * box.area for comb in combs)]
        rest = [box for box in rest if not _is_in_table(box, rectangles)]
        closed = _closed_boxes(lines, rest, beyond)
        for box in closed:
            if _is_writing_box(box, closed):
                count = count_framed_cells(lines, box, px_per_mm)
                found.append(BoxField(box, even_cells(box, count) if count >= MIN_CELLS else ()))
    for box, count in find_tick_combs(lines, px_per_mm, heights_mm):
        found.append(BoxField(box, even_cells(box, count)))
    for cells in find_separate_boxes(gray, px_per_mm, heights_mm, MIN_CELLS):
        found.append(BoxField(cells[0].union(cells[-1]), cells))
    for flat in find_flat_boxes(gray, px_per_mm, heights_mm):
        aspect = flat.box.width / flat.box.height
        if len(flat.cells) >= MIN_CELLS and CELL_ASPECTS[0] <= aspect / len(flat.cells) <= CELL_ASPECTS[1]:
            found.append(BoxField(flat.box, flat.cells))
        elif FLAT_ASPECTS[0] <= aspect <= FLAT_ASPECTS[1] and not _is_barcode(gray, flat.box):
            found.append(BoxField(flat.box))
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
            else _rules_cover(lines, last.right, box.left, last.top, last.bottom)
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
    return count == 1 or _rules_cover(lines, box.right, other.left, box.top, box.bottom, HIDDEN_RULE)


def _rules_cover(lines: LineMap, left: int, right: int, top: int, bottom: int, least: float = CELL_RULE) -> bool:
    return min(lines.rules.coverage(top, left, right), lines.rules.coverage(bottom, left, right)) >= least


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
    if not _rules_cover(lines, first, last, *rows):
        return None
    reach = max(2, round(0.1 * abs(step)))
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

    closed = [chain for chain in chains if not _is_open(lines, chain[0].union(chain[-1]), beyond)]
    return [box for chain in closed for box in _joined_at_strokes(lines, chain, beyond)]


def _joined_at_strokes(lines: LineMap, chain: Sequence[Box], beyond: int) -> list[Box]:
    """Boxes that touch, without the walls between them that a pen drew; none where such walls go on, as in a table."""
    joined = [chain[0]]
    printed = min(lines.walls.darkness(x, chain[0].top, chain[0].bottom) for x in (chain[0].left, chain[-1].right))
    for box in chain[1:]:
        x, top, bottom = box.left, box.top, box.bottom
        is_whole = min(lines.walls.coverage(x, top, bottom), lines.walls.straightness(x, top, bottom)) >= WHOLE_WALL
        is_alike = 1 / WALL_DARKNESS <= lines.walls.darkness(x, top, bottom) / max(1.0, printed) <= WALL_DARKNESS
        ends = ((top - 3 - 2 * beyond, top - 3), (bottom + 3, bottom + 3 + 2 * beyond))
        goes_on = max(min(lines.walls.coverage(x, *end), lines.walls.straightness(x, *end)) for end in ends)
        if not (is_whole and is_alike):
            joined[-1] = joined[-1].union(box)
        elif goes_on >= WHOLE_WALL:
            return []
        else:
            joined.append(box)
    return joined


def _is_open(lines: LineMap, box: Box, beyond: int) -> bool:
    """Whether both rules go on beyond the left and the right wall."""
    before = _rules_cover(lines, box.left - 3 - beyond, box.left - 3, box.top, box.bottom)
    return before and _rules_cover(lines, box.right + 3, box.right + 3 + beyond, box.top, box.bottom)


def _is_barcode(gray: GrayImage, box: Box) -> bool:
    """Whether as many columns of a box are dark from top to bottom as of a barcode; cells have few walls."""
    inside = gray[box.top + 3 : box.bottom - 3, box.left : box.right]
    if inside.size == 0:
        return False
    paper, ink = np.percentile(inside, (90, 2))
    is_dark = inside < (paper + ink) / 2
    return bool(paper - ink > BAR_CONTRAST and (is_dark.mean(axis=0) > BAR_COLUMN).mean() > BAR_SHARE)


def _is_writing_box(box: Box, row: Sequence[Box]) -> bool:
    if not MIN_BOX_ASPECT <= box.width / box.height <= MAX_BOX_ASPECT:
        return False
    for other in row:
        gap = other.left - box.right
        if other is not box and -3 <= gap < 0.3 * box.height and box.width < CAPTION_SHARE * other.width:
            return False
    return True


def _is_in_table(box: Box, rectangles: Sequence[Box]) -> bool:
    """Boxes of the same width directly above or below, sharing a rule: rows of a printed table."""
    near = 0.4 * box.height
    stacked = 0
    for other in rectangles:
        is_aligned = abs(other.left - box.left) < near and abs(other.right - box.right) < near
        gap = max(other.top - box.bottom, box.top - other.bottom)
        if is_aligned and gap <= SHARED_RULE * box.height and other is not box:
            stacked += 1
    return stacked >= 1


def _without_overlaps(fields: Sequence[BoxField]) -> list[BoxField]:
    """Of fields that overlap keep the one with more cells, then the one whose cells stand apart, then the larger."""
    kept: list[BoxField] = []
    for field in sorted(fields, key=lambda f: (len(f.cells), f.stands_apart, f.box.area), reverse=True):
        if all(field.box.intersection_area(other.box) < 0.3 * min(field.box.area, other.box.area) for other in kept):
            kept.append(field)
    return kept
