"""Connected ink in a picture of one field: its rows, the height of its digits, and the colons between its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.ink import BoolImage, digit_height, find_blobs

JOIN_GAP = 4.0
"""Parts of a row stand nearer to each other than this many row heights."""
MAX_SLOPE = 0.2
"""Rows that rise or fall more steeply are levelled by no more than this."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Connected ink of a picture: its number in the labels, its place, and how many pixels it has."""

    label: int
    box: Box
    area: int


def list_blobs(ink: BoolImage) -> tuple[list[Blob], NDArray[np.int32]]:
    """All connected ink, and the (h, w) int32 labels that name it; 0 is paper."""
    found = find_blobs(ink)
    boxes = enumerate(found.stats[1:].tolist(), start=1)
    return [Blob(label, Box(x, y, x + w, y + h), area) for label, (x, y, w, h, area) in boxes], found.labels


def close_gaps(ink: BoolImage) -> BoolImage:
    """Ink with breaks of a pixel or two closed."""
    return cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0


def height_of_digits(blobs: Sequence[Blob]) -> float:
    """Height of the digits among blobs of all sizes, pixels."""
    return digit_height([blob.box for blob in blobs])


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
        y = seed.box.middle[1]
        return [blob for blob in blobs if blob.box.top < y < blob.box.bottom and not are_apart(blob, seed)]

    def weight(seed: Blob) -> float:
        ink = sum(blob.box.height * min(blob.box.width, 2 * blob.box.height) for blob in crossed_by(seed))
        return ink * (1 - 0.6 * abs(seed.box.middle[1] / height - 0.5) * 2)

    seed = max(blobs, key=weight)
    row = crossed_by(seed)
    typical = float(np.median([blob.box.height for blob in row]))
    waiting = [blob for blob in blobs if blob not in row and 0.4 * typical <= blob.box.height <= 2.2 * typical]
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
    return sorted(row, key=lambda blob: blob.box.left), weight(seed)


def _are_side_by_side(blob: Blob, other: Blob, typical: float) -> bool:
    one, two = blob.box, other.box
    shared = min(one.bottom, two.bottom) - max(one.top, two.top)
    gap = max(one.left, two.left) - min(one.right, two.right)
    return shared > 0.45 * min(one.height, two.height) and gap < JOIN_GAP * typical


def slope_of(blobs: Sequence[Blob]) -> float:
    """Pixels that a row falls for each pixel to the right; 0 where it is too short to tell."""
    tallest = max(blob.box.height for blob in blobs)
    middles = np.array([blob.box.middle for blob in blobs if blob.box.height >= tallest / 2])
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
    digit, dots = height_of_digits(row), list(_dots(row, ink))
    found = []
    for upper in dots:
        for lower in dots:
            (upper_x, upper_y), (lower_x, lower_y) = upper.box.middle, lower.box.middle
            if abs(lower_x - upper_x) >= 0.2 * digit + 1 or not 0.2 * digit < lower_y - upper_y < 1.1 * digit:
                continue
            y = (upper_y + lower_y) / 2
            if any(blob.box.top - 0.3 * digit < y < blob.box.bottom + 0.3 * digit for blob in row):
                found.append((upper_x + lower_x) / 2)
    return found


def find_blurred_colon(row: Sequence[Blob], ink: Sequence[Blob]) -> Blob | None:
    """A dot on the base line of a word, with room behind it: what blur leaves of a colon behind a caption."""
    digit = height_of_digits(row)
    tall = [blob.box for blob in row if blob.box.height > digit / 2]
    for dot in sorted(_dots(row, ink), key=lambda blob: blob.box.left):
        box = dot.box
        if not 0.6 <= box.width / max(1, box.height) <= 1.8 or box.height < 0.1 * digit:
            continue
        caption = [other for other in tall if other.right <= box.left + 0.35 * digit]
        writing = [other for other in tall if other.left >= box.right]
        if not caption or not writing:
            continue
        length = max(other.right for other in caption) - min(other.left for other in caption)
        last = max(caption, key=lambda other: other.left)
        is_on_base = abs(box.bottom - last.bottom) < 0.3 * digit and box.left - last.right < 0.5 * digit
        if length >= 1.2 * digit and is_on_base and min(other.left for other in writing) - box.right > 0.25 * digit:
            return dot
    return None


def _dots(row: Sequence[Blob], ink: Sequence[Blob]) -> Iterator[Blob]:
    digit = height_of_digits(row)
    return (b for b in ink if b.area >= 2 and b.box.height < 0.45 * digit and b.box.width < 0.5 * digit + 2)
