"""What registering needs to know of a form, worked out once: anchors, profiles and a small picture of every page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix, FormTemplate
from pipeline.stages.anchors import SPACING, WIDE_REACH, Anchor, choose_anchors
from pipeline.stages.fitting import PrintTiles, tile_print
from pipeline.stages.plane import Points, inverse, map_points, mm_to_pixels
from pipeline.stages.profiles import FormProfiles, profile_form
from pipeline.stages.skew import SKEW_DPI, dark_points
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
WORKING_DPI = 75.0
"""A quarter of 300 dpi: anchors are found there to 0.8 px of 300 dpi at worst, in 15 ms (measured on drawn forms)."""
FIELD_MARGIN_MM = 2.0
"""Anchors stay this far from fields: people write over the edge."""
ENOUGH_ANCHORS, ENOUGH_SHARE = 16, 0.6
"""Anchors beside the fields, and per square, with which a form needs no others. With fewer, parts of it hang on anchors
far away: 4 px off at 300 dpi on ruled forms."""
FRAME_MM = 1.0
"""Print is compared up to this far inside a field: its frame counts, on bare forms there is little else."""
PRINT_POINTS = 1500
"""Places of print looked up on the page to rank rough placements."""


@dataclass(frozen=True, eq=False)
class PreparedPage:
    """One page of a form, computed once; equal to itself alone.

    Attributes:
        number: page of the form, from 1.
        work: (H, W) uint8 the blank page at `WORKING_DPI`.
        work_to_mm: (3, 3) from pixels of `work` to form millimetres.
        tiles: its print, where it is compared: not inside fields.
        anchors: in pixels of `work`.
        is_bare: hardly anything is printed beside the fields, and their frames serve as anchors too.
        print_mm: (N, 2) places of print, at most `PRINT_POINTS` of them.
    """

    number: int
    work: GrayImage
    work_to_mm: FloatMatrix
    tiles: PrintTiles
    anchors: tuple[Anchor, ...]
    is_bare: bool
    print_mm: Points
    profiles: FormProfiles


@dataclass(frozen=True, eq=False)
class PreparedTemplate:
    """All that registering needs to know of a form; equal to itself alone."""

    template: FormTemplate
    pages: tuple[PreparedPage, ...]


class SameTemplate:
    """Cache key: the very same template. It keeps the template alive, so its id is never used again meanwhile."""

    def __init__(self, template: FormTemplate) -> None:
        self.template = template

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameTemplate) and other.template is self.template

    def __hash__(self) -> int:
        return id(self.template)


def prepare_template(template: FormTemplate) -> PreparedTemplate:
    """Anchors, profiles and working pictures of a form; computed once for each template object."""
    return _prepare(SameTemplate(template))


@lru_cache(maxsize=64)
def _prepare(key: SameTemplate) -> PreparedTemplate:
    template = key.template
    pages = tuple(_prepare_page(template, number) for number in range(1, template.page_count + 1))
    return PreparedTemplate(template, pages)


def _prepare_page(template: FormTemplate, number: int) -> PreparedPage:
    px_per_mm = WORKING_DPI / MM_PER_INCH
    size_mm = template.page_size_mm
    size = (round(size_mm[0] * px_per_mm), round(size_mm[1] * px_per_mm))
    reference = template.references[number - 1]
    method = cv2.INTER_AREA if reference.shape[1] > size[0] else cv2.INTER_LINEAR
    work = np.asarray(cv2.resize(reference, size, interpolation=method), np.uint8)
    is_free = _outside_fields(template, number, work.shape, FIELD_MARGIN_MM)
    anchors = choose_anchors(work, is_free, WIDE_REACH)
    enough = min(ENOUGH_ANCHORS, ENOUGH_SHARE * work.size / SPACING**2)
    is_bare = len(anchors) < enough
    for spacing in (SPACING, SPACING // 2):
        if len(anchors) < enough:
            # Not much print beside the fields: their own frames must help.
            anchors = choose_anchors(work, np.ones_like(is_free), WIDE_REACH, anchors, spacing)
    coarse = cv2.resize(work, None, fx=SKEW_DPI / WORKING_DPI, fy=SKEW_DPI / WORKING_DPI, interpolation=cv2.INTER_AREA)
    coarse_to_mm: FloatMatrix = inverse(mm_to_pixels(coarse.shape[1] / size_mm[0], coarse.shape[0] / size_mm[1]))
    dark_mm = map_points(coarse_to_mm, dark_points(np.asarray(coarse, np.uint8)))
    print_mm = dark_mm[:: max(1, len(dark_mm) // PRINT_POINTS)]
    work_to_mm: FloatMatrix = inverse(mm_to_pixels(size[0] / size_mm[0], size[1] / size_mm[1]))
    weights = _outside_fields(template, number, work.shape, -FRAME_MM).astype(np.float32)
    tiles = tile_print(work, weights)
    return PreparedPage(number, work, work_to_mm, tiles, anchors, is_bare, print_mm, profile_form(dark_mm, size_mm))


def _outside_fields(template: FormTemplate, number: int, shape: tuple[int, ...], margin_mm: float) -> NDArray[np.bool_]:
    """(H, W) bool, False in the fields of a page grown by a margin; a negative one leaves their frames out of them."""
    px_per_mm = WORKING_DPI / MM_PER_INCH
    is_outside = np.ones(shape, bool)
    for spec in template.fields:
        if spec.page == number and spec.region_mm is not None:
            region = spec.region_mm
            top, bottom = region.top - margin_mm, region.top + region.height + margin_mm
            left, right = region.left - margin_mm, region.left + region.width + margin_mm
            rows = slice(max(0, round(top * px_per_mm)), max(0, round(bottom * px_per_mm)))
            columns = slice(max(0, round(left * px_per_mm)), max(0, round(right * px_per_mm)))
            is_outside[rows, columns] = False
    return is_outside
