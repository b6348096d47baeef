"""The drawn scanner: the matrix it hands back is where things really lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.drawn.scanning import Degradation, Trouble, degrade, draw_degradation
from pipeline.stages.plane import map_points

DPI = 150
DOTS = np.array([(120, 200), (700, 180), (400, 500), (150, 700), (650, 640)], np.float64)


def dotted_page() -> np.ndarray:
    page = np.full((877, 850), 255, np.uint8)
    for x, y in DOTS.astype(int):
        cv2.circle(page, (int(x), int(y)), 6, 0, -1)
    return page


@pytest.mark.parametrize("trouble", list(Trouble), ids=str)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dots_are_dark_where_the_matrix_says(trouble: Trouble, seed: int) -> None:
    picture = degrade(dotted_page(), DPI, draw_degradation(seed, trouble))
    places = map_points(picture.page_to_picture, DOTS).round().astype(int)
    height, width = picture.gray.shape
    seen = [(x, y) for x, y in places if 12 <= x < width - 12 and 12 <= y < height - 12]
    assert len(seen) >= 2
    smooth = cv2.GaussianBlur(picture.gray, (0, 0), 2)
    for x, y in seen:
        around = smooth[y - 12 : y + 13, x - 12 : x + 13]
        assert smooth[y, x] <= np.median(around)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("tilt_deg", [0.0, 12.0])
def test_the_middle_of_a_dot_is_found_within_a_third_of_a_pixel(turns: int, tilt_deg: float) -> None:
    degradation = Degradation(quarter_turns=turns, skew_deg=4.0, dpi=200, margin_mm=15, tilt_deg=tilt_deg, noise=0)
    picture = degrade(dotted_page(), DPI, degradation)
    ink = 250 - picture.gray.astype(float)
    for x, y in map_points(picture.page_to_picture, DOTS):
        left, top = round(x) - 14, round(y) - 14
        dot = ink[top : top + 29, left : left + 29].clip(20) - 20
        rows, columns = np.mgrid[0:29, 0:29]
        middle = np.array([(columns * dot).sum(), (rows * dot).sum()]) / dot.sum() + (left, top)
        assert np.linalg.norm(middle - (x, y)) < 0.35


def test_the_same_seed_gives_the_same_picture_and_another_one_another() -> None:
    one, same, other = (degrade(dotted_page(), DPI, draw_degradation(s, Trouble.EVERYTHING)) for s in (5, 5, 6))
    assert np.array_equal(one.gray, same.gray)
    assert one.gray.shape != other.gray.shape or not np.array_equal(one.gray, other.gray)


def test_a_photograph_does_not_say_its_resolution() -> None:
    picture = degrade(dotted_page(), DPI, draw_degradation(1, Trouble.PHOTOGRAPHED))
    assert picture.as_page().is_dpi_doubtful
