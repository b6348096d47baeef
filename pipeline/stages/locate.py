"""Cut the fields of a page upright: those of its form, or those that look like boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import (
    Box,
    FieldKind,
    FieldRegion,
    FieldSpec,
    FloatMatrix,
    FormTemplate,
    Page,
    Polygon,
    RectMm,
    Registration,
)
from pipeline.stages.box_fields import BoxField
from pipeline.stages.boxes import find_boxes
from pipeline.stages.comb_grid import fit_cells
from pipeline.stages.form_print import (
    MARGIN_MM,
    MAX_PX_PER_MM,
    WALL_REACH_MM,
    blank_field,
    field_box,
    known_resolution,
    region_to_form,
)
from pipeline.stages.lines import PageLines, find_level_lines, find_upright_lines, lean_deg
from pipeline.stages.plane import (
    cut,
    halved,
    inverse,
    map_points,
    pixels_to_pixels,
    rotation,
    scale_of,
    shift,
)
from pipeline.stages.skew import SKEW_DPI, dark_points, estimate_skew
from pipeline.stages.way_up import quarter_turns
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
SEARCH_PX_PER_MM = 6.0
"""150 dpi: thin printed lines are still a pixel wide, the weave of security paper is averaged away."""
LEAST_SEARCHED = 0.95
"""Nearer to that resolution than this factor, either way, pages are searched as they are."""
LEVEL_DEG = 0.1
"""Pages that lean less are searched as they are."""
LEAN_DEG = 0.08
"""Long lines that lean by more than this after levelling, 0.25 mm in 180, show that the skew was misjudged."""
CHEQUE_ASPECT, CHEQUE_WIDTH_MM, SHEET_LENGTH_MM = 1.9, 203.0, 297.0
"""At a doubtful resolution a page this long for its height counts as a cheque (CTS-2010, 203 x 95 mm), else as A4."""


@dataclass(frozen=True)
class _Levelled:
    """A page ready to be searched: upright, with its lines, and the matrix from its pixels to those of the page."""

    gray: GrayImage
    lines: PageLines
    to_page: FloatMatrix
    px_per_mm: float


@dataclass(frozen=True, slots=True)
class FindOptions:
    """Which boxes count as places to write in.

    Attributes:
        min_height_mm, max_height_mm: heights of a box; the greatest gets 30 % of room at a doubtful resolution.
    """

    min_height_mm: float = 4.0
    max_height_mm: float = 16.0


def locate_fields(page: Page, registration: Registration) -> tuple[FieldRegion, ...]:
    """Cut every field of the registered form page out of the scan, in the order of the template.

    Args:
        page: as scanned.
        registration: of this page; only one that is OK has fields.

    Returns:
        Upright regions at about the page's own resolution, at most `MAX_PX_PER_MM`, cells fitted to the printed walls
        where these can be seen; empty unless the registration is OK.
    """
    template, mm_to_page = registration.template, registration.mm_to_page
    if template is None or mm_to_page is None:
        return ()
    return tuple(
        _locate_field(page, template, spec, spec.region_mm, mm_to_page)
        for spec in template.fields
        if spec.page == registration.template_page and spec.region_mm is not None
    )


def _locate_field(
    page: Page, template: FormTemplate, spec: FieldSpec, rect: RectMm, mm_to_page: FloatMatrix
) -> FieldRegion:
    middle = (rect.left + rect.width / 2, rect.top + rect.height / 2)
    px_per_mm = known_resolution(scale_of(mm_to_page, middle))
    inner, size = field_box(rect, px_per_mm)
    region_to_page = mm_to_page @ region_to_form(rect, px_per_mm)
    image = cut(page.gray, region_to_page, size)
    blank = blank_field(template, spec, px_per_mm)
    cells = blank.cells
    if spec.cells:
        # The scan first: it shows where the walls are here. In drop-out colour only the blank form has them.
        cells = fit_cells(image, inner, spec.cells, max(1, round(WALL_REACH_MM * px_per_mm))) or blank.cells
    return FieldRegion(
        spec,
        page.number,
        image,
        region_to_page,
        polygon_of(inner, region_to_page),
        inner,
        cells,
        px_per_mm,
        blank.image,
        printed=blank.printed,
    )


def find_fields(page: Page, options: FindOptions | None = None) -> tuple[FieldRegion, ...]:
    """Find boxes to write in on a page without a template.

    Args:
        page: skewed by up to 12 degrees; turned by quarter turns where its print shows that plainly.

    Returns:
        One region a comb or ruled box, of kind `digits`, named `p<page>_box<n>` from 1 in reading order, upright, a
        comb with its cells.
    """
    options = options or FindOptions()
    px_per_mm = _px_per_mm(page)
    level = _levelled(page, px_per_mm)
    heights_mm = (options.min_height_mm, options.max_height_mm * (1.3 if page.is_dpi_doubtful else 1.0))
    fields = find_boxes(level.gray, level.px_per_mm, heights_mm, level.lines)
    return tuple(
        _cut_box(page, f"p{page.number}_box{number}", field, level.to_page, level.px_per_mm, px_per_mm)
        for number, field in enumerate(fields, start=1)
    )


def _px_per_mm(page: Page) -> float:
    if not page.is_dpi_doubtful:
        return page.dpi / MM_PER_INCH
    shorter, longer = sorted(float(side) for side in page.gray.shape)
    return longer / (CHEQUE_WIDTH_MM if longer / shorter >= CHEQUE_ASPECT else SHEET_LENGTH_MM)


def _levelled(page: Page, px_per_mm: float) -> _Levelled:
    """The page at the resolution that is searched, turned upright and levelled by its print, then by its lines."""
    small, to_page, px_per_mm = _reduced(page.gray, px_per_mm)
    coarse = max(1, round(px_per_mm * MM_PER_INCH / SKEW_DPI))
    height, width = small.shape
    tiny = cv2.resize(small, (max(1, width // coarse), max(1, height // coarse)), interpolation=cv2.INTER_AREA)
    skew = estimate_skew(dark_points(np.asarray(tiny, np.uint8)))
    level, level_to_small = _turned(small, skew)
    turns = quarter_turns(level, px_per_mm)
    level, upright_to_level = _turned_back(level, turns)
    level_lines = find_level_lines(level, px_per_mm)
    lean = lean_deg(level_lines, px_per_mm)
    if abs(lean) >= LEAN_DEG:
        # Handwriting that slopes and short lines deceive the projections; long printed lines do not.
        level, level_to_small = _turned(small, skew + lean)
        level, upright_to_level = _turned_back(level, turns)
        level_lines = find_level_lines(level, px_per_mm)
    lines = PageLines(level_lines, find_upright_lines(level, px_per_mm))
    return _Levelled(level, lines, to_page @ level_to_small @ upright_to_level, px_per_mm)


def _reduced(gray: GrayImage, px_per_mm: float) -> tuple[GrayImage, FloatMatrix, float]:
    """A page at about the resolution that is searched, the matrix from its pixels to the given, and its resolution."""
    small, factor = gray, 1
    while px_per_mm >= 2 * LEAST_SEARCHED * SEARCH_PX_PER_MM and min(small.shape) > 1:
        # Thirty times as fast as any other factor: half the time that searching a page of 300 dpi would take else.
        small, factor, px_per_mm = halved(small), 2 * factor, px_per_mm / 2
    zoom = SEARCH_PX_PER_MM / px_per_mm
    if zoom > LEAST_SEARCHED:
        return small, pixels_to_pixels(factor, factor), px_per_mm
    width, height = (max(1, round(side * zoom)) for side in (small.shape[1], small.shape[0]))
    to_page = pixels_to_pixels(factor * small.shape[1] / width, factor * small.shape[0] / height)
    zoomed = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return zoomed, to_page, px_per_mm * zoom


def _turned(gray: GrayImage, lean_deg: float) -> tuple[GrayImage, FloatMatrix]:
    """A leaning picture levelled, paper added so that nothing is lost; and the matrix from its pixels to the given."""
    if abs(lean_deg) < LEVEL_DEG:
        return gray, np.eye(3)
    height, width = gray.shape
    leaning = rotation(lean_deg)
    corners = map_points(inverse(leaning), np.array([(0, 0), (width, 0), (0, height), (width, height)], np.float64))
    size = np.ceil(np.ptp(corners, axis=0)).astype(int)
    to_gray = leaning @ shift(*corners.min(axis=0))
    return cut(gray, to_gray, (int(size[0]), int(size[1]))), to_gray


def _turned_back(gray: GrayImage, turns: int) -> tuple[GrayImage, FloatMatrix]:
    """A picture that was turned clockwise turned upright; and the matrix from its pixels to the given."""
    if turns == 0:
        return gray, np.eye(3)
    upright = np.ascontiguousarray(np.rot90(gray, turns))
    height, width = upright.shape
    corner = ((0, 0), (height - 1, 0), (width - 1, height - 1), (0, width - 1))[turns]
    return upright, shift(*corner) @ rotation(90 * turns)


def _cut_box(
    page: Page, name: str, field: BoxField, level_to_page: FloatMatrix, level_px_per_mm: float, px_per_mm: float
) -> FieldRegion:
    """Cut a box out of the page at the page's own resolution, at most `MAX_PX_PER_MM`."""
    region_px_per_mm = min(MAX_PX_PER_MM, px_per_mm)
    finer = region_px_per_mm / level_px_per_mm
    margin = MARGIN_MM * level_px_per_mm
    left, top = field.box.left - margin, field.box.top - margin

    def in_region(box: Box) -> Box:
        x = [round((edge - left) * finer) for edge in (box.left, box.right)]
        y = [round((edge - top) * finer) for edge in (box.top, box.bottom)]
        return Box(x[0], y[0], x[1], y[1])

    inner, cells = in_region(field.box), tuple(in_region(cell) for cell in field.cells)
    size = (inner.right + round(margin * finer), inner.bottom + round(margin * finer))
    region_to_page = level_to_page @ shift(left, top) @ pixels_to_pixels(1 / finer, 1 / finer)
    image = cut(page.gray, region_to_page, size)
    if cells:
        cells = fit_cells(image, inner, len(cells), max(2, round(cells[0].width / 16))) or cells
    spec = FieldSpec(name, FieldKind.DIGITS, page=page.number, cells=len(cells) or None)
    polygon = polygon_of(inner, region_to_page)
    return FieldRegion(spec, page.number, image, region_to_page, polygon, inner, cells, region_px_per_mm)


def polygon_of(inner: Box, region_to_page: FloatMatrix) -> Polygon:
    """Corners of a box of a region in page pixels, top left first, clockwise as read."""
    corners = [
        (inner.left, inner.top),
        (inner.right, inner.top),
        (inner.right, inner.bottom),
        (inner.left, inner.bottom),
    ]
    # Box edges lie between pixels, half a pixel before the middle of the pixel they name.
    places = map_points(region_to_page, np.array(corners, np.float64) - 0.5) + 0.5
    a, b, c, d = ((float(x), float(y)) for x, y in places)
    return a, b, c, d
