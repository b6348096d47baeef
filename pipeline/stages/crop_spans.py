"""What in a picture of one field may be its writing: runs of words, each levelled and cut out on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from pipeline.document import Box, FieldKind, FloatMatrix
from pipeline.stages.blobs import Blob, height_of_digits, slope_of
from pipeline.stages.crop_lines import CleanCrop
from pipeline.stages.crop_rows import RowMap, Word
from pipeline.stages.plane import cut, shift
from recognizer.readings import GrayImage

ROW_BAND = 32 / 18
"""Height of a row's picture for the height of its digits: what the strip network reads best (measured on photographed
form fields, 18 of 32 pixels)."""
MAX_SPANS = 8
"""Spans that are read; each costs two or three runs of the strip network."""
MARK_REACH = 1.5
"""A dash that ends an amount begins and ends within this many digit heights of its last digit."""
SIGN_WORDS = 2
"""A currency sign stands in one of the first words of a row."""


@dataclass(frozen=True)
class Span:
    """A run of words of one row.

    Attributes:
        row: number of the row, weightiest first.
        blobs: its ink, left to right.
        before, after: the other ink of its row.
        gap: paper before it, pixels.
        is_after_colon, is_after_wall: what parts it from the word before.
        has_colon_before: a colon stands farther left in its row.
        has_wall_inside: a wall stands between its words.
        widest_gap: paper between its words, pixels.
    """

    row: int
    blobs: tuple[Blob, ...]
    before: tuple[Blob, ...]
    after: tuple[Blob, ...]
    gap: float
    is_after_colon: bool
    is_after_wall: bool
    has_colon_before: bool
    has_wall_inside: bool
    widest_gap: float

    @property
    def box(self) -> Box:
        """Around its ink."""
        return reduce(Box.union, (blob.box for blob in self.blobs))

    @property
    def height(self) -> float:
        """Of its digits, pixels."""
        return height_of_digits(self.blobs)


def find_spans(rows: RowMap, kind: FieldKind) -> tuple[Span, ...]:
    """Spans that may be the field's writing, of every row, from any word to its last or its last but one."""
    spans: list[Span] = []
    for number, row in enumerate(rows.rows):
        words = _with_sign_apart(row.words) if kind is FieldKind.AMOUNT else row.words
        for first in range(len(words)):
            for last in range(len(words), max(first, len(words) - 2), -1):
                spans.append(_span(number, words, first, last))
    spans.sort(key=lambda span: (span.row, -_ink(span.blobs)))
    return tuple(spans[:MAX_SPANS])


def _with_sign_apart(words: Sequence[Word]) -> tuple[Word, ...]:
    """The first sign of the first words a word of its own: it may be a currency's."""
    apart: list[Word] = []
    for number, word in enumerate(words):
        if len(word.blobs) < 3 or number >= SIGN_WORDS:
            apart.append(word)
            continue
        gap = max(0, word.blobs[1].box.left - word.blobs[0].box.right)
        apart.append(Word(word.blobs[:1], word.gap, word.is_after_colon, word.is_after_wall))
        apart.append(Word(word.blobs[1:], float(gap)))
    return tuple(apart)


def _span(row: int, words: Sequence[Word], first: int, last: int) -> Span:
    inside = words[first:last]
    return Span(
        row,
        tuple(blob for word in inside for blob in word.blobs),
        tuple(blob for word in words[:first] for blob in word.blobs),
        tuple(blob for word in words[last:] for blob in word.blobs),
        words[first].gap,
        words[first].is_after_colon,
        words[first].is_after_wall,
        any(word.is_after_colon for word in words[:first]),
        any(word.is_after_wall for word in inside[1:]),
        max((word.gap for word in inside[1:]), default=0.0),
    )


def _ink(blobs: Sequence[Blob]) -> int:
    return sum(blob.area for blob in blobs)


def cut_span(crop: CleanCrop, rows: RowMap, span: Span) -> tuple[GrayImage, FloatMatrix]:
    """Levelled picture of a span with all other ink painted over, and the matrix from its pixels to those of `crop`."""
    height = span.height
    left = span.box.left - height / 2
    marks = _marks_with(rows, span)
    right = max(blob.box.right for blob in (*span.blobs, *marks)) + height / 2
    tallest = max(blob.box.height for blob in span.blobs)
    middles = np.array([blob.box.middle for blob in span.blobs if blob.box.height >= tallest / 2])
    slope = slope_of(span.blobs)
    band = max(8, round(height * ROW_BAND))
    x, y = middles.mean(axis=0)
    lean = np.eye(3)
    lean[1, 0] = slope
    span_to_crop = shift(left, y + slope * (left - x)) @ lean @ shift(0, -(band - 1) / 2)
    size = (max(8, round(right - left)), band)
    return cut(_without_others(crop, rows, (*span.blobs, *marks)), span_to_crop, size), span_to_crop


def _marks_with(rows: RowMap, span: Span) -> tuple[Blob, ...]:
    """Dots and commas among the span's digits, and the dash behind them."""
    height = span.height
    digits = span.box
    right, top, bottom = digits.right + MARK_REACH * height, digits.top - 0.3 * height, digits.bottom + 0.3 * height

    def is_mark(box: Box) -> bool:
        is_level = top < box.middle[1] < bottom and box.height < height
        return is_level and digits.left < box.left and box.right < right

    return tuple(blob for blob in rows.specks if is_mark(blob.box))


def _without_others(crop: CleanCrop, rows: RowMap, kept: Sequence[Blob]) -> GrayImage:
    """The picture with nothing but the given ink."""
    is_other = np.ones(int(rows.labels.max()) + 1, np.uint8)
    is_other[[0, *(blob.label for blob in kept)]] = 0
    # Two pixels of soft edge go with the ink.
    others = cv2.dilate(is_other[rows.labels], np.ones((5, 5), np.uint8)) > 0
    return np.asarray(np.where(others, crop.paper, crop.gray), np.uint8)
