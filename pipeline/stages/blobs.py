"""Connected ink in a picture of one field: its rows, the height of its digits, and the colons between its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.ink import BoolImage, find_blobs

JOIN_GAP = 4.0
"""Parts of a row stand nearer to each other than this many row heights."""
MAX_SLOPE = 0.2
"""Rows that rise or fall more steeply are levelled by no more than this."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Connected ink: its box, its area and its number in the labels of the picture."""

    left: int
    top: int
    right: int
    bottom: int
    area: int
    label: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def list_blobs(ink: BoolImage) -> tuple[list[Blob], NDArray[np.int32]]:
    """All connected ink, and the (h, w) int32 labels that name it; 0 is paper."""
    found = find_blobs(ink)
    boxes = enumerate(found.stats[1:].tolist(), start=1)
    return [Blob(x, y, x + w, y + h, area, label) for label, (x, y, w, h, area) in boxes], found.labels


def close_gaps(ink: BoolImage) -> BoolImage:
    """Ink with breaks of a pixel or two closed."""
    return cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0


def digit_height(blobs: Sequence[Blob]) -> float:
    """Height of the digits among blobs of all sizes: the median of those at least half as high as the highest."""
    tallest = max(blob.height for blob in blobs)
    return float(np.median([blob.height for blob in blobs if blob.height >= tallest / 2]))


def main_row(
    blobs: Sequence[Blob], height: int, are_apart: Callable[[Blob, Blob], bool] = lambda *_: False
) -> tuple[list[Blob], float]:
    """The row with the most ink near the middle of the picture, its neighbours chained on, left to right.

    Args:
        blobs: at least one.
        height: of the picture.
        are_apart: whether something parts two blobs, such as a rule between them.

    Returns:
        The row and its weight: its ink, more where it is near the middle.
    """

    def crossed_by(seed: Blob) -> list[Blob]:
        y = seed.middle[1]
        return [blob for blob in blobs if blob.top < y < blob.bottom and not are_apart(blob, seed)]

    def weight(seed: Blob) -> float:
        ink = sum(blob.height * min(blob.width, 2 * blob.height) for blob in crossed_by(seed))
        return ink * (1 - 0.6 * abs(seed.middle[1] / height - 0.5) * 2)

    seed = max(blobs, key=weight)
    row = crossed_by(seed)
    typical = float(np.median([blob.height for blob in row]))
    waiting = [blob for blob in blobs if blob not in row and 0.4 * typical <= blob.height <= 2.2 * typical]
    grown = True
    while grown:
        joining = [
            blob
            for blob in waiting
            if any(_are_side_by_side(blob, other, typical) and not are_apart(blob, other) for other in row)
        ]
        waiting = [blob for blob in waiting if blob not in joining]
        row += joining
        grown = bool(joining)
    return sorted(row, key=lambda blob: blob.left), weight(seed)


def _are_side_by_side(blob: Blob, other: Blob, typical: float) -> bool:
    shared = min(blob.bottom, other.bottom) - max(blob.top, other.top)
    gap = max(blob.left, other.left) - min(blob.right, other.right)
    return shared > 0.45 * min(blob.height, other.height) and gap < JOIN_GAP * typical


def slope_of(blobs: Sequence[Blob]) -> float:
    """Pixels that a row falls for each pixel to the right; 0 where it is too short to tell."""
    tallest = max(blob.height for blob in blobs)
    middles = np.array([blob.middle for blob in blobs if blob.height >= tallest / 2])
    if len(middles) <= 2 or np.ptp(middles[:, 0]) <= 3 * tallest:
        return 0.0
    return float(np.clip(np.polyfit(middles[:, 0], middles[:, 1], 1)[0], -MAX_SLOPE, MAX_SLOPE))


# --- colons --------------------------------------------------------------------------------------


def find_colons(row: Sequence[Blob], ink: Sequence[Blob]) -> list[float]:
    """Columns of colons: two dots one above the other, level with the row.

    Args:
        row: its writing and captions.
        ink: all ink of the picture before gaps were closed, which joins the dots of a small colon.
    """
    digit, dots = digit_height(row), list(_dots(row, ink))
    found = []
    for upper in dots:
        for lower in dots:
            rise = lower.middle[1] - upper.middle[1]
            if abs(lower.middle[0] - upper.middle[0]) >= 0.2 * digit + 1 or not 0.2 * digit < rise < 1.1 * digit:
                continue
            x, y = (upper.middle[0] + lower.middle[0]) / 2, (upper.middle[1] + lower.middle[1]) / 2
            if any(blob.top - 0.3 * digit < y < blob.bottom + 0.3 * digit for blob in row):
                found.append(x)
    return found


def find_blurred_colon(row: Sequence[Blob], ink: Sequence[Blob]) -> Blob | None:
    """A dot on the base line of a word, with room behind it: what blur leaves of a colon behind a caption."""
    digit = digit_height(row)
    tall = [blob for blob in row if blob.height > digit / 2]
    for dot in sorted(_dots(row, ink), key=lambda one: one.left):
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
            return dot
    return None


def _dots(row: Sequence[Blob], ink: Sequence[Blob]) -> Iterator[Blob]:
    digit = digit_height(row)
    return (b for b in ink if b.area >= 2 and b.height < 0.45 * digit and b.width < 0.5 * digit + 2)
