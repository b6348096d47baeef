"""The handwritten row in a crop."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.plane import cut
from pipeline.stages.text_row import find_text_row, strip_to_picture


def writing(slope: float = 0.0, size: tuple[int, int] = (100, 420), left: int = 200) -> np.ndarray:
    """Five digits of 30 pixels whose row rises or falls."""
    image = np.full(size, 215, np.uint8)
    for number, digit in enumerate("40717"):
        x = left + 36 * number
        y = round(65 + slope * (x - left))
        cv2.putText(image, digit, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 60, 3, cv2.LINE_AA)
    return image


def test_the_row_is_measured() -> None:
    row = find_text_row(writing())
    assert row is not None
    assert row.height == pytest.approx(32, abs=6)
    assert row.middle[1] == pytest.approx(50, abs=4)
    assert 170 < row.left < 203
    assert 365 < row.right < 400


@pytest.mark.parametrize("slope", [-0.12, 0.08])
def test_a_rising_row_is_levelled(slope: float) -> None:
    image = writing(slope, (130, 420))
    row = find_text_row(image)
    assert row is not None
    assert row.slope == pytest.approx(slope, abs=0.03)
    to_picture, size = strip_to_picture(row, 18 / row.height, 32)
    strip = cut(image, to_picture, size)
    assert strip.shape[0] == 32
    middles = [np.flatnonzero(half.min(axis=1) < 130).mean() for half in np.array_split(strip, 2, axis=1)]
    assert abs(middles[0] - middles[1]) < 2.5


def test_rules_under_and_beside_the_writing_are_ignored() -> None:
    image = writing()
    cv2.line(image, (150, 76), (415, 76), 80, 2)
    cv2.line(image, (410, 0), (410, 99), 80, 2)
    row = find_text_row(image)
    assert row is not None
    assert row.height == pytest.approx(32, abs=7)


def test_a_caption_before_a_colon_is_cut_off() -> None:
    image = writing()
    cv2.putText(image, "NUMBER:", (10, 62), cv2.FONT_HERSHEY_TRIPLEX, 0.9, 60, 2, cv2.LINE_AA)
    row = find_text_row(image)
    assert row is not None
    assert 140 < row.left < 205


def test_lines_cut_off_above_and_below_are_not_the_row() -> None:
    image = writing()
    cv2.putText(image, "Name of student", (60, 8), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 50, 2, cv2.LINE_AA)
    cv2.putText(image, "Department", (60, 112), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 50, 2, cv2.LINE_AA)
    row = find_text_row(image)
    assert row is not None
    assert row.middle[1] == pytest.approx(50, abs=6)


@pytest.mark.parametrize("shape", [(1, 1), (4, 400), (60, 200)])
def test_without_ink_there_is_no_row(shape: tuple[int, int]) -> None:
    assert find_text_row(np.full(shape, 230, np.uint8)) is None
