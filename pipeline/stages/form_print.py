"""What a form shows in its fields when nobody has written there, worked out once for a form and a resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipeline.document import Box, FieldPrint, FieldSpec, FloatMatrix, FormTemplate, RectMm
from pipeline.stages.comb import find_print
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.plane import cut, inverse, mm_to_pixels, shift
from pipeline.stages.prepared import SameTemplate
from recognizer.readings import GrayImage

MARGIN_MM = 2.75
"""Paper kept round a field: tails and strokes over its edge, and what registration may be off."""
WALL_REACH_MM = 0.8
"""Cell walls are looked for this far from where the form says; registration leaves less than half of that."""
STEP_PX_PER_MM = 0.25
"""Fields are cut at multiples of this resolution, two per cent at 300 dpi: pages of one scanner share one."""
MAX_PX_PER_MM = 16.0
"""400 dpi; finer scans only cost time."""


@dataclass(frozen=True)
class BlankField:
    """A field of the blank form.

    Attributes:
        image: (h, w) uint8 region of the field, margins included.
        cells: of a comb, as its walls are printed, or even ones where they cannot be seen; none of a free line.
        printed: the print of a comb; None for a free line.
    """

    image: GrayImage
    cells: tuple[Box, ...] = ()
    printed: FieldPrint | None = None


def known_resolution(px_per_mm: float) -> float:
    """The resolution at which fields of a page of about `px_per_mm` are cut."""
    return min(MAX_PX_PER_MM, max(1.0, round(px_per_mm / STEP_PX_PER_MM) * STEP_PX_PER_MM))


def field_box(rect: RectMm, px_per_mm: float) -> tuple[Box, tuple[int, int]]:
    """A field in pixels of its region, and the region's (width, height), margins included."""
    margin = round(MARGIN_MM * px_per_mm)
    inner = Box(margin, margin, margin + round(rect.width * px_per_mm), margin + round(rect.height * px_per_mm))
    return inner, (inner.right + margin, inner.bottom + margin)


def region_to_form(rect: RectMm, px_per_mm: float) -> FloatMatrix:
    """(3, 3) from pixels of a field's region to millimetres of the form."""
    return shift(rect.left - MARGIN_MM, rect.top - MARGIN_MM) @ inverse(mm_to_pixels(px_per_mm))


def blank_field(template: FormTemplate, spec: FieldSpec, px_per_mm: float) -> BlankField:
    """A field that has a place on the form, at a `known_resolution`."""
    return _blank_fields(SameTemplate(template), spec.page, px_per_mm)[spec.name]


@lru_cache(maxsize=64)
def _blank_fields(form: SameTemplate, page: int, px_per_mm: float) -> Mapping[str, BlankField]:
    """By field name."""
    return {
        spec.name: _work_out(form.template, spec, spec.region_mm, px_per_mm)
        for spec in form.template.fields
        if spec.page == page and spec.region_mm is not None
    }


def _work_out(template: FormTemplate, spec: FieldSpec, rect: RectMm, px_per_mm: float) -> BlankField:
    reference = template.references[spec.page - 1]
    across, down = reference.shape[1] / template.page_size_mm[0], reference.shape[0] / template.page_size_mm[1]
    inner, size = field_box(rect, px_per_mm)
    image = cut(reference, mm_to_pixels(across, down) @ region_to_form(rect, px_per_mm), size)
    if not spec.cells:
        return BlankField(image)
    reach = max(1, round(WALL_REACH_MM * px_per_mm))
    cells = fit_cells(image, inner, spec.cells, reach) or even_cells(inner, spec.cells)
    return BlankField(image, cells, find_print(image, cells, px_per_mm))
