"""What a template says against what its reference shows: walls, boxes and lines, and print to recognise it by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from pipeline.document import (
    Box,
    FieldRegion,
    FormTemplate,
    Page,
    Polygon,
    Registration,
    RegistrationStatus,
)
from pipeline.stages.comb import STROKE_MM
from pipeline.stages.comb_grid import fit_cells
from pipeline.stages.form_print import WALL_REACH_MM
from pipeline.stages.ink import find_ink
from pipeline.stages.lines import PageLines, find_lines
from pipeline.stages.locate import find_fields, locate_fields
from pipeline.stages.plane import mm_to_pixels
from pipeline.stages.prepared import WORKING_DPI, prepare_template
from pipeline.templating.lint_fields import Remark
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
SAME_BOX_IOU = 0.5
PART_OF_BOX = 0.5
"""A field of which this much lies in a printed comb is meant to be that comb, or a part of it."""
OFF_MM = 1.0
"""Cells whose walls cannot be followed, as in tick combs, are cut where the template says; this little is harmless."""
FILLED_SHARE = 0.5
"""Forms print a sign in a cell or two of a comb, seldom in half of them."""
INKED_SHARE = 0.03
"""Of the middle of a cell; a thin upright stroke covers 0.1 of it."""
NEAR_MM = 2.0
"""A line to write on is printed at most this far from its field."""
LINE_SHARE = 0.5
"""Share of a side of the field along which a line runs; words beside it are shorter."""
LINE_MM, LINE_PX_PER_MM = 8.0, 6.0
"""Shortest printed line that counts, and the resolution at which lines are looked for."""
COARSE_DPI = 100.0
"""Below it thin walls of cells begin to vanish."""
STRETCHED = 0.012
"""A form stretched by 2.7 % in one direction was not found on its own picture; rounded sizes of cheques reach 1 %."""
FEW_ANCHORS = 6
"""Registering asks for four that agree, and pages lose some to folds, stamps and corners."""


def print_remarks(template: FormTemplate) -> Iterator[Remark]:
    """Warnings about the reference pictures and about fields that do not fit them."""
    prepared = prepare_template(template)
    for number in range(1, template.page_count + 1):
        where = f"page {number} of the reference" if template.page_count > 1 else "the reference"
        page = reference_page(template, number)
        if page.dpi < WORKING_DPI:
            yield Remark(
                "", "reference", f"{where} has {page.dpi:.0f} dpi, too little to place fields; scan at 150 or more"
            )
        elif page.dpi < COARSE_DPI:
            yield Remark("", "reference", f"{where} has {page.dpi:.0f} dpi; 150 show the walls of cells better")
        stretch = _stretch(template, number)
        if stretch > STRETCHED:
            yield Remark(
                "", "page", f"width and height are {stretch:.1%} off the shape of {where}; measure the paper again"
            )
        anchors = len(prepared.pages[number - 1].anchors)
        if anchors < FEW_ANCHORS:
            shown = "is blank, or nearly so" if anchors == 0 else f"has only {anchors} printed places to know it by"
            yield Remark("", "reference", f"{where} {shown}; pages will hardly be recognised")
        yield from _misplaced(template, number, page)


def _stretch(template: FormTemplate, number: int) -> float:
    """How far the shape of a reference picture is from that of the page, as a ratio beyond 1."""
    height, width = template.references[number - 1].shape
    ratio = width / height / (template.page_size_mm[0] / template.page_size_mm[1])
    return float(max(ratio, 1 / ratio) - 1)


def reference_page(template: FormTemplate, number: int) -> Page:
    """A reference picture as if it had been scanned.

    Args:
        number: page of the form, from 1.
    """
    gray = template.references[number - 1]
    return Page(number, gray, gray.shape[1] / template.page_size_mm[0] * MM_PER_INCH)


def _misplaced(template: FormTemplate, number: int, page: Page) -> Iterator[Remark]:
    height, width = page.gray.shape
    mm_to_page = mm_to_pixels(width / template.page_size_mm[0], height / template.page_size_mm[1])
    itself = Registration(RegistrationStatus.OK, template, number, mm_to_page, 0.0, 1.0)
    printed = find_fields(page)
    lines = _lines(page)
    for region in locate_fields(page, itself):
        message = (
            _comb_remark(region, printed, page) if region.spec.cells else _line_remark(region, printed, lines, page)
        )
        held = _cells_with_ink(region)
        if held and held >= FILLED_SHARE * len(region.cells):
            shown = f"{held} of {len(region.cells)} cells hold something on the reference; is that the empty form?"
            yield Remark("", "reference", shown)
        if message:
            yield Remark(region.spec.name, "cells" if region.spec.cells else "region_mm", message)


def _cells_with_ink(region: FieldRegion) -> int:
    """Cells with ink in their middle half, away from their walls."""
    mask = find_ink(region.image, STROKE_MM * region.px_per_mm).mask
    middles = [
        mask[
            cell.top + cell.height // 4 : cell.bottom - cell.height // 4,
            cell.left + cell.width // 4 : cell.right - cell.width // 4,
        ]
        for cell in region.cells
    ]
    return sum(bool(middle.size) and bool(middle.mean() >= INKED_SHARE) for middle in middles)


def _comb_remark(region: FieldRegion, printed: Sequence[FieldRegion], page: Page) -> str:
    asked = region.spec.cells or 0
    comb = _likest([field for field in printed if field.cells], region)
    if comb is not None and len(comb.cells) != asked:
        return f"{len(comb.cells)} cells are printed here, at {_place(comb, page)}; the template says {asked}"
    reach = max(1, round(WALL_REACH_MM * region.px_per_mm))
    if fit_cells(region.image, region.inner, asked, reach) is not None:
        return ""
    if comb is not None:
        is_near = _lies_within(comb, region, OFF_MM * page.dpi / MM_PER_INCH)
        return "" if is_near else f"the {asked} cells printed here lie at {_place(comb, page)}"
    return f"walls of {asked} cells cannot be seen here; check region and cells with a preview"


def _line_remark(region: FieldRegion, printed: Sequence[FieldRegion], lines: PageLines, page: Page) -> str:
    comb = _likest([field for field in printed if field.cells], region)
    if comb is not None and _box(comb.polygon_px).iou(_box(region.polygon_px)) > SAME_BOX_IOU:
        return f"{len(comb.cells)} cells are printed here; say cells: {len(comb.cells)}"
    zoom = lines.level.runs.shape[1] / page.gray.shape[1]
    left, top, right, bottom = (round(edge * zoom) for edge in _edges(_box(region.polygon_px)))
    near = round(NEAR_MM * page.dpi / MM_PER_INCH * zoom)
    below = lines.level.runs[max(0, top - near) : bottom + near, left:right]
    beside = lines.upright.runs[max(0, left - near) : right + near, top:bottom]
    if any(runs.size and runs.mean(axis=1).max() >= LINE_SHARE for runs in (below, beside)):
        return ""
    return f"no printed line or box within {NEAR_MM:g} mm; check the region with a preview"


def _lies_within(printed: FieldRegion, region: FieldRegion, reach_px: float) -> bool:
    """Whether no edge of a field is farther than this from that of the printed box."""
    edges = zip(_edges(_box(printed.polygon_px)), _edges(_box(region.polygon_px)), strict=True)
    return all(abs(a - b) <= reach_px for a, b in edges)


def _likest(fields: Sequence[FieldRegion], region: FieldRegion) -> FieldRegion | None:
    """The printed box a field is meant to be; None when it lies on none."""
    place = _box(region.polygon_px)

    def shared(field: FieldRegion) -> float:
        box = _box(field.polygon_px)
        return box.intersection_area(place) / max(1, min(box.area, place.area))

    best = max(fields, key=shared, default=None)
    return best if best is not None and shared(best) >= PART_OF_BOX else None


def _box(polygon: Polygon) -> Box:
    xs, ys = zip(*polygon, strict=True)
    return Box(round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys)))


def _edges(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.right, box.bottom


def _place(field: FieldRegion, page: Page) -> str:
    left, top, right, bottom = (edge / page.dpi * MM_PER_INCH for edge in _edges(_box(field.polygon_px)))
    return f"left: {left:.1f}, top: {top:.1f}, width: {right - left:.1f}, height: {bottom - top:.1f}"


def _lines(page: Page) -> PageLines:
    px_per_mm = page.dpi / MM_PER_INCH
    zoom = min(1.0, LINE_PX_PER_MM / px_per_mm)
    return find_lines(_zoomed(page.gray, zoom), px_per_mm * zoom, LINE_MM)


def _zoomed(gray: GrayImage, zoom: float) -> GrayImage:
    return np.asarray(cv2.resize(gray, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
