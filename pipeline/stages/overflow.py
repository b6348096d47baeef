"""More writing than the field holds: digits that go on beyond its ends, or stand far out of it above and below."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import Box, FieldRegion
from pipeline.stages.comb import STROKE_MM
from pipeline.stages.ink import BoolImage, find_ink, label_blobs
from pipeline.stages.segment import OVERFLOW_SHARE, Segmentation
from pipeline.stages.strike import DIGIT_IN_CELL
from recognizer.readings import GrayImage

GAP = 0.8
"""Digits beyond an end of the field belong to those in it where the gap is at most this, in digit heights."""
TALL = 0.5
"""Ink beyond an end is a digit when at least this high, in digit heights."""
ASIDE = 0.3
"""How far above or below the digits its middle may lie, in digit heights."""
WALL_MM, WALL_SHARE = 0.8, 0.5
"""A printed wall farther than this from the field's own, along this share of the digits' height, is another field's."""
PRINT_REACH_MM = 0.3
"""How far from printed lines ink may be theirs."""
JOIN_MM = 1.0
"""Strokes go on behind a printed line that is taken out of them; lines are up to this thick with that reach."""
INSIDE_SHARE = 0.2
"""A blob with less of its height in the field is its neighbour's."""


def is_overflow(field: Segmentation) -> bool:
    """Whether much of the hand's ink lies outside the field; only the blank form tells it from what is printed."""
    region = field.region
    words, height = _words(field)
    if field.is_overflow or region.background is None or words is None:
        return field.is_overflow
    hand = field.comb.written if field.comb is not None else _hand_ink(region, region.background)
    return _stands_out(hand, region) or _goes_on(hand, words, region, height)


def _hand_ink(region: FieldRegion, background: GrayImage) -> BoolImage:
    """(h, w) bool, ink that the form does not print, with a little room round its lines."""
    stroke = STROKE_MM * region.px_per_mm
    reach = 2 * max(1, round(PRINT_REACH_MM * region.px_per_mm)) + 1
    printed = cv2.dilate(find_ink(background, stroke).mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    return np.asarray(find_ink(region.image, stroke).mask & ~printed)


def _words(field: Segmentation) -> tuple[Box | None, float]:
    """Box round the digits in the field, region pixels; None without any. And how high digits are."""
    if field.comb is not None:
        height = DIGIT_IN_CELL * field.region.cells[0].height
        boxes = [cell.box for cell in field.comb.cells if cell is not None]
    elif field.line is not None:
        height = field.line.lattice.digit_height / field.line.scale
        boxes = [field.line.in_region(primitive.box) for primitive in field.line.lattice.primitives]
    else:
        return None, 0.0
    tall = [box for box in boxes if box.height >= TALL * height]
    if not tall:
        return None, height
    words = tall[0]
    for box in tall[1:]:
        words = words.union(box)
    return words, height


def _goes_on(hand: BoolImage, words: Box, region: FieldRegion, height: float) -> bool:
    """Whether a blob as high as a digit follows the writing beyond the left or right end of the field."""
    inner = region.inner
    beyond = (hand[:, : max(0, inner.left)], hand[:, inner.right :])
    if all(int(part.any(axis=1).sum()) < TALL * height for part in beyond):
        return False
    _, stats, _ = label_blobs(hand)
    for left, top, width, tall, _ in stats[1:].tolist():
        middle = left + width // 2
        is_beside = words.top - ASIDE * height <= top + tall / 2 <= words.bottom + ASIDE * height
        follows = middle >= inner.right and left - words.right <= GAP * height
        precedes = middle < inner.left and words.left - (left + width) <= GAP * height
        is_digit = tall >= TALL * height and is_beside and (follows or precedes)
        if is_digit and not _has_wall(region, words, middle):
            return True
    return False


def _has_wall(region: FieldRegion, words: Box, column: int) -> bool:
    """Whether the form prints the wall of another field between this one's end and a column beyond it."""
    if region.background is None:
        return False
    clear = round(WALL_MM * region.px_per_mm)
    side = region.inner.right + clear if column >= region.inner.right else region.inner.left - clear
    start, end = sorted((column, side))
    printed = find_ink(region.background, STROKE_MM * region.px_per_mm).mask
    between = printed[words.top : words.bottom, max(0, start) : end]
    return between.size > 0 and float(between.mean(axis=0).max()) >= WALL_SHARE


def _stands_out(hand: BoolImage, region: FieldRegion) -> bool:
    """Whether much of the ink that stands in the field lies above or below it."""
    inner = region.inner.clipped(hand.shape[1], hand.shape[0])
    columns = hand[:, inner.left : inner.right]
    inside = int(columns[inner.top : inner.bottom].sum())
    if int(columns.sum()) - inside <= OVERFLOW_SHARE * inside:
        return False
    join = max(1, round(JOIN_MM * region.px_per_mm))
    joined = cv2.morphologyEx(hand.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((join, 1), np.uint8))
    labels, stats, _ = label_blobs(joined > 0)
    tops, heights = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    within = np.minimum(tops + heights, inner.bottom) - np.maximum(tops, inner.top)
    is_own = within >= INSIDE_SHARE * heights
    is_own[0] = False
    own = hand & is_own[labels]
    columns = own[:, inner.left : inner.right]
    inside = int(columns[inner.top : inner.bottom].sum())
    return int(columns.sum()) - inside > OVERFLOW_SHARE * inside
