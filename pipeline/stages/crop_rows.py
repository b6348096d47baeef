"""Rows of ink in a cleaned picture of one field, and the words in them that may be the field's writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.crop_lines import CleanCrop
from pipeline.stages.ink import BoolImage

JOIN_GAP = 4.0
"""Parts of a row stand nearer to each other than this many row heights."""
WORD_GAP = 0.7
"""A gap of this many digit heights may part a caption from the writing ..."""
WIDEST_GAPS, LEAST_GAP = 2, 0.3
"""... and so may the widest gaps of a row, from this many digit heights."""
MAX_WORDS = 6
"""More words than these are joined again, the nearest first."""
MAX_ROWS = 2
ROW_SHARE = 0.25
"""Rows with less than this share of the weightiest row's ink are marks or parts of neighbouring lines."""
MAX_SLOPE = 0.2


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


@dataclass(frozen=True)
class Word:
    """Neighbouring blobs of a row.

    Attributes:
        gap: paper before it, pixels; 0 for the first word.
        is_after_colon, is_after_wall: what parts it from the word before.
    """

    blobs: tuple[Blob, ...]
    gap: float = 0.0
    is_after_colon: bool = False
    is_after_wall: bool = False


@dataclass(frozen=True)
class Row:
    """Words of one row, left to right; `weight` tells how much ink it has and how near the middle it is."""

    words: tuple[Word, ...]
    weight: float

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return tuple(blob for word in self.words for blob in word.blobs)


@dataclass(frozen=True)
class RowMap:
    """All ink of a picture: its rows, weightiest first, and which ink is whose.

    Attributes:
        labels: (h, w) int32, number of the blob at every pixel, 0 for paper.
        specks: blobs in no row: dots, commas, parts of neighbouring lines, noise.
    """

    rows: tuple[Row, ...]
    labels: NDArray[np.int32]
    specks: tuple[Blob, ...]


def digit_height(blobs: Sequence[Blob]) -> float:
    """Height of the digits among blobs of all sizes: the median of those at least half as high as the highest."""
    tallest = max(blob.height for blob in blobs)
    return float(np.median([blob.height for blob in blobs if blob.height >= tallest / 2]))


def find_rows(crop: CleanCrop, may_have_caption: bool = True) -> RowMap:
    """Group the ink of a picture into rows and words.

    Args:
        crop: levelled, its rules painted over.
        may_have_caption: False for amounts, whose points look like what is left of a blurred colon.
    """
    closed = cv2.morphologyEx(crop.ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    blobs = [Blob(x, y, x + w, y + h, a, n) for n, (x, y, w, h, a) in enumerate(stats[1:].tolist(), start=1)]
    waiting = [blob for blob in blobs if _may_be_writing(blob, crop.ink)]
    specks = [blob for blob in blobs if blob not in waiting]
    # Closing joins the dots of a small colon.
    _, _, stats, _ = cv2.connectedComponentsWithStats(crop.ink.astype(np.uint8), connectivity=8)
    dots = [Blob(x, y, x + w, y + h, a, 0) for x, y, w, h, a in stats[1:].tolist()]
    rows: list[Row] = []
    while waiting and len(rows) < MAX_ROWS:
        members, weight = _main_row(waiting, crop)
        if rows and weight < ROW_SHARE * rows[0].weight:
            break
        waiting = [blob for blob in waiting if blob not in members]
        rows.append(Row(tuple(_words(members, _colons(members, dots, may_have_caption), crop)), weight))
    return RowMap(tuple(rows), np.asarray(labels, np.int32), (*specks, *waiting))


def _may_be_writing(blob: Blob, ink: BoolImage) -> bool:
    height, width = ink.shape
    is_speck = blob.area < 6 or blob.height < max(4, 0.06 * height)
    is_dash = blob.width > 6 * blob.height
    # Cut off above or below: a line of the form that is not ours.
    is_neighbour = (blob.top <= 1 or blob.bottom >= height - 1) and blob.height < 0.3 * height
    is_rim = (blob.left <= 1 or blob.right >= width - 1) and blob.width < 0.02 * width + 2
    # Through the whole picture: the edge of something else, a bar code, a fold.
    is_through = blob.top <= 1 and blob.bottom >= height - 1 and blob.width < 0.3 * height
    return not (is_speck or is_dash or is_neighbour or is_rim or is_through)


def _main_row(blobs: Sequence[Blob], crop: CleanCrop) -> tuple[list[Blob], float]:
    """The row with the most ink near the middle of the picture, its neighbours chained on, and its weight."""
    height = len(crop.ink)

    def crossed_by(seed: Blob) -> list[Blob]:
        y = seed.middle[1]
        return [blob for blob in blobs if blob.top < y < blob.bottom and not _is_ruled_off(blob, seed, crop)]

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
            if any(_are_side_by_side(blob, other, typical) and not _is_ruled_off(blob, other, crop) for other in row)
        ]
        waiting = [blob for blob in waiting if blob not in joining]
        row += joining
        grown = bool(joining)
    return sorted(row, key=lambda blob: blob.left), weight(seed)


def _are_side_by_side(blob: Blob, other: Blob, typical: float) -> bool:
    shared = min(blob.bottom, other.bottom) - max(blob.top, other.top)
    gap = max(blob.left, other.left) - min(blob.right, other.right)
    return shared > 0.45 * min(blob.height, other.height) and gap < JOIN_GAP * typical


def _is_ruled_off(blob: Blob, other: Blob, crop: CleanCrop) -> bool:
    """Whether a rule runs over the one and under the other."""
    (x, y), (other_x, other_y) = blob.middle, other.middle
    return any(
        rule.first <= x <= rule.last
        and rule.first <= other_x <= rule.last
        and (y - rule.at(x)) * (other_y - rule.at(other_x)) < 0
        for rule in crop.rules
    )


def _words(row: Sequence[Blob], colons: Sequence[float], crop: CleanCrop) -> Iterator[Word]:
    """Split a row where a colon, a wall or a wide gap stands."""
    digit = digit_height(row)
    splits: list[tuple[int, float, bool, bool]] = []
    reached = row[0].right
    for number, (blob, following) in enumerate(pairwise(row), start=1):
        reached = max(reached, blob.right)
        gap = float(following.left - reached)
        is_colon = any(blob.middle[0] < x <= following.middle[0] for x in colons)
        is_wall = gap > 0 and _has_wall_between(blob, following, crop)
        splits.append((number, gap, is_colon, is_wall))
    splits.sort(key=lambda split: -split[1])
    wide = [
        split
        for place, split in enumerate(splits)
        if split[1] > (LEAST_GAP if place < WIDEST_GAPS else WORD_GAP) * digit or split[2] or split[3]
    ]
    strongest = sorted(wide, key=lambda split: -(split[1] + 4 * digit * (split[2] or split[3])))[: MAX_WORDS - 1]
    starts = [(0, 0.0, False, False), *sorted(strongest)]
    for (start, gap, is_colon, is_wall), (end, *_) in pairwise([*starts, (len(row), 0.0, False, False)]):
        yield Word(tuple(row[start:end]), gap, is_colon, is_wall)


def _has_wall_between(blob: Blob, following: Blob, crop: CleanCrop) -> bool:
    y = following.middle[1]
    return any(wall.first < y < wall.last and blob.middle[0] < wall.at(y) <= following.middle[0] for wall in crop.walls)


def _colons(row: Sequence[Blob], specks: Sequence[Blob], may_have_caption: bool) -> list[float]:
    """Columns of colons: two dots one above the other, level with the row, or the lower one alone behind a caption."""
    digit = digit_height(row)
    dots = [b for b in specks if b.area >= 2 and b.height < 0.45 * digit and b.width < 0.5 * digit + 2]
    found = []
    for upper in dots:
        for lower in dots:
            rise = lower.middle[1] - upper.middle[1]
            if abs(lower.middle[0] - upper.middle[0]) >= 0.2 * digit + 1 or not 0.2 * digit < rise < 1.1 * digit:
                continue
            x, y = (upper.middle[0] + lower.middle[0]) / 2, (upper.middle[1] + lower.middle[1]) / 2
            if any(blob.top - 0.3 * digit < y < blob.bottom + 0.3 * digit for blob in row):
                found.append(x)
    if found or not may_have_caption:
        return found
    lone = _lone_lower_dot(row, dots, digit)
    return [] if lone is None else [lone]


def _lone_lower_dot(row: Sequence[Blob], dots: Sequence[Blob], digit: float) -> float | None:
    """Column of a dot on the base line of a word, with room behind it: what blur leaves of a colon."""
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
            return dot.middle[0]
    return None
