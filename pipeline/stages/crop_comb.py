"""The comb in a picture of one field, if it shows one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import cv2
import numpy as np

from pipeline.document import Box
from pipeline.stages.box_fields import CELL_ASPECTS, MIN_CELLS, BoxField
from pipeline.stages.boxes import find_boxes
from pipeline.stages.comb_grid import fit_cells
from pipeline.stages.crop_lines import CleanCrop
from pipeline.stages.ink import label_blobs
from pipeline.stages.locate import SEARCH_PX_PER_MM

BOX_HEIGHT_MM = 7.0
"""What printed cells usually measure; sets the scale of a picture without resolution."""
SHOWN_MM = 12.0
"""Height that a picture with a comb is taken to show where neither rules nor boxes tell."""
OTHER_SIZE = 1.4
"""Boxes that are not found in one size are looked for in another, so many times as coarse."""
FRAME_PX = 8
APART_PX = 2
"""Cells this far apart are boxes of their own."""
MIN_COMB_PX = 24
"""In lower pictures box walls cannot be told from strokes."""
SHARED_RULE = 0.6
"""Share of the shorter rule over which the two rules of a comb run one above the other."""
MAX_SIZES = 2
BOX_PX, RIM_PX, SIDE_SHARE = 16, 3, 0.85
"""Ink round a rectangle is at least so high and fills this share of each of its sides, so many pixels wide."""


def find_comb(crop: CleanCrop) -> BoxField | None:
    """The row of at least `MIN_CELLS` cells with the most of them, pixels of the levelled picture."""
    height, width = crop.printed.shape
    if height < MIN_COMB_PX or width < MIN_CELLS * MIN_COMB_PX // 2:
        return None
    best = None
    for sizes in _sizes(crop):
        found = [comb for px_per_mm in sizes if (comb := _largest_comb(crop, px_per_mm)) is not None]
        best = max(found, key=lambda comb: len(comb.cells), default=None)
        if best is not None:
            break
    if best is None:
        return None
    reach = max(2, round(best.cells[0].width / 8))
    gap = best.cells[1].left - best.cells[0].right
    cells = fit_cells(crop.printed, best.box, len(best.cells), reach, gap if gap >= APART_PX else None) or best.cells
    return BoxField(Box(cells[0].left, best.box.top, cells[-1].right, best.box.bottom), cells)


def _sizes(crop: CleanCrop) -> Iterator[tuple[float, ...]]:
    """Pixels a millimetre that the picture may have, likeliest first: by its boxes and rules, else by its height."""
    heights = _box_heights(crop)
    for one, other in combinations(crop.rules, 2):
        shared = min(one.last, other.last) - max(one.first, other.first)
        distance = abs(one.at(one.first) - other.at(one.first))
        if shared > SHARED_RULE * min(one.length, other.length) and distance > 0.2 * len(crop.printed):
            heights.append(distance)
    if heights:
        yield tuple(height / BOX_HEIGHT_MM for height in sorted(heights)[:MAX_SIZES])
        yield (OTHER_SIZE * min(heights) / BOX_HEIGHT_MM,)
    yield (len(crop.printed) / SHOWN_MM,)


def _box_heights(crop: CleanCrop) -> list[float]:
    """The usual height of ink that stands round a rectangle, when there are enough such boxes for a comb."""
    labels, stats, _ = label_blobs(crop.ink)
    least = max(BOX_PX, 0.2 * len(crop.ink))
    heights = []
    for label, (left, top, width, height, _) in enumerate(stats.tolist()):
        if label == 0 or height < least or not CELL_ASPECTS[0] <= width / height <= CELL_ASPECTS[1]:
            continue
        ink = labels[top : top + height, left : left + width] == label
        sides = (ink[:RIM_PX].any(0), ink[-RIM_PX:].any(0), ink[:, :RIM_PX].any(1), ink[:, -RIM_PX:].any(1))
        if min(float(side.mean()) for side in sides) >= SIDE_SHARE:
            heights.append(float(height))
    return [float(np.median(heights))] if len(heights) >= MIN_CELLS else []


def _largest_comb(crop: CleanCrop, px_per_mm: float) -> BoxField | None:
    """The comb with most cells in the picture looked at in one size."""
    height, width = crop.printed.shape
    zoom = min(1.0, SEARCH_PX_PER_MM / px_per_mm)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(crop.printed, size, interpolation=cv2.INTER_AREA) if zoom < 1 else crop.printed
    # Outer walls on the very edge of the picture are seen as lines only with paper beyond them.
    framed = cv2.copyMakeBorder(small, FRAME_PX, FRAME_PX, FRAME_PX, FRAME_PX, cv2.BORDER_REPLICATE)
    fields = find_boxes(np.asarray(framed, np.uint8), px_per_mm * zoom, (4.0, 16.0))
    best = max((field for field in fields if field.cells), key=lambda field: len(field.cells), default=None)
    if best is None:
        return None

    def unzoomed(box: Box) -> Box:
        left, top, right, bottom = (
            round((edge - FRAME_PX) / zoom) for edge in (box.left, box.top, box.right, box.bottom)
        )
        return Box(left, top, right, bottom).clipped(width, height)

    return BoxField(unzoomed(best.box), tuple(unzoomed(cell) for cell in best.cells))
