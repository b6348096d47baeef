"""Writing hidden by the reference: where somebody wrote on the form's reference too, it is taken for print.

What the reference shows is taken out of every page. When the reference is a filled-in form, the same writing vanishes
from the page with it, and the field would count as empty, or be read short of a digit.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from pipeline.document import Box, FieldKind, FieldRegion
from pipeline.stages.comb import STROKE_MM
from pipeline.stages.ink import BoolImage, erase_rules, find_ink, label_blobs
from pipeline.stages.segment import LineInk, Segmentation

LEAST_HEIGHT_MM = 2.0
"""Height of the lowest digits that hide: printed commas, dots and small captions in a field stay under it."""
REACH_MM = 0.25
"""How far from the reference's ink the page's is the same; the reach within which print is erased."""
RIM_MM, RIM_SHARE = 0.9, 7
"""Printed sides lie this near to a field's edge, or within this part of a cell: registration is off by up to 0.4 mm."""
DARK = 18
"""Gray levels between the darkest and the lightest place of a field, at least, where the form prints in it."""
DIGIT_SHARE = 0.6
"""Beside other digits, what hides is at least this high of them; printed words and signs are lower."""
CELL_SHARE = 0.35
"""In a comb, what hides a digit is at least this high, in cells."""


def hides_writing(field: Segmentation, is_blank: bool) -> bool:
    """Whether ink in a field may be writing that was taken for print because the reference shows it too.

    Args:
        field: with its ink cut out.
        is_blank: nothing else stands in it; then any ink as high as a small digit counts, else only what was taken out
            and is as high as the digits. A printed sign before an amount is none of it.
    """
    region = field.region
    on_reference = _writing_on_reference(region)
    if on_reference is None:
        return False
    reach = 2 * max(1, round(REACH_MM * region.px_per_mm)) + 1
    near = cv2.dilate(on_reference.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    page = find_ink(region.image, STROKE_MM * region.px_per_mm).mask & _core(region) & near
    if is_blank:
        return next(_tall_boxes(page, LEAST_HEIGHT_MM * region.px_per_mm), None) is not None
    if field.comb is not None:
        least = max(LEAST_HEIGHT_MM * region.px_per_mm, CELL_SHARE * region.cells[0].height)
        return next(_tall_boxes(page & ~field.comb.written, least), None) is not None
    if field.line is None or not field.line.lattice.primitives:
        return False
    return _hides_digits(page, field.line, region)


def _hides_digits(page: BoolImage, line: LineInk, region: FieldRegion) -> bool:
    kept = [line.in_region(primitive.box) for primitive in line.lattice.primitives]
    lost = page.copy()
    for box in kept:
        lost[max(0, box.top) : box.bottom, max(0, box.left) : box.right] = False
    least = max(LEAST_HEIGHT_MM * region.px_per_mm, DIGIT_SHARE * line.lattice.digit_height / line.scale)
    start = min(box.left for box in kept) if region.spec.kind is FieldKind.AMOUNT else 0
    return any(box.right > start for box in _tall_boxes(lost, least))


def _writing_on_reference(region: FieldRegion) -> BoolImage | None:
    """(h, w) bool, ink as high as digits that the reference shows inside the field, off its lines; None without any."""
    core = _core(region)
    if region.background is None or not core.any():
        return None
    inside = region.background[core]
    if int(inside.max()) - int(inside.min()) < DARK:
        return None
    mask = find_ink(region.background, STROKE_MM * region.px_per_mm).mask
    mask = erase_rules(mask, max(2, region.inner.width // 2)) & core
    found = np.zeros_like(mask)
    rows = np.flatnonzero(core.any(axis=1))
    for box in _tall_boxes(mask, LEAST_HEIGHT_MM * region.px_per_mm):
        is_through = box.top <= rows[0] and box.bottom > rows[-1]
        if is_through and box.width <= STROKE_MM * region.px_per_mm:
            continue  # a line before the cents; digits leave room above or below
        found[box.top : box.bottom, box.left : box.right] = mask[box.top : box.bottom, box.left : box.right]
    return found if found.any() else None


def _core(region: FieldRegion) -> BoolImage:
    """(h, w) bool, the field or its cells without the rim that their printed sides may take."""
    core: BoolImage = np.zeros(region.image.shape[:2], bool)
    least = round(RIM_MM * region.px_per_mm)
    for room in region.cells or (region.inner,):
        rim_x = max(least, room.width // RIM_SHARE) if region.cells else least
        rim_y = max(least, room.height // RIM_SHARE) if region.cells else least
        inside = Box(room.left + rim_x, room.top + rim_y, room.right - rim_x, room.bottom - rim_y)
        inside = inside.clipped(core.shape[1], core.shape[0])
        core[inside.top : inside.bottom, inside.left : inside.right] = True
    return core


def _tall_boxes(mask: BoolImage, least_px: float) -> Iterator[Box]:
    """Boxes of the blobs at least so high."""
    _, stats, _ = label_blobs(mask)
    for left, top, width, height, _ in stats[1:].tolist():
        if height >= least_px:
            yield Box(left, top, left + width, top + height)
