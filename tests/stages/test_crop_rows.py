"""Rows, words and spans in a picture of one field."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.document import FieldKind
from pipeline.stages.blobs import Blob
from pipeline.stages.crop_lines import clean_crop
from pipeline.stages.crop_rows import RowMap, find_rows
from pipeline.stages.crop_spans import MAX_SPANS, cut_span, find_spans


def picture(size: tuple[int, int] = (100, 420)) -> np.ndarray:
    return np.full(size, 215, np.uint8)


def write(image: np.ndarray, text: str, x: int, y: int, size: float = 1.3) -> None:
    for number, char in enumerate(text):
        cv2.putText(image, char, (x + round(21 * size) * number, y), cv2.FONT_HERSHEY_SIMPLEX, size, 60, 3, cv2.LINE_AA)


def rows_of(image: np.ndarray) -> RowMap:
    return find_rows(clean_crop(image))


def parted(rows: RowMap, mark: str) -> list[list[Blob]]:
    """Blobs of the first row, divided where a word bears a mark."""
    parts: list[list[Blob]] = [[]]
    for word in rows.rows[0].words:
        if getattr(word, mark):
            parts.append([])
        parts[-1].extend(word.blobs)
    return parts


def test_a_colon_parts_caption_and_writing() -> None:
    image = picture()
    write(image, "NR", 20, 62, 0.9)
    for y in (44, 58):
        cv2.circle(image, (80, y), 3, 60, -1)
    write(image, "407", 110, 62)
    assert [len(part) for part in parted(rows_of(image), "is_after_colon")] == [2, 3]


def test_a_wall_parts_a_sign_from_the_amount() -> None:
    image = picture()
    cv2.rectangle(image, (5, 10), (410, 90), 70, 2)
    cv2.line(image, (70, 10), (70, 90), 70, 2)
    write(image, "E", 25, 64)
    write(image, "407", 85, 64)
    assert [len(part) for part in parted(rows_of(image), "is_after_wall")] == [1, 3]


def test_rules_part_rows_however_near() -> None:
    image = picture((130, 420))
    write(image, "9999", 100, 60)
    cv2.line(image, (0, 66), (419, 66), 70, 2)
    write(image, "111", 100, 106)
    assert {len(row.blobs) for row in rows_of(image).rows} == {4, 3}


def test_a_span_is_cut_out_without_the_rest_of_its_row() -> None:
    image = picture()
    write(image, "NR", 20, 62)
    write(image, "407", 200, 62)
    crop = clean_crop(image)
    rows = find_rows(crop)
    span = next(s for s in find_spans(rows, FieldKind.DIGITS) if len(s.blobs) == 3)
    strip, span_to_crop = cut_span(crop, rows, span)
    assert strip.shape[0] == pytest.approx(32 / 18 * span.height, abs=2)
    assert span_to_crop[0, 2] > 150
    assert (strip < 120).any()
    assert strip[:, :8].min() > 180


def test_the_first_sign_of_an_amount_may_be_left_out() -> None:
    image = picture()
    write(image, "54071", 60, 62, 1.8)
    rows = rows_of(image)
    apart = [span for span in find_spans(rows, FieldKind.AMOUNT) if len(span.before) == 1 and not span.after]
    assert [len(span.blobs) for span in apart] == [4]
    assert len(find_spans(rows, FieldKind.DIGITS)) < len(find_spans(rows, FieldKind.AMOUNT))


def test_there_are_never_too_many_spans() -> None:
    image = picture((100, 900))
    for number in range(12):
        write(image, "7", 20 + 72 * number, 62)
    assert 0 < len(find_spans(rows_of(image), FieldKind.AMOUNT)) <= MAX_SPANS


def test_blank_paper_has_no_rows() -> None:
    rows = rows_of(picture())
    assert rows.rows == ()
    assert find_spans(rows, FieldKind.DIGITS) == ()
