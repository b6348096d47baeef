"""Combs in pictures of one field."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.crop_comb import find_comb
from pipeline.stages.crop_lines import clean_crop


def comb(cells: int, gap: int = 0, lean_deg: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Cells of 40 x 56 pixels with a digit in every second one."""
    image = np.full((110, 60 + cells * 40), 228, np.uint8)
    for number in range(cells):
        left = 30 + 40 * number
        cv2.rectangle(image, (left, 25), (left + 40 - gap, 81), 70, 2)
        if number % 2:
            cv2.putText(image, "5", (left + 8, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 50, 3, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((image.shape[1] / 2, 55), -lean_deg, 1)
    turned = cv2.warpAffine(image, turn, image.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(turned, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(
    ("cells", "gap", "lean_deg", "scale"),
    [(8, 0, 0.0, 1.0), (3, 0, 0.0, 1.0), (10, 0, 1.5, 1.0), (8, 0, -2.0, 1.0), (5, 6, 0.0, 1.0), (8, 0, 0.0, 0.6)],
    ids=["eight", "three", "leaning right", "leaning left", "separate boxes", "small"],
)
def test_all_cells_of_a_comb_are_found(cells: int, gap: int, lean_deg: float, scale: float) -> None:
    found = find_comb(clean_crop(comb(cells, gap, lean_deg, scale)))
    assert found is not None
    assert len(found.cells) == cells
    assert found.cells[0].width == pytest.approx((40 - gap) * scale, abs=4)


def test_a_ruled_box_is_no_comb() -> None:
    image = np.full((110, 400), 228, np.uint8)
    cv2.rectangle(image, (20, 20), (380, 90), 70, 2)
    cv2.putText(image, "1111", (60, 74), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 50, 3, cv2.LINE_AA)
    assert find_comb(clean_crop(image)) is None


@pytest.mark.parametrize("shape", [(12, 400), (200, 9), (60, 300)])
def test_blank_paper_has_no_comb(shape: tuple[int, int]) -> None:
    assert find_comb(clean_crop(np.full(shape, 235, np.uint8))) is None
