"""The handwritten row in a picture of one field: caption, rules and neighbouring lines left out, levelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.blobs import (
    Blob,
    close_gaps,
    digit_height,
    find_blobs,
    find_blurred_colon,
    find_colons,
    main_row,
    slope_of,
)
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


def find_text_row(gray: GrayImage) -> TextRow | None:
    """Find the row that was written by hand.

    Args:
        gray: (h, w) uint8, dark on light, about upright; may hold a printed caption left of the writing, rules, sides
            of a box and parts of the lines above and below.

    Returns:
        None when there is no ink that could be writing.
    """
    zoom = min(1.0, SEARCH_WIDTH / max(1, gray.shape[1]))
    size = (max(1, round(gray.shape[1] * zoom)), max(1, round(gray.shape[0] * zoom)))
    small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA) if zoom < 1 else gray, np.uint8)
    if min(small.shape) < 8:
        return None
    written = _without_rules(_ink_mask(small))
    ink, _ = find_blobs(written)
    blobs = [blob for blob in find_blobs(close_gaps(written))[0] if _may_be_writing(blob, small.shape)]
    if not blobs:
        return None
    row, _ = main_row(blobs, small.shape[0])
    start = _end_of_caption(row, ink, small.shape)
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


def _may_be_writing(blob: Blob, shape: tuple[int, ...]) -> bool:
    height, width = shape[:2]
    is_speck = blob.area < 6 or blob.height < max(4, 0.06 * height)
    is_dash = blob.width > 6 * blob.height
    # Cut off above or below: a line of the form that is not ours.
    is_neighbour = (blob.top <= 1 or blob.bottom >= height - 1) and blob.height < 0.45 * height
    is_rim = (blob.left <= 1 or blob.right >= width - 1) and blob.width < 0.04 * width + 2
    is_at_end = blob.right < END_SHARE * width or blob.left > (1 - END_SHARE) * width
    is_wall = is_at_end and blob.height > 0.55 * height and blob.width < 0.25 * blob.height
    return not (is_speck or is_dash or is_neighbour or is_rim or is_wall)


def _end_of_caption(row: Sequence[Blob], ink: Sequence[Blob], shape: tuple[int, ...]) -> float:
    """Column where a printed caption ends: behind its colon, else in the widest gap; 0 when there is none."""
    colon = _last_colon(row, ink, shape)
    if colon is not None:
        return colon + 2
    height, width = shape[:2]
    if width <= 3.5 * height:
        return 0.0
    digit = digit_height(row)
    reached, gaps = 0, []
    for blob, following in pairwise(row):
        reached = max(reached, blob.right)
        if following.left < 0.8 * width:
            gaps.append((following.left - reached, following.left))
    widest, start = max(gaps, default=(0, 0))
    return start - 0.35 * digit if widest > CAPTION_GAP * digit and start > 0.12 * width else 0.0


def _last_colon(row: Sequence[Blob], ink: Sequence[Blob], shape: tuple[int, ...]) -> float | None:
    """Column of the last colon with writing behind it and a caption, or room for one, before it."""
    found = [
        x
        for x in find_colons(row, ink)
        if any(blob.left >= x - 2 for blob in row) and (any(b.right <= x + 2 for b in row) or x < 0.85 * shape[1])
    ]
    if found:
        return max(found)
    blurred = find_blurred_colon(row, ink)
    return None if blurred is None else float(blurred.right)


def _measure(row: Sequence[Blob], start: float, width: int, zoom: float) -> TextRow:
    tallest = max(blob.height for blob in row)
    big = [blob for blob in row if blob.height >= tallest / 2]
    top, bottom = float(np.median([b.top for b in big])), float(np.median([b.bottom for b in big]))
    height = max(bottom - top, 4.0)
    left, right = min(blob.left for blob in row), max(blob.right for blob in row)
    middles = np.array([blob.middle for blob in big])
    return TextRow(
        (float(middles[:, 0].mean()) / zoom, float(middles[:, 1].mean()) / zoom),
        height / zoom,
        max(start, left - height / 2) / zoom,
        min(width, right + height / 2) / zoom,
        slope_of(row),
    )
