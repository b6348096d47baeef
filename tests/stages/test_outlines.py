"""Rows of boxes that stand apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.outlines import find_separate_boxes

PX_PER_MM = 6.0
HEIGHTS_MM = (4.0, 16.0)
LEFT, TOP, WIDE, HIGH = 40, 50, 30, 44


def row_of(count: int, step: float, paper: int = 235, ink: int = 60) -> np.ndarray:
    gray = np.full((160, 640), paper, np.uint8)
    for index in range(count):
        left = round(LEFT + index * step)
        cv2.rectangle(gray, (left, TOP), (left + WIDE - 1, TOP + HIGH - 1), ink, 2)
    return gray


def cells_in(gray: np.ndarray, least: int = 3) -> list[int]:
    return [len(cells) for cells in find_separate_boxes(gray, PX_PER_MM, HEIGHTS_MM, least)]


@pytest.mark.parametrize("gap", [4, 9, 15])
@pytest.mark.parametrize("count", [3, 8, 12])
def test_boxes_with_paper_between_are_one_row(count: int, gap: int) -> None:
    (cells,) = find_separate_boxes(row_of(count, WIDE + gap), PX_PER_MM, HEIGHTS_MM, 3)
    assert len(cells) == count
    for index, cell in enumerate(cells):
        assert abs(cell.left - (LEFT + index * (WIDE + gap))) <= 2
        assert abs(cell.width - WIDE) <= 3
        assert abs(cell.top - TOP) <= 2


@pytest.mark.parametrize("crossed", [0, 3, 7], ids=["first", "middle", "last"])
def test_a_stroke_that_runs_out_of_a_box_does_not_hide_it(crossed: int) -> None:
    gray = row_of(8, WIDE + 8)
    left = LEFT + crossed * (WIDE + 8)
    cv2.line(gray, (left + 20, TOP - 14), (left + 8, TOP + HIGH + 16), 40, 4)
    assert cells_in(gray) == [8]


def test_writing_inside_the_boxes_that_touches_their_sides_does_no_harm() -> None:
    gray = row_of(6, WIDE + 7)
    for index in range(6):
        cv2.circle(gray, (LEFT + index * (WIDE + 7) + 15, TOP + 22), 14, 50, 3)
    assert cells_in(gray) == [6]


@pytest.mark.parametrize(
    "gray",
    [
        np.full((160, 640), 235, np.uint8),
        np.zeros((4, 4), np.uint8),
        row_of(2, WIDE + 8),
        row_of(6, 2.2 * WIDE),
        row_of(6, WIDE + 8, ink=230),
        row_of(8, WIDE - 2),
    ],
    ids=["paper", "tiny", "two boxes", "far apart", "too pale", "shared walls"],
)
def test_what_is_no_row_of_separate_boxes_is_left_alone(gray: np.ndarray) -> None:
    assert cells_in(gray) == []


def test_round_zeros_in_a_row_are_no_boxes() -> None:
    gray = np.full((160, 640), 235, np.uint8)
    for index in range(8):
        cv2.ellipse(gray, (60 + 38 * index, 72), (14, 22), 0, 0, 360, 60, 2)
    assert cells_in(gray) == []


def test_two_rows_with_paper_between_them_are_two_rows() -> None:
    gray = row_of(13, WIDE + 8)
    gray[:, LEFT + 6 * (WIDE + 8) - 4 : LEFT + 8 * (WIDE + 8) - 4] = 235
    assert cells_in(gray) == [6, 5]
