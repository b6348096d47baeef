"""Rows of ink in a cleaned picture of one field, and the words in them that may be the field's writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.blobs import (
    Blob,
    close_gaps,
    find_blurred_colon,
    find_colons,
    height_of_digits,
    list_blobs,
    main_row,
)
from pipeline.stages.crop_lines import CleanCrop
from pipeline.stages.ink import BoolImage

WORD_GAP = 0.7
"""A gap of this many digit heights may part a caption from the writing ..."""
WIDEST_GAPS, LEAST_GAP = 2, 0.3
"""... and so may the widest gaps of a row, from this many digit heights."""
MAX_WORDS = 6
"""More words than these are joined again, the nearest first."""
MAX_ROWS = 2
ROW_SHARE = 0.25
"""Rows with less than this share of the weightiest row's ink are marks or parts of neighbouring lines."""


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


def find_rows(crop: CleanCrop, may_have_caption: bool = True) -> RowMap:
    """Group the ink of a picture into rows and words.

    Args:
        crop: levelled, its ink told from its printed lines.
        may_have_caption: False for amounts, whose points look like what is left of a blurred colon.
    """
    blobs, labels = list_blobs(close_gaps(crop.ink))
    waiting = [blob for blob in blobs if _may_be_writing(blob, crop.ink)]
    specks = [blob for blob in blobs if blob not in waiting]
    ink, _ = list_blobs(crop.ink)
    rows: list[Row] = []
    while waiting and len(rows) < MAX_ROWS:
        members, weight = main_row(waiting, len(crop.ink), lambda blob, other: _is_ruled_off(blob, other, crop))
        if rows and weight < ROW_SHARE * rows[0].weight:
            break
        waiting = [blob for blob in waiting if blob not in members]
        rows.append(Row(tuple(_words(members, _colons(members, ink, may_have_caption), crop)), weight))
    return RowMap(tuple(rows), labels, (*specks, *waiting))


def _may_be_writing(blob: Blob, ink: BoolImage) -> bool:
    height, width = ink.shape
    box = blob.box
    is_speck = blob.area < 6 or box.height < max(4, 0.06 * height)
    is_dash = box.width > 6 * box.height
    # Cut off above or below: a line of the form that is not ours.
    is_neighbour = (box.top <= 1 or box.bottom >= height - 1) and box.height < 0.3 * height
    is_rim = (box.left <= 1 or box.right >= width - 1) and box.width < 0.02 * width + 2
    # Through the whole picture: the edge of something else, a bar code, a fold.
    is_through = box.top <= 1 and box.bottom >= height - 1 and box.width < 0.3 * height
    return not (is_speck or is_dash or is_neighbour or is_rim or is_through)


def _is_ruled_off(blob: Blob, other: Blob, crop: CleanCrop) -> bool:
    """Whether a rule runs over the one and under the other."""
    (x, y), (other_x, other_y) = blob.box.middle, other.box.middle
    return any(
        rule.first <= x <= rule.last
        and rule.first <= other_x <= rule.last
        and (y - rule.at(x)) * (other_y - rule.at(other_x)) < 0
        for rule in crop.rules
    )


def _words(row: Sequence[Blob], colons: Sequence[float], crop: CleanCrop) -> Iterator[Word]:
    """Split a row where a colon, a wall or a wide gap stands."""
    digit = height_of_digits(row)
    splits: list[tuple[int, float, bool, bool]] = []
    reached = row[0].box.right
    for number, (blob, following) in enumerate(pairwise(row), start=1):
        reached = max(reached, blob.box.right)
        gap = float(following.box.left - reached)
        is_colon = any(blob.box.middle[0] < x <= following.box.middle[0] for x in colons)
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
    left, (right, y) = blob.box.middle[0], following.box.middle
    return any(wall.first < y < wall.last and left < wall.at(y) <= right for wall in crop.walls)


def _colons(row: Sequence[Blob], ink: Sequence[Blob], may_have_caption: bool) -> list[float]:
    """Columns of colons, a blurred one behind a caption among them."""
    found = find_colons(row, ink)
    blurred = find_blurred_colon(row, ink) if may_have_caption and not found else None
    return found if blurred is None else [blurred.box.middle[0]]
