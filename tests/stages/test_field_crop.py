"""Taking crops as fields."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from pipeline.document import SURE_LEAD, Box, FieldKind, FieldRegion, FieldSpec
from pipeline.stages.field_crop import read_views, regions_of_crops, see_crop
from recognizer.readings import NOT_A_DIGIT, DigitReadings, StripCandidate, StripReadings
from tests.stages.scripted import ScriptedRecognizer, row

DIGITS = FieldSpec("crop", FieldKind.DIGITS)
SEVENS = (StripCandidate("40717", -0.2), StripCandidate("4071", -4.0))


class CountingRecognizer(ScriptedRecognizer):
    """Takes blobs up to a width for digits, and reads every strip alike."""

    def __init__(self, widest_digit: int, strings: Sequence[StripCandidate]) -> None:
        super().__init__(strings=strings)
        self.widest_digit = widest_digit

    def read_digits(self, crops: Sequence[np.ndarray]) -> DigitReadings:
        rows = [row(4 if crop.shape[1] <= self.widest_digit else NOT_A_DIGIT) for crop in crops]
        return DigitReadings(np.array(rows, np.float32).reshape(len(rows), NOT_A_DIGIT + 1))

    def read_strips(self, strips: Sequence[np.ndarray]) -> StripReadings:
        self.calls += len(strips)
        return super().read_strips(strips)


def region_of(image: np.ndarray, recognizer: ScriptedRecognizer, spec: FieldSpec = DIGITS) -> FieldRegion:
    return regions_of_crops([image], [spec], recognizer)[0]


def crop_with_caption() -> np.ndarray:
    image = np.full((90, 420), 210, np.uint8)
    cv2.putText(image, "MWM:", (12, 56), cv2.FONT_HERSHEY_TRIPLEX, 1.1, 60, 2, cv2.LINE_AA)
    cv2.putText(image, "40717", (240, 58), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 70, 2, cv2.LINE_AA)
    return image


def test_a_tight_crop_is_taken_as_it_is() -> None:
    image = np.full((50, 155), 230, np.uint8)
    cv2.putText(image, "2250", (8, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 40, 3, cv2.LINE_AA)
    region = region_of(image, ScriptedRecognizer([row(2)], SEVENS))
    assert region.inner == Box(0, 0, 155, 50)
    assert region.image is image
    assert region.cells == ()


def test_a_printed_caption_is_left_out() -> None:
    region = region_of(crop_with_caption(), CountingRecognizer(22, SEVENS))
    left = min(x for x, _ in region.polygon_px)
    assert 150 < left < 240


def test_a_row_of_boxes_in_a_crop_becomes_cells() -> None:
    image = np.full((120, 480), 230, np.uint8)
    cv2.putText(image, "D  D  M  M  Y  Y", (45, 110), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 40, 1, cv2.LINE_AA)
    for left in range(40, 440, 50):
        cv2.rectangle(image, (left, 25), (left + 50, 85), 60, 2)
    cv2.putText(image, "2", (60, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 40, 3, cv2.LINE_AA)
    combs = [view for view in see_crop(image, DIGITS).views if view.is_comb]
    assert [len(view.region.cells) for view in combs] == [8]
    cells = combs[0].region.cells
    assert all(abs(cell.left - left) <= 4 for cell, left in zip(cells, range(40, 440, 50), strict=True))


def test_what_is_read_surely_wins_over_what_is_not() -> None:
    class Picky(CountingRecognizer):
        def read_strips(self, strips: Sequence[np.ndarray]) -> StripReadings:
            narrow = StripReadings(((StripCandidate("40717", -0.1),),))
            wide = StripReadings(((StripCandidate("8140717", -11.0),),))
            return StripReadings(tuple((narrow if strip.shape[1] < 250 else wide).candidates[0] for strip in strips))

    region = region_of(crop_with_caption(), Picky(26, ()))
    assert region.image.shape[1] < 250
    assert region.placing.more_read == len("81")


@pytest.mark.parametrize(("rival", "is_sure"), [("40717", True), ("717", False)])
def test_a_close_rival_that_reads_otherwise_makes_the_place_unsure(rival: str, is_sure: bool) -> None:
    image = np.full((90, 520), 210, np.uint8)
    for word, left in (("40", 12), ("717", 180)):
        cv2.putText(image, word, (left, 58), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 70, 2, cv2.LINE_AA)

    class Torn(CountingRecognizer):
        def read_strips(self, strips: Sequence[np.ndarray]) -> StripReadings:
            texts = ("40717" if strip.shape[1] > 150 else rival for strip in strips)
            return StripReadings(tuple((StripCandidate(text, -0.1),) for text in texts))

    assert (region_of(image, Torn(22, ())).placing.lead == SURE_LEAD) is is_sure


def test_few_views_of_a_picture_are_read() -> None:
    image = np.full((100, 900), 215, np.uint8)
    for number in range(12):
        cv2.putText(image, "7", (20 + 72 * number, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 60, 3, cv2.LINE_AA)
    recognizer = CountingRecognizer(100, SEVENS)
    read_views([see_crop(image, FieldSpec("crop", FieldKind.AMOUNT))], recognizer)
    assert recognizer.calls <= 3


def test_every_picture_gets_its_own_region() -> None:
    images = [crop_with_caption(), np.full((40, 90), 240, np.uint8), crop_with_caption()[:, 150:]]
    regions = regions_of_crops(images, [DIGITS] * 3, ScriptedRecognizer([row(4)], SEVENS))
    assert [region.polygon_px[2][0] <= image.shape[1] + 30 for region, image in zip(regions, images, strict=True)]
    assert regions[1].image.shape == (40, 90)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (30, 30), (2000, 3)])
def test_crops_of_any_shape_become_a_region(shape: tuple[int, int]) -> None:
    region = region_of(np.full(shape, 255, np.uint8), ScriptedRecognizer(strings=SEVENS))
    assert region.image.shape == shape
    assert region.inner == Box(0, 0, shape[1], shape[0])
