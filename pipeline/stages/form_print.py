"""The print of a form's combs, worked out once for a form and a resolution, and laid under every page that is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np

from pipeline.document import Box, FieldPrint, FieldSpec, FloatMatrix, FormTemplate, RectMm
from pipeline.stages.comb import find_print
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.ink import BoolImage
from pipeline.stages.plane import cut, inverse, mm_to_pixels, pixels_to_pixels, shift
from pipeline.stages.prepared import SameTemplate
from recognizer.readings import GrayImage

MARGIN_MM = 2.75
"""Paper kept round a field: tails and strokes over its edge, and what registration may be off."""
WALL_REACH_MM = 0.8
"""Cell walls are looked for this far from where the form says; registration leaves less than half of that."""

STEP_PX_PER_MM = 0.25
"""Print is worked out at multiples of this resolution, two per cent at 300 dpi: pages of one scanner share one."""


def field_box(rect: RectMm, px_per_mm: float) -> tuple[Box, tuple[int, int]]:
    """A field in pixels of its region, and the region's (width, height), margins included."""
    margin = round(MARGIN_MM * px_per_mm)
    inner = Box(margin, margin, margin + round(rect.width * px_per_mm), margin + round(rect.height * px_per_mm))
    return inner, (inner.right + margin, inner.bottom + margin)


def region_to_form(rect: RectMm, px_per_mm: float) -> FloatMatrix:
    """(3, 3) from pixels of a field's region to millimetres of the form."""
    return shift(rect.left - MARGIN_MM, rect.top - MARGIN_MM) @ inverse(mm_to_pixels(px_per_mm))


def cut_blank(template: FormTemplate, page: int, rect: RectMm, px_per_mm: float) -> GrayImage:
    """What the blank form shows in the region of a field, at the resolution asked for."""
    reference = template.references[page - 1]
    across, down = reference.shape[1] / template.page_size_mm[0], reference.shape[0] / template.page_size_mm[1]
    _, size = field_box(rect, px_per_mm)
    return cut(reference, mm_to_pixels(across, down) @ region_to_form(rect, px_per_mm), size)


def print_under(template: FormTemplate, spec: FieldSpec, px_per_mm: float) -> FieldPrint | None:
    """The print of a comb of the form at the resolution of a page; None for a free line."""
    if not spec.cells or spec.region_mm is None:
        return None
    known = max(1.0, round(px_per_mm / STEP_PX_PER_MM) * STEP_PX_PER_MM)
    printed = _prints(SameTemplate(template), spec.page, known)[spec.name]
    _, size = field_box(spec.region_mm, px_per_mm)
    to_known = pixels_to_pixels(known / px_per_mm, known / px_per_mm)
    walls = printed.odd_walls
    return FieldPrint(_laid(printed.ink, to_known, size), None if walls is None else _laid(walls, to_known, size))


@lru_cache(maxsize=64)
def _prints(form: SameTemplate, page: int, px_per_mm: float) -> Mapping[str, FieldPrint]:
    """By field name."""
    prints = {}
    for spec in form.template.fields:
        if spec.page == page and spec.cells and spec.region_mm is not None:
            blank, (inner, _) = (
                cut_blank(form.template, page, spec.region_mm, px_per_mm),
                field_box(spec.region_mm, px_per_mm),
            )
            reach = max(1, round(WALL_REACH_MM * px_per_mm))
            cells = fit_cells(blank, inner, spec.cells, reach) or even_cells(inner, spec.cells)
            prints[spec.name] = find_print(blank, cells, px_per_mm)
    return prints


def _laid(mask: BoolImage, to_mask: FloatMatrix, size: tuple[int, int]) -> BoolImage:
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask.view(np.uint8), to_mask[:2], size, flags=flags), np.uint8).view(np.bool_)
