"""Comb fields: find the ink of every cell, whatever of it crosses the printed lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import Box, DigitCrop, FieldPrint, FieldRegion
from pipeline.stages.cell_lines import CellInk, erase_cell_lines
from pipeline.stages.comb_blobs import Blob, SharedInk, share_ink
from pipeline.stages.ink import BoolImage, InkBlobs, InkMap, find_blobs, find_ink
from recognizer.readings import GrayImage, InkImage

STROKE_MM = 0.7
"""Widest common pen stroke (felt pens reach 0.7 mm)."""
SPECK_MM = 0.3
"""Side of the largest square of ink that is dust, not writing."""
LEAST_INK = 128
"""Strength of the weakest ink in a crop: what was found under a printed line is no weaker than its stroke."""
ONE_HEIGHT = (0.4, 0.92)
"""A 1 in a cell, in cell heights: what is left of a wall is shorter, or as high as the cell."""
CUT_PRIOR, BRIDGE_PRIOR = 0.5, 0.3
"""How likely another cut, or a stroke hidden under a line, is beside the first reading of a cell; on drawn forms."""
CAPTION_GAP = 0.06
"""Blobs farther over or under a cell, in cell heights, are no part of its digit: strokes cross lines in one piece."""
CORNER_SHARE = 0.25
"""Blobs in the corner of a cell smaller than this share of it are where two printed lines meet."""
SHOWN_WALL = 0.8
"""Share of a printed wall that shows in the scan where its ink did not drop out."""
REMNANT_SHARE = 0.15
"""Blobs at the rim of a cell below this share of its largest one are remnants of printed lines."""


@dataclass(frozen=True)
class Variant:
    """Another way to find the ink of one filled cell, or of two between which a blob was cut.

    Attributes:
        inks: by cell.
        prior: how likely this is beside the first way, before it is read.
    """

    inks: Mapping[int, InkImage]
    prior: float


@dataclass(frozen=True)
class CombInk:
    """What stands in the cells of a comb.

    Attributes:
        cells: per cell its ink, None for an empty cell; `DigitCrop.first` is the cell's index.
        variants: other ways to find the ink of some cells.
        spanning: boxes of blobs that run across several cells, region pixels.
        is_touching: some blob had to be cut between two cells.
        is_one_blob: nothing else stands in the comb than a blob that had to be cut: hardly digits, rather a tick.
        ink: ink of the whole region before printed lines were taken away.
        written: (h, w) bool, the hand's ink: printed lines and printed marks gone.
    """

    cells: tuple[DigitCrop | None, ...]
    variants: tuple[Variant, ...]
    spanning: tuple[Box, ...]
    is_touching: bool
    is_one_blob: bool
    ink: InkMap
    written: BoolImage


def segment_comb(region: FieldRegion) -> CombInk:
    """Give every cell of a comb the ink that was written in it.

    Args:
        region: a field with at least one cell.

    Returns:
        One entry a cell, left to right.

    Raises:
        ValueError: the region has no cells.
    """
    if not region.cells:
        raise ValueError("a comb needs cells")
    ink = find_ink(region.image, STROKE_MM * region.px_per_mm, [_inside(cell) for cell in region.cells])
    lines = erase_cell_lines(ink, region.cells)
    written, printed = lines.written, region.printed
    if printed is None and region.background is not None:
        printed = find_print(region.background, region.cells, region.px_per_mm)
    if printed is not None:
        written = _erase_odd_walls(written, ink.mask, printed.odd_walls, region.px_per_mm)
    blobs = find_blobs(written)
    if printed is not None:
        blobs = _without_print(blobs, printed.ink, region.px_per_mm)
        written = blobs.mask
    speck_px = (SPECK_MM * region.px_per_mm) ** 2
    shared = share_ink(blobs, region.cells, speck_px, has_captions=printed is None)
    crops = tuple(
        _crop_cell(blobs, ink, cell, i) for i, (blobs, cell) in enumerate(zip(shared.cells, region.cells, strict=True))
    )
    variants = (*_cut_otherwise(shared, crops, ink, region), *_bridged(crops, lines, region))
    is_tall = blobs.is_kept & (blobs.stats[:, cv2.CC_STAT_HEIGHT] >= ONE_HEIGHT[0] * region.cells[0].height)
    is_one_blob = shared.is_touching and np.count_nonzero(is_tall) == 1
    return CombInk(crops, variants, shared.spanning, shared.is_touching, is_one_blob, ink, written)


def _inside(cell: Box) -> Box:
    """A cell without its printed sides."""
    rim_x, rim_y = cell.width // 7, cell.height // 7
    return Box(cell.left + rim_x, cell.top + rim_y, cell.right - rim_x, cell.bottom - rim_y)


def find_print(background: GrayImage, cells: Sequence[Box], px_per_mm: float) -> FieldPrint:
    """What is printed on the blank form round a comb.

    Args:
        background: (h, w) uint8 of the blank form.
        cells: of the comb.
        px_per_mm: resolution.
    """
    blank = find_ink(background, STROKE_MM * px_per_mm)
    left_over = erase_cell_lines(blank, cells).written
    tall = np.ones((max(3, cells[0].height // 2), 1), np.uint8)
    # What the edge of the picture cuts off is as tall as it is seen: a caption's letter is no wall.
    walls = np.asarray(
        cv2.morphologyEx(left_over.view(np.uint8), cv2.MORPH_OPEN, tall, borderType=cv2.BORDER_CONSTANT, borderValue=0),
        np.uint8,
    )
    return FieldPrint(blank.mask, walls.view(np.bool_) if walls.any() else None)


def _erase_odd_walls(mask: BoolImage, ink: BoolImage, walls: BoolImage | None, px_per_mm: float) -> BoolImage:
    """(h, w) ink without odd walls, known to within half a millimetre; a stroke that crosses one stays whole.

    Walls that do not show in `ink`, all that is dark on the page, were printed in a colour that drops out.
    """
    if walls is None:
        return mask
    slack = max(1, round(0.25 * px_per_mm))
    near = np.ones((2 * slack + 1, 2 * slack + 1), np.uint8)
    pieces = find_blobs(walls)
    near_ink = cv2.dilate(ink.view(np.uint8), near).view(np.bool_)
    on_ink = np.bincount(pieces.labels[near_ink], minlength=len(pieces.stats))
    shown = pieces.without(on_ink < SHOWN_WALL * pieces.stats[:, cv2.CC_STAT_AREA])
    if not shown.is_kept.any():
        return mask
    is_wall = cv2.dilate(shown.mask.view(np.uint8), near) > 0
    beside = (mask & ~is_wall).astype(np.uint8)
    reach = 2 * slack + round(STROKE_MM * px_per_mm)
    after = cv2.dilate(beside, np.ones((1, reach + 1), np.uint8), anchor=(0, 0)) > 0
    before = cv2.dilate(beside, np.ones((1, reach + 1), np.uint8), anchor=(reach, 0)) > 0
    return np.asarray(mask & (~is_wall | (before & after)))


def erase_printed(mask: BoolImage, printed: BoolImage, px_per_mm: float) -> BoolImage:
    """Drop blobs that the blank form shows too (captions, printed commas); ink crossing print stays.

    Args:
        mask: (h, w) bool ink of the filled-in form.
        printed: (h, w) bool ink of the blank form, aligned to within half a millimetre.
        px_per_mm: resolution.
    """
    return _without_print(find_blobs(mask), printed, px_per_mm).mask


def _without_print(blobs: InkBlobs, printed: BoolImage, px_per_mm: float) -> InkBlobs:
    slack = 2 * max(1, round(0.25 * px_per_mm)) + 1
    near_print = cv2.dilate(printed.view(np.uint8), np.ones((slack, slack), np.uint8)).view(np.bool_)
    on_print = np.bincount(blobs.labels[near_print], minlength=len(blobs.stats))
    return blobs.without(on_print > 0.75 * blobs.stats[:, cv2.CC_STAT_AREA])


def _crop_cell(blobs: Sequence[Blob], ink: InkMap, cell: Box, index: int) -> DigitCrop | None:
    """Tight ink of one cell, remnants of its printed sides dropped; None when nothing is left."""
    largest = max((blob.area for blob in blobs), default=0)
    kept = _without_caption([blob for blob in blobs if not _is_remnant(blob, cell, largest)], cell)
    if not kept:
        return None
    box = kept[0].box
    for blob in kept[1:]:
        box = box.union(blob.box)
    if box.height < cell.height / 6 and box.width < cell.width / 4:
        return None
    mask = np.zeros((box.height, box.width), bool)
    for blob in kept:
        place = blob.box.shifted(-box.left, -box.top)
        mask[place.top : place.bottom, place.left : place.right] |= blob.mask
    return DigitCrop(_soft(mask, ink, box), box, index, index + 1)


def _without_caption(blobs: list[Blob], cell: Box) -> list[Blob]:
    """A digit without the print over or under its cell; what no digit in the cell outshines may be a digit itself."""
    apart = CAPTION_GAP * cell.height
    inside = [blob for blob in blobs if blob.box.bottom > cell.top - apart and blob.box.top < cell.bottom + apart]
    return inside if any(blob.box.height >= ONE_HEIGHT[0] * cell.height for blob in inside) else blobs


def _is_remnant(blob: Blob, cell: Box, largest: int) -> bool:
    """Whether a blob is what was left of a printed side of its cell."""
    rim = max(2, round(cell.width / 12))
    box = blob.box
    is_at_rim = (
        box.right <= cell.left + rim
        or box.left >= cell.right - rim
        or box.bottom <= cell.top + rim
        or box.top >= cell.bottom - rim
    )
    thickness, length = sorted((box.width, box.height))
    is_sliver = thickness <= rim and length >= 4 * thickness and not _may_be_one(box, cell)
    reaches_side = box.left <= cell.left + rim or box.right >= cell.right - rim
    reaches_level = box.top <= cell.top + rim or box.bottom >= cell.bottom - rim
    is_crumb = reaches_side and reaches_level and length < CORNER_SHARE * min(cell.width, cell.height)
    reaches_rim = reaches_side or reaches_level
    return is_crumb or (is_at_rim and is_sliver) or (reaches_rim and blob.area < REMNANT_SHARE * largest)


def _may_be_one(box: Box, cell: Box) -> bool:
    """Whether a sliver on a wall is as high as a digit, and a 1 was written there; what is left of walls is not."""
    return ONE_HEIGHT[0] * cell.height <= box.height <= ONE_HEIGHT[1] * cell.height


def _cut_otherwise(
    shared: SharedInk, crops: Sequence[DigitCrop | None], ink: InkMap, region: FieldRegion
) -> Iterator[Variant]:
    for cut in shared.other_cuts:
        others = {i: _crop_cell(blobs, ink, region.cells[i], i) for i, blobs in cut.items()}
        inks = {i: crop.ink for i, crop in others.items() if crop is not None and crops[i] is not None}
        if len(inks) == len(cut):
            yield Variant(inks, CUT_PRIOR)


def _bridged(crops: Sequence[DigitCrop | None], lines: CellInk, region: FieldRegion) -> Iterator[Variant]:
    """Cells with the strokes that may run hidden under the lines round them."""
    hidden = lines.bridged & ~lines.written
    for index, (crop, cell) in enumerate(zip(crops, region.cells, strict=True)):
        reach = cell.width // 6
        box = Box(cell.left, cell.top - reach, cell.right, cell.bottom + reach).clipped(*hidden.shape[::-1])
        part = hidden[box.top : box.bottom, box.left : box.right]
        if crop is not None and part.any():
            yield Variant({index: _joined(crop, part, box)}, BRIDGE_PRIOR)


def _joined(crop: DigitCrop, hidden: BoolImage, box: Box) -> InkImage:
    left, top, width, height = cv2.boundingRect(hidden.view(np.uint8))
    place = Box(left, top, left + width, top + height).shifted(box.left, box.top)
    whole = crop.box.union(place)
    ink = np.zeros((whole.height, whole.width), np.uint8)
    own = crop.box.shifted(-whole.left, -whole.top)
    ink[own.top : own.bottom, own.left : own.right] = crop.ink
    added = place.shifted(-whole.left, -whole.top)
    ink[added.top : added.bottom, added.left : added.right][hidden[top : top + height, left : left + width]] = 255
    return ink


def _soft(mask: BoolImage, ink: InkMap, box: Box) -> InkImage:
    soft = np.maximum(ink.soft[box.top : box.bottom, box.left : box.right], LEAST_INK)
    return np.where(mask, soft, 0).astype(np.uint8)
