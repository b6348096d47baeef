"""The outline of the paper: its corners on a darker ground, or none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.paper import find_paper

CORNERS = np.array([(40, 30), (300, 55), (280, 420), (25, 400)], np.float64)


def photograph(ground: int = 90, paper: int = 235, corners: np.ndarray = CORNERS) -> np.ndarray:
    """A sheet with lines of print on a table, 330 x 450 pixels: an A4 sheet at 40 dpi."""
    picture = np.full((450, 330), ground, np.uint8)
    cv2.fillPoly(picture, [corners.astype(np.int32)], paper)
    for y in range(90, 380, 14):
        cv2.line(picture, (70, y), (250, y + 8), 60, 2)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def test_corners_are_found_clockwise_from_the_top_left() -> None:
    found = find_paper(photograph())
    assert found is not None
    assert np.abs(found - CORNERS).max() < 2.5


def test_a_lost_corner_is_made_up_for() -> None:
    torn = np.array([(40, 30), (300, 55), (283, 330), (200, 414), (25, 400)], np.float64)
    found = find_paper(photograph(corners=torn))
    assert found is not None
    assert np.abs(found - CORNERS).max() < 4.0


def test_light_that_falls_off_to_one_side_does_not_hide_the_paper() -> None:
    shaded = (photograph() * np.linspace(1, 0.65, 330)).astype(np.uint8)
    found = find_paper(shaded)
    assert found is not None
    assert np.abs(found - CORNERS).max() < 3.0


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(photograph(ground=235), id="paper on paper"),
        pytest.param(np.full((450, 330), 240, np.uint8), id="nothing"),
        pytest.param(np.zeros((450, 330), np.uint8), id="black"),
        pytest.param(np.full((20, 330), 240, np.uint8), id="sliver"),
        pytest.param(cv2.circle(np.full((450, 330), 60, np.uint8), (165, 225), 140, 240, -1), id="round"),
        pytest.param(cv2.rectangle(np.full((450, 330), 60, np.uint8), (20, 20), (60, 70), 240, -1), id="a stamp"),
    ],
)
def test_what_is_no_sheet_has_no_corners(picture: np.ndarray) -> None:
    assert find_paper(picture) is None
