"""Comb fields: find the ink of every cell, whatever of it crosses the printed lines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box, DigitCrop, FieldRegion
from pipeline.stages.ink import BoolImage, InkMap, erase_line, find_ink

STROKE_MM = 0.7
"""Widest common pen stroke (felt pens reach 0.7 mm)."""
SPECK_MM = 0.3
"""Side of the largest square of ink that is dust, not writing."""
LINE_COVERAGE = 0.5
"""Share of a cell's side that must be inked before it counts as a printed line."""
TICK_HEIGHT = 0.25
"""Lowest part of a cell in which short separating ticks stand, share of its height."""
WHOLE_SHARE = 0.8
"""A blob with this share of its ink in one cell belongs to that cell, tails included; measured on drawn forms."""
REMNANT_SHARE = 0.15
"""Blobs at the rim of a cell below this share of its largest one are remnants of printed lines."""
SPAN_CELLS = 2.2
"""One blob across more cells than this is a pen drawn through the field, not touching digits."""


@dataclass(frozen=True)
class CombInk:
    """What stands in the cells of a comb.

    Attributes:
        cells: per cell its ink, None for an empty cell; `DigitCrop.first` is the cell's index.
        spanning: boxes of blobs that run across several cells, region pixels.
        is_touching: some blob had to be cut at a cell's border.
        ink: ink of the whole region before printed lines were taken away.
        written: (h, w) bool, the hand's ink: printed lines and printed marks gone.
    """

    cells: tuple[DigitCrop | None, ...]
    spanning: tuple[Box, ...]
    is_touching: bool
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
    ink = find_ink(region.image, STROKE_MM * region.px_per_mm, _inside(region))
    written = erase_cell_lines(ink, region.cells)
    if region.background is not None:
        written = erase_printed(written, region.background, region.px_per_mm)
    owners, spanning, is_touching = _assign_blobs(written, region)
    cells = tuple(_crop_cell(owners == index, ink, cell, index) for index, cell in enumerate(region.cells))
    return CombInk(cells, spanning, is_touching, ink, written)


def _inside(region: FieldRegion) -> BoolImage:
    """(h, w) bool, the cells without their printed sides."""
    inside = np.zeros(region.image.shape, bool)
    for cell in region.cells:
        rim_x, rim_y = cell.width // 7, cell.height // 7
        inside[
            max(0, cell.top + rim_y) : max(0, cell.bottom - rim_y), max(0, cell.left + rim_x) : cell.right - rim_x
        ] = True
    return inside


def erase_cell_lines(ink: InkMap, cells: tuple[Box, ...]) -> BoolImage:
    """Mask of the ink without the printed sides of the cells; strokes crossing or following them stay whole.

    Args:
        ink: of the region.
        cells: where the cells should be; a line is looked for within an eighth of a cell of its place.
    """
    cleaned = ink.mask
    reach = max(2, round(min(cells[0].width, cells[0].height) / 8))
    for x in sorted({x for cell in cells for x in (cell.left, cell.right)}):
        for rows in _wall_rows(cells[0]):
            found = _line_near(_ink_share(ink.mask[rows].T), x, reach)
            if found:
                cleaned = cleaned.copy()
                # Walls go on above and below the rows they were found in; ticks reach up to half the cell.
                start = 0 if rows.stop < cells[0].bottom else rows.stop - cells[0].height // 2
                cleaned[start:] = erase_line(cleaned[start:], ink.depth[start:], *found)
                break
    for cell in cells:
        # Cell by cell, since what skew registration left shifts a horizontal line from one cell to the next.
        left, right = max(0, cell.left - 2), min(ink.mask.shape[1], cell.right + 3)
        profile = _ink_share(ink.mask[:, max(0, cell.left + reach) : max(0, cell.right - reach)])
        for y in (cell.top, cell.bottom):
            found = _line_near(profile, y, reach)
            if found:
                cleaned = cleaned.copy()
                cleaned[:, left:right] = erase_line(cleaned[:, left:right].T, ink.depth[:, left:right].T, *found).T
    return cleaned


def _wall_rows(cell: Box) -> tuple[slice, slice]:
    """Rows in which a wall shows: nearly the whole cell, or the foot of it where the form prints ticks only."""
    top, bottom = max(0, cell.top), max(0, cell.bottom)
    height = bottom - top
    return slice(top + height // 6, bottom - height // 6), slice(bottom - round(TICK_HEIGHT * height), bottom)


def _ink_share(mask: BoolImage) -> NDArray[np.float64]:
    """(h,) share of every row that is inked; 0 where there are no columns."""
    return np.asarray(mask.sum(axis=1) / max(1, mask.shape[1]))


def _line_near(profile: NDArray[np.floating], place: int, reach: int) -> tuple[int, int] | None:
    """Middle and thickness of the line whose ink share peaks within `reach` of `place`, None when none does."""
    first = max(0, place - reach)
    window = profile[first : place + reach + 1]
    if window.size == 0 or window.max() < LINE_COVERAGE:
        return None
    inked = np.flatnonzero(window >= LINE_COVERAGE)
    peak = inked[np.abs(inked + first - place).argmin()]
    start = end = int(peak)
    while start > 0 and window[start - 1] > LINE_COVERAGE / 2:
        start -= 1
    while end + 1 < window.size and window[end + 1] > LINE_COVERAGE / 2:
        end += 1
    return first + (start + end) // 2, end - start + 1


def erase_printed(mask: BoolImage, background: NDArray[np.uint8], px_per_mm: float) -> BoolImage:
    """Drop blobs that the blank form shows too (captions, printed commas); ink crossing print stays.

    Args:
        mask: (h, w) bool ink of the filled-in form.
        background: (h, w) uint8 of the blank form, aligned to within half a millimetre.
        px_per_mm: resolution.
    """
    printed = find_ink(background, STROKE_MM * px_per_mm).mask.astype(np.uint8)
    slack = 2 * max(1, round(0.25 * px_per_mm)) + 1
    near_print = cv2.dilate(printed, np.ones((slack, slack), np.uint8)).astype(bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count == 1:
        return mask
    on_print = np.bincount(labels[near_print], minlength=count)
    is_print = on_print > 0.75 * stats[:, cv2.CC_STAT_AREA]
    is_print[0] = False
    return np.asarray(mask & ~is_print[labels])


def _assign_blobs(written: BoolImage, region: FieldRegion) -> tuple[NDArray[np.int16], tuple[Box, ...], bool]:
    """Owner cell of every ink pixel (-1 for none), boxes of blobs across several cells, whether any blob was cut."""
    cells = region.cells
    pitch = (cells[-1].right - cells[0].left) / len(cells)
    borders = [(left.right + right.left) // 2 for left, right in pairwise(cells)]
    starts = [max(0, round(cells[0].left - pitch / 2)), *borders]
    ends = [*borders, min(written.shape[1], round(cells[-1].right + pitch / 2))]
    reach = round(cells[0].height / 4)
    speck = (SPECK_MM * region.px_per_mm) ** 2
    count, labels, stats, _ = cv2.connectedComponentsWithStats(written.astype(np.uint8), connectivity=8)
    owners = np.full(written.shape, -1, np.int16)
    spanning: list[Box] = []
    is_touching = False
    for label in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[label])
        middle = top + height / 2
        if area < speck or middle < cells[0].top - reach or middle > cells[0].bottom + reach:
            continue
        blob = labels[top : top + height, left : left + width] == label
        target = owners[top : top + height, left : left + width]
        columns = blob.sum(axis=0)
        shares = [int(columns[max(0, s - left) : max(0, e - left)].sum()) for s, e in zip(starts, ends, strict=True)]
        home = int(np.argmax(shares))
        if width > SPAN_CELLS * pitch:
            spanning.append(Box(left, top, left + width, top + height))
        if shares[home] >= WHOLE_SHARE * area:
            target[blob] = home
            continue
        is_touching = True
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            a, b = max(0, start - left), max(0, end - left)
            target[:, a:b][blob[:, a:b]] = index
    return owners, tuple(spanning), is_touching


def _crop_cell(mine: BoolImage, ink: InkMap, cell: Box, index: int) -> DigitCrop | None:
    """Tight ink of one cell, remnants of its printed sides dropped; None when nothing is left."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mine.astype(np.uint8), connectivity=8)
    if count == 1:
        return None
    largest = int(stats[1:, cv2.CC_STAT_AREA].max())
    rim = max(2, round(cell.width / 12))
    keep = np.zeros(count, bool)
    for label in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[label])
        is_at_rim = (
            left + width <= cell.left + rim
            or left >= cell.right - rim
            or top + height <= cell.top + rim
            or top >= cell.bottom - rim
        )
        is_sliver = min(width, height) <= rim and max(width, height) >= 4 * min(width, height)
        reaches_rim = (
            left <= cell.left + rim
            or left + width >= cell.right - rim
            or top <= cell.top + rim
            or top + height >= cell.bottom - rim
        )
        is_remnant = (is_at_rim and is_sliver) or (reaches_rim and area < REMNANT_SHARE * largest)
        keep[label] = not is_remnant
    kept = keep[labels]
    if not kept.any():
        return None
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    if box.height < cell.height / 6 and box.width < cell.width / 4:
        return None
    window = (slice(box.top, box.bottom), slice(box.left, box.right))
    return DigitCrop(
        np.where(kept[window], np.maximum(ink.soft[window], 128), 0).astype(np.uint8), box, index, index + 1
    )
