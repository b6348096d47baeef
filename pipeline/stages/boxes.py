"""Boxes to write in, found on a page without a template: rows of digit cells, and single ruled boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import Box
from pipeline.stages.comb_grid import fit_cells
from pipeline.stages.lines import find_lines
from recognizer.readings import GrayImage

MIN_CELLS = 3
"""Fewer equal boxes in a row are single boxes."""
SHORTEST_LINE_MM = 2.8
"""Sides of the smallest digit cells measure 3.5 mm; upright strokes of handwriting rarely run straight for longer."""
MIN_FILL = 0.75
"""Share of its bounding box that a closed contour must fill to be a rectangle; a pen stroke may cut off a corner."""
CELL_ASPECTS = (0.35, 1.7)
"""Width by height of a digit cell."""
MIN_BOX_ASPECT = 1.8
"""Single boxes narrower than this hold a tick or a symbol, no number."""
MAX_BOX_ASPECT = 25.0
CAPTION_SHARE = 0.6
"""A box that touches another on its right and has less than this of its width holds that one's caption."""


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
    rectangles = _closed_rectangles(gray, px_per_mm, heights_mm)
    found: list[BoxField] = []
    for row in _rows(rectangles):
        combs = list(_combs(gray, row))
        found += combs
        rest = [box for box in row if not any(box.intersection_area(comb.box) > 0.5 * box.area for comb in combs)]
        found += [BoxField(box) for box in rest if _is_writing_box(box, rest, rectangles)]
    return reading_order(_without_overlaps(found))


def reading_order(fields: Sequence[BoxField]) -> tuple[BoxField, ...]:
    """Top to bottom, and left to right among those that share a line: whose middles lie within each other's height."""
    left = sorted(fields, key=lambda field: (field.box.top + field.box.bottom, field.box.left))
    ordered: list[BoxField] = []
    while left:
        first = left[0].box
        line = [f for f in left if first.top <= (f.box.top + f.box.bottom) / 2 < first.bottom]
        ordered += sorted(line, key=lambda field: field.box.left)
        left = [f for f in left if f not in line]
    return tuple(ordered)


def _closed_rectangles(gray: GrayImage, px_per_mm: float, heights_mm: tuple[float, float]) -> list[Box]:
    """Inner sides of closed rectangular outlines of a box's height."""
    lines = find_lines(gray, px_per_mm, SHORTEST_LINE_MM)
    reach = max(1, round(0.5 * px_per_mm))
    # Lines are drawn on a little beyond their ends, so that corners close.
    outlines = cv2.dilate(lines.horizontal, np.ones((1, 2 * reach + 1), np.uint8)) | cv2.dilate(
        lines.vertical, np.ones((2 * reach + 1, 1), np.uint8)
    )
    contours, hierarchy = cv2.findContours(outlines, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return []
    least, greatest = heights_mm[0] * px_per_mm, heights_mm[1] * px_per_mm
    rectangles = []
    for contour, (_, _, _, parent) in zip(contours, hierarchy.reshape(-1, 4), strict=True):
        if parent < 0:
            continue
        # A hole's contour runs on the outline itself, one pixel outside the hole.
        left, top, width, height = (int(v) for v in cv2.boundingRect(contour))
        if not least <= height <= greatest or width < CELL_ASPECTS[0] * height / 2:
            continue
        if cv2.contourArea(contour) >= MIN_FILL * (width - 1) * (height - 1):
            rectangles.append(Box(left, top, left + width, top + height))
    return rectangles


def _rows(rectangles: Sequence[Box]) -> Iterator[list[Box]]:
    """Neighbours of like height side by side, left to right."""
    left = sorted(rectangles, key=lambda box: box.left)
    while left:
        row = [left.pop(0)]
        for box in list(left):
            if _is_next(row[-1], box):
                row.append(box)
                left.remove(box)
        yield row


def _is_next(last: Box, box: Box) -> bool:
    shared = min(last.bottom, box.bottom) - max(last.top, box.top)
    gap = box.left - last.right
    return shared > 0.75 * max(last.height, box.height) and -0.2 * last.height < gap < 0.7 * last.height


def _combs(gray: GrayImage, row: Sequence[Box]) -> Iterator[BoxField]:
    """Runs of like cells in a row, fitted to one pitch; strokes that split a cell and cells that leaked are mended."""
    cells = [box for box in row if box.width <= CELL_ASPECTS[1] * box.height]
    if len(cells) < MIN_CELLS:
        return
    for run in _runs_of_neighbours(cells):
        pitches = np.diff([box.left for box in run]) if len(run) > 1 else np.zeros(1)
        width = float(np.median([box.width for box in run]))
        typical = pitches[pitches > 0.7 * width]
        if len(run) < MIN_CELLS or not len(typical):
            continue
        pitch = float(np.median(typical))
        top, bottom = (int(np.median([getattr(box, side) for box in run])) for side in ("top", "bottom"))
        whole = Box(run[0].left, top, run[-1].right, bottom)
        count = round((whole.width + max(0.0, pitch - width)) / pitch)
        if count < MIN_CELLS or not CELL_ASPECTS[0] <= pitch / whole.height <= CELL_ASPECTS[1]:
            continue
        fitted = fit_cells(gray, whole, count, max(1, round(pitch / 8)))
        if fitted is not None:
            yield BoxField(Box(fitted[0].left, top, fitted[-1].right, bottom), fitted)


def _runs_of_neighbours(cells: Sequence[Box]) -> Iterator[list[Box]]:
    run: list[Box] = []
    for box in cells:
        if run and not _is_next(run[-1], box):
            yield run
            run = []
        run.append(box)
    yield run


def _is_writing_box(box: Box, row: Sequence[Box], rectangles: Sequence[Box]) -> bool:
    if not MIN_BOX_ASPECT <= box.width / box.height <= MAX_BOX_ASPECT:
        return False
    for other in row:
        gap = other.left - box.right
        if other is not box and 0 <= gap + 3 < 0.3 * box.height + 3 and box.width < CAPTION_SHARE * other.width:
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
