"""The handwritten row in a picture of one field: caption, rules and neighbouring lines left out, levelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.ink import BoolImage
from pipeline.stages.plane import scaling, shift
from recognizer.readings import GrayImage

SEARCH_WIDTH = 600
"""Wider pictures are reduced to this: a row of ten digits then still has digits of 25 pixels."""
MIN_CONTRAST = 8
"""Gray levels below which photographed pencil drowns in the noise of the paper."""
RULE_SHARE_WIDE, RULE_SHARE = 0.3, 0.45
"""Horizontal runs longer than this share of the width are rules; wide pictures hold longer strings."""
WIDE_ASPECT = 3.2
WALL_SHARE = 0.75
"""Upright runs longer than this share of the height are sides of boxes."""
END_SHARE = 0.15
"""Outer part of the width in which a tall thin blob is the side of a box, though too slanted for a wall run."""
MAX_SLOPE = 0.2
JOIN_GAP = 4.0
"""Parts of a row stand nearer to each other than this many row heights."""
CAPTION_GAP = 1.5
"""A gap of this many row heights parts a printed caption from the writing."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """Where a row of writing lies in a picture, pixels.

    Attributes:
        middle: x and y of the middle of the row.
        height: of its digits.
        left, right: ends, half a digit of paper included.
        slope: pixels down for each pixel to the right.
    """

    middle: tuple[float, float]
    height: float
    left: float
    right: float
    slope: float


@dataclass(frozen=True, slots=True)
class _Blob:
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def find_text_row(gray: GrayImage, may_have_caption: bool = True) -> TextRow | None:
    """Find the row that was written by hand.

    Args:
        gray: (h, w) uint8, dark on light, about upright; may hold a printed caption left of the writing, rules, sides
            of a box and parts of the lines above and below.
        may_have_caption: False for amounts, whose points and gaps look like the end of a caption.

    Returns:
        None when there is no ink that could be writing.
    """
    zoom = min(1.0, SEARCH_WIDTH / max(1, gray.shape[1]))
    size = (max(1, round(gray.shape[1] * zoom)), max(1, round(gray.shape[0] * zoom)))
    small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA) if zoom < 1 else gray, np.uint8)
    if min(small.shape) < 8:
        return None
    written = _without_rules(_ink_mask(small))
    specks = _blobs(written)
    closed = cv2.morphologyEx(written.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    blobs = [blob for blob in _blobs(closed) if _may_be_writing(blob, small.shape)]
    if not blobs:
        return None
    row = _main_row(blobs, small.shape)
    start = _end_of_caption(row, specks, small.shape) if may_have_caption else 0.0
    row = [blob for blob in row if blob.middle[0] >= start] or row
    return _measure(row, start, small.shape[1], zoom)


def strip_to_picture(row: TextRow, zoom: float, strip_height: int) -> tuple[FloatMatrix, tuple[int, int]]:
    """Matrix from the pixels of a levelled strip to those of the picture, and the strip's (width, height)."""
    width = max(8, round((row.right - row.left) * zoom))
    lean = np.eye(3)
    lean[1, 0] = row.slope
    to_row = scaling(1 / zoom) @ shift(0, -(strip_height - 1) / 2)
    at_start = row.middle[1] + row.slope * (row.left - row.middle[0])
    return shift(row.left, at_start) @ lean @ to_row, (width, strip_height)


def _ink_mask(gray: GrayImage) -> BoolImage:
    height, width = gray.shape
    side = max(15, min(height, width) // 2) | 1
    paper = cv2.blur(np.maximum(gray, cv2.blur(gray, (side, side))), (side, side))
    depth = cv2.subtract(paper, cv2.GaussianBlur(gray, (0, 0), max(0.6, height / 90)))
    threshold, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(depth > max(threshold, MIN_CONTRAST))


def _without_rules(mask: BoolImage) -> BoolImage:
    height, width = mask.shape
    ink = mask.astype(np.uint8)
    share = RULE_SHARE_WIDE if width > WIDE_ASPECT * height else RULE_SHARE
    level = _runs(ink, max(20, int(share * width)))
    upright = _runs(np.ascontiguousarray(ink.T), max(20, int(WALL_SHARE * height))).T
    rules = cv2.dilate(level | upright, np.ones((2, 2), np.uint8))
    return np.asarray(mask & (rules == 0))


def _runs(ink: NDArray[np.uint8], length: int) -> NDArray[np.uint8]:
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    return np.asarray(cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)), np.uint8)


def _blobs(mask: BoolImage) -> list[_Blob]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return [_Blob(left, top, left + width, top + height, area) for left, top, width, height, area in stats[1:].tolist()]


def _may_be_writing(blob: _Blob, shape: tuple[int, ...]) -> bool:
    height, width = shape[:2]
    is_speck = blob.area < 6 or blob.height < max(4, 0.06 * height)
    is_dash = blob.width > 6 * blob.height
    # Cut off above or below: a line of the form that is not ours.
    is_neighbour = (blob.top <= 1 or blob.bottom >= height - 1) and blob.height < 0.45 * height
    is_rim = (blob.left <= 1 or blob.right >= width - 1) and blob.width < 0.04 * width + 2
    is_at_end = blob.right < END_SHARE * width or blob.left > (1 - END_SHARE) * width
    is_wall = is_at_end and blob.height > 0.55 * height and blob.width < 0.25 * blob.height
    return not (is_speck or is_dash or is_neighbour or is_rim or is_wall)


def _main_row(blobs: Sequence[_Blob], shape: tuple[int, ...]) -> list[_Blob]:
    """The row with the most ink near the middle of the picture, its neighbours chained on, left to right."""
    height = shape[0]

    def crossed_by(y: float) -> list[_Blob]:
        return [blob for blob in blobs if blob.top < y < blob.bottom]

    def weight(seed: _Blob) -> float:
        y = seed.middle[1]
        ink = sum(blob.height * min(blob.width, 2 * blob.height) for blob in crossed_by(y))
        return ink * (1 - 0.6 * abs(y / height - 0.5) * 2)

    row = crossed_by(max(blobs, key=weight).middle[1])
    typical = float(np.median([blob.height for blob in row]))
    waiting = [blob for blob in blobs if blob not in row and 0.4 * typical <= blob.height <= 2.2 * typical]
    grown = True
    while grown:
        joining = [blob for blob in waiting if any(_are_side_by_side(blob, other, typical) for other in row)]
        waiting = [blob for blob in waiting if blob not in joining]
        row += joining
        grown = bool(joining)
    return sorted(row, key=lambda blob: blob.left)


def _are_side_by_side(blob: _Blob, other: _Blob, typical: float) -> bool:
    shared = min(blob.bottom, other.bottom) - max(blob.top, other.top)
    gap = max(blob.left, other.left) - min(blob.right, other.right)
    return shared > 0.45 * min(blob.height, other.height) and gap < JOIN_GAP * typical


def _end_of_caption(row: Sequence[_Blob], specks: Sequence[_Blob], shape: tuple[int, ...]) -> float:
    """Column where a printed caption ends: behind its colon, else in the widest gap; 0 when there is none."""
    tallest = max(blob.height for blob in row)
    digit = float(np.median([blob.height for blob in row if blob.height >= tallest / 2]))
    colon = _colon(row, specks, digit, shape)
    if colon is not None:
        return colon + 2
    height, width = shape[:2]
    if width <= 3.5 * height:
        return 0.0
    reached, gaps = 0, []
    for blob, following in pairwise(row):
        reached = max(reached, blob.right)
        if following.left < 0.8 * width:
            gaps.append((following.left - reached, following.left))
    widest, start = max(gaps, default=(0, 0))
    return start - 0.35 * digit if widest > CAPTION_GAP * digit and start > 0.12 * width else 0.0


def _colon(row: Sequence[_Blob], specks: Sequence[_Blob], digit: float, shape: tuple[int, ...]) -> float | None:
    """Column of the last colon: two dots one above the other, or blurred to the lower one alone on the base line."""
    dots = [dot for dot in specks if dot.area >= 2 and dot.height < 0.45 * digit and dot.width < 0.5 * digit + 2]
    found = []
    for upper in dots:
        for lower in dots:
            rise = lower.middle[1] - upper.middle[1]
            if abs(lower.middle[0] - upper.middle[0]) >= 0.2 * digit + 1 or not 0.2 * digit < rise < 1.1 * digit:
                continue
            x, y = (upper.middle[0] + lower.middle[0]) / 2, (upper.middle[1] + lower.middle[1]) / 2
            is_level = any(blob.top - 0.3 * digit < y < blob.bottom + 0.3 * digit for blob in row)
            has_caption = any(blob.right <= x + 2 for blob in row)
            has_writing = any(blob.left >= x - 2 for blob in row)
            if is_level and has_writing and (has_caption or x < 0.85 * shape[1]):
                found.append(x)
    if found:
        return max(found)
    return _lone_lower_dot(row, dots, digit)


def _lone_lower_dot(row: Sequence[_Blob], dots: Sequence[_Blob], digit: float) -> float | None:
    tall = [blob for blob in row if blob.height > digit / 2]
    for dot in sorted(dots, key=lambda one: one.left):
        if not 0.6 <= dot.width / max(1, dot.height) <= 1.8 or dot.height < 0.1 * digit:
            continue
        caption = [blob for blob in tall if blob.right <= dot.left + 0.35 * digit]
        writing = [blob for blob in tall if blob.left >= dot.right]
        if not caption or not writing:
            continue
        length = max(blob.right for blob in caption) - min(blob.left for blob in caption)
        last = max(caption, key=lambda blob: blob.left)
        is_on_base = abs(dot.bottom - last.bottom) < 0.3 * digit and dot.left - last.right < 0.5 * digit
        if length >= 1.2 * digit and is_on_base and min(blob.left for blob in writing) - dot.right > 0.25 * digit:
            return float(dot.right)
    return None


def _measure(row: Sequence[_Blob], start: float, width: int, zoom: float) -> TextRow:
    tallest = max(blob.height for blob in row)
    big = [blob for blob in row if blob.height >= tallest / 2]
    top, bottom = float(np.median([b.top for b in big])), float(np.median([b.bottom for b in big]))
    height = max(bottom - top, 4.0)
    left, right = min(blob.left for blob in row), max(blob.right for blob in row)
    middles = np.array([blob.middle for blob in big])
    slope = 0.0
    if len(big) > 2 and np.ptp(middles[:, 0]) > 3 * tallest:
        slope = float(np.clip(np.polyfit(middles[:, 0], middles[:, 1], 1)[0], -MAX_SLOPE, MAX_SLOPE))
    return TextRow(
        (float(middles[:, 0].mean()) / zoom, float(middles[:, 1].mean()) / zoom),
        height / zoom,
        max(start, left - height / 2) / zoom,
        min(width, right + height / 2) / zoom,
        slope,
    )
