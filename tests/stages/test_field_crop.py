"""Taking crops as fields."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.document import Box, FieldKind, FieldSpec
from pipeline.stages.field_crop import field_of_crop

DIGITS = FieldSpec("crop", FieldKind.DIGITS)


def crop_with_caption() -> np.ndarray:
    image = np.full((90, 420), 210, np.uint8)
    cv2.putText(image, "NUMBER:", (12, 56), cv2.FONT_HERSHEY_TRIPLEX, 0.9, 60, 2, cv2.LINE_AA)
    cv2.putText(image, "40717", (240, 58), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 70, 2, cv2.LINE_AA)
    return image


def test_a_tight_crop_is_taken_as_it_is() -> None:
    image = np.full((50, 155), 230, np.uint8)
    cv2.putText(image, "2250", (8, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 40, 3, cv2.LINE_AA)
    region = field_of_crop(image, DIGITS)
    assert region.inner == Box(0, 0, 155, 50)
    assert region.image is image
    assert region.cells == ()


def test_a_printed_caption_is_left_out() -> None:
    region = field_of_crop(crop_with_caption(), DIGITS)
    left = min(x for x, _ in region.polygon_px)
    assert 150 < left < 240


def test_a_row_of_boxes_in_a_crop_becomes_cells() -> None:
    image = np.full((120, 480), 230, np.uint8)
    cv2.putText(image, "D  D  M  M  Y  Y", (45, 110), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 40, 1, cv2.LINE_AA)
    for left in range(40, 440, 50):
        cv2.rectangle(image, (left, 25), (left + 50, 85), 60, 2)
    cv2.putText(image, "2", (60, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 40, 3, cv2.LINE_AA)
    region = field_of_crop(image, DIGITS)
    assert len(region.cells) == 8
    assert all(abs(cell.left - left) <= 4 for cell, left in zip(region.cells, range(40, 440, 50), strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (30, 30), (2000, 3)])
def test_crops_of_any_shape_become_a_region(shape: tuple[int, int]) -> None:
    region = field_of_crop(np.full(shape, 255, np.uint8), DIGITS)
    assert region.image.shape == shape
    assert region.inner == Box(0, 0, shape[1], shape[0])
