"""Boxes to write in, found on a page without a template: rows of digit cells, and single ruled boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.document import Box
from pipeline.stages.box_fields import CELL_ASPECTS, MIN_CELLS, BoxField, reading_order, without_overlaps
from pipeline.stages.closed_boxes import closed_boxes, is_barcode, is_in_table, is_open, is_writing_box
from pipeline.stages.comb_grid import even_cells
from pipeline.stages.lines import PageLines, find_lines
from pipeline.stages.outlines import find_separate_boxes
from pipeline.stages.panels import find_flat_boxes
from pipeline.stages.rectangles import LineMap, find_rectangles
from pipeline.stages.row_combs import find_row_combs
from pipeline.stages.ticks import count_framed_cells, find_tick_combs
from recognizer.readings import GrayImage

BEYOND_MM = 2.0
"""Rules that go on beyond both outer walls for this long are writing lines or a table, not the sides of a box."""
FLAT_ASPECTS = (2.2, 12.0)
"""Shorter flat boxes are blots and shadows, longer ones bars with headings."""


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
        combs = list(find_row_combs(gray, lines, row))
        beyond = round(BEYOND_MM * px_per_mm)
        found += [comb for comb in combs if not is_open(lines, comb.box, beyond) and not is_barcode(gray, comb.box)]
        rest = [box for box in row if not any(box.intersection_area(comb.box) > 0.5 * box.area for comb in combs)]
        rest = [box for box in rest if not is_in_table(box, rectangles)]
        closed = closed_boxes(lines, rest, beyond)
        for box in closed:
            if is_writing_box(box, closed):
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
        elif FLAT_ASPECTS[0] <= aspect <= FLAT_ASPECTS[1] and not is_barcode(gray, flat.box):
            found.append(BoxField(flat.box))
    return reading_order(without_overlaps(found))


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
