"""Cut the fields of a page upright: those of its form, those that look like boxes, or one already cut out."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import (
    Box,
    FieldRegion,
    FieldSpec,
    FloatMatrix,
    FormTemplate,
    Page,
    Polygon,
    RectMm,
    Registration,
)
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.plane import map_points, mm_to_pixels, scale_of, shift
from recognizer.readings import GrayImage

MARGIN_MM = 2.75
"""Paper kept round a field: tails and strokes over its edge, and what registration may be off."""
MAX_PX_PER_MM = 16.0
"""400 dpi; finer scans only cost time."""
WALL_REACH_MM = 0.8
"""Cell walls are looked for this far from where the form says; registration leaves less than half of that."""


def locate_fields(page: Page, registration: Registration) -> tuple[FieldRegion, ...]:
    """Cut every field of the registered form page out of the scan, in the order of the template.

    Args:
        page: as scanned.
        registration: of this page; only one that is OK has fields.

    Returns:
        Upright regions at the page's own resolution, at most `MAX_PX_PER_MM`, cells fitted to the printed walls where
        these can be seen; empty unless the registration is OK.
    """
    template, mm_to_page = registration.template, registration.mm_to_page
    if template is None or mm_to_page is None:
        return ()
    return tuple(
        _locate_field(page, template, registration.template_page, spec, spec.region_mm, mm_to_page)
        for spec in template.fields
        if spec.page == registration.template_page and spec.region_mm is not None
    )


def _locate_field(
    page: Page, template: FormTemplate, form_page: int, spec: FieldSpec, rect: RectMm, mm_to_page: FloatMatrix
) -> FieldRegion:
    middle = (rect.left + rect.width / 2, rect.top + rect.height / 2)
    px_per_mm = min(MAX_PX_PER_MM, scale_of(mm_to_page, middle))
    margin = round(MARGIN_MM * px_per_mm)
    inner = Box(margin, margin, margin + round(rect.width * px_per_mm), margin + round(rect.height * px_per_mm))
    size = (inner.right + margin, inner.bottom + margin)
    region_to_mm = shift(rect.left - MARGIN_MM, rect.top - MARGIN_MM) @ np.linalg.inv(mm_to_pixels(px_per_mm))
    region_to_page = mm_to_page @ region_to_mm
    image = cut(page.gray, region_to_page, size)
    reference = template.references[form_page - 1]
    mm_to_reference = mm_to_pixels(
        reference.shape[1] / template.page_size_mm[0], reference.shape[0] / template.page_size_mm[1]
    )
    background = cut(reference, mm_to_reference @ region_to_mm, size)
    cells: tuple[Box, ...] = ()
    if spec.cells:
        reach = max(1, round(WALL_REACH_MM * px_per_mm))
        # The scan first: it shows where the walls are here. In drop-out colour only the blank form has them.
        seen = fit_cells(image, inner, spec.cells, reach) or fit_cells(background, inner, spec.cells, reach)
        cells = seen or even_cells(inner, spec.cells)
    return FieldRegion(
        spec, page.number, image, region_to_page, polygon_of(inner, region_to_page), inner, cells, px_per_mm, background
    )


def cut(gray: GrayImage, region_to_image: FloatMatrix, size: tuple[int, int]) -> GrayImage:
    """Sample a region (width, height) of an image; beyond its edge the edge goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(gray, region_to_image, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


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
