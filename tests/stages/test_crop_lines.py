"""Printed lines in a picture of one field."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.crop_lines import clean_crop
from pipeline.stages.plane import map_points


def boxed(lean_deg: float = 0.0) -> np.ndarray:
    """A ruled box of 320 x 60 pixels at (40, 30), with digits in it."""
    image = np.full((120, 400), 225, np.uint8)
    cv2.rectangle(image, (40, 30), (360, 90), 70, 2)
    cv2.putText(image, "40717", (70, 76), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 50, 3, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((200, 60), -lean_deg, 1)
    return np.asarray(cv2.warpAffine(image, turn, (400, 120), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_a_ruled_box_has_two_rules_and_two_walls() -> None:
    crop = clean_crop(boxed())
    assert sorted(round(rule.at(200)) for rule in crop.rules) == pytest.approx([30, 90], abs=2)
    assert sorted(round(wall.at(60)) for wall in crop.walls) == pytest.approx([40, 360], abs=2)


def test_its_lines_are_no_ink_its_walls_are_painted_over_and_its_digits_stay() -> None:
    crop = clean_crop(boxed())
    assert not crop.ink[:, 200:340][28:33].any()
    assert crop.gray[40:80, 355:365].min() > 170
    assert crop.gray[30, 100:300].max() < 120
    assert crop.ink[45:78, 70:170].mean() > 0.1


@pytest.mark.parametrize("lean_deg", [-2.5, 1.5])
def test_a_leaning_box_is_levelled(lean_deg: float) -> None:
    image = boxed(lean_deg)
    crop = clean_crop(image)
    assert len(crop.rules) == 2
    assert all(abs(rule.slope) < 0.01 for rule in crop.rules)
    along = map_points(crop.to_crop, np.array([[100.0, 60.0], [300.0, 60.0]]))
    assert np.degrees(np.arctan2(*(along[1] - along[0])[::-1])) == pytest.approx(lean_deg, abs=0.6)


def test_a_stroke_through_a_rule_stays_whole() -> None:
    image = np.full((100, 400), 225, np.uint8)
    cv2.line(image, (0, 70), (399, 70), 80, 2)
    cv2.line(image, (200, 30), (200, 92), 40, 5)
    crop = clean_crop(image)
    assert crop.ink[32:90, 200].all()
    assert not crop.ink[65:76, 20:180].any()


@pytest.mark.parametrize("digits", ["1111", "7000", "2250"])
def test_strokes_of_digits_are_neither_rules_nor_walls(digits: str) -> None:
    image = np.full((60, 200), 225, np.uint8)
    cv2.putText(image, digits, (12, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 40, 3, cv2.LINE_AA)
    crop = clean_crop(image)
    assert crop.rules == ()
    assert crop.walls == ()


@pytest.mark.parametrize("shape", [(8, 8), (8, 900), (500, 9), (40, 3000)])
def test_blank_pictures_of_any_shape_have_no_lines(shape: tuple[int, int]) -> None:
    crop = clean_crop(np.full(shape, 240, np.uint8))
    assert crop.rules == crop.walls == ()
    assert not crop.ink.any()


@pytest.mark.parametrize("caption", ["NUMARA:", "WHEEL NUMBER", "MIIIIIIM"])
def test_the_feet_of_a_captions_letters_are_no_rule(caption: str) -> None:
    image = np.full((90, 500), 225, np.uint8)
    cv2.putText(image, caption, (10, 60), cv2.FONT_HERSHEY_TRIPLEX, 1.2, 50, 2, cv2.LINE_AA)
    width = cv2.getTextSize(caption, cv2.FONT_HERSHEY_TRIPLEX, 1.2, 2)[0][0]
    cv2.line(image, (10, 60), (10 + width, 60), 50, 1)  # serifs that run into each other
    assert clean_crop(image).rules == ()


def test_a_rule_that_digits_stand_on_is_a_rule() -> None:
    image = np.full((90, 500), 225, np.uint8)
    cv2.putText(image, "4071725", (180, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 50, 2, cv2.LINE_AA)
    cv2.line(image, (150, 62), (480, 62), 70, 2)
    assert len(clean_crop(image).rules) == 1


@pytest.mark.parametrize(
    ("places", "walls"),
    [
        pytest.param((220,), 0, id="a 1 that touches both rules"),
        pytest.param((160, 220, 231), 0, id="several of them"),
        pytest.param((120, 180, 240, 300), 4, id="the walls between the cells of a comb"),
        pytest.param((6, 394), 2, id="sides at the ends of the picture"),
        pytest.param((64, 376), 2, id="sides at the ends of the rules"),
    ],
)
def test_walls_are_told_from_ones_between_two_rules(places: tuple[int, ...], walls: int) -> None:
    image = np.full((80, 400), 225, np.uint8)
    ends = (60, 380) if 64 in places else (0, 399)
    for y in (15, 65):
        cv2.line(image, (ends[0], y), (ends[1], y), 70, 2)
    for x in places:
        cv2.line(image, (x, 15), (x, 65), 70, 2)
    assert len(clean_crop(image).walls) == walls
