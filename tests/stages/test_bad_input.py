"""What no field should look like: nothing of it may be accepted, however sure the recogniser is."""

import cv2
import numpy as np
import pytest

from pipeline.confidence.operating_point import OperatingPoint, ReaderCalibration, Threshold
from pipeline.document import Decision, FieldKind, FieldSpec
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.readings import NOT_A_DIGIT, StripCandidate
from tests.stages.drawing import comb_region, line_region
from tests.stages.scripted import ScriptedRecognizer, row

POINT = OperatingPoint(
    "test", False, {name: ReaderCalibration(0.0, {"logit": 1.0}, (), 1.0) for name in ("comb", "free")}
)


def photograph(shape):
    rng = np.random.default_rng(4)
    coarse = rng.uniform(0, 255, (6, 12)).astype(np.float32)
    picture = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def scribble(shape):
    rng = np.random.default_rng(7)
    picture = np.full(shape, 240, np.uint8)
    points = rng.uniform((20, 20), (shape[1] - 20, shape[0] - 20), (60, 2)).astype(np.int32)
    cv2.polylines(picture, [points], False, 30, 4, cv2.LINE_AA)
    return picture


def all_ink(shape):
    return np.full(shape, 20, np.uint8)


def off_the_page(shape):
    return np.full(shape, 255, np.uint8)


def decided(region, recognizer):
    field = segment_field(region)
    evidence = read_fields([field], recognizer)[0]
    return decide_field(field, decode_field(field, evidence, POINT), Threshold(0.9, True), DecideOptions())


@pytest.mark.parametrize("paint", [photograph, scribble, all_ink, off_the_page])
@pytest.mark.parametrize("is_comb", [True, False], ids=["comb", "line"])
def test_nothing_is_accepted_where_the_network_sees_no_digits(paint, is_comb):
    region = comb_region(5) if is_comb else line_region([])
    region.image[:] = paint(region.image.shape)
    reading = decided(region, ScriptedRecognizer([row(NOT_A_DIGIT, 0.9)], [StripCandidate("17", -6.0)]))
    assert reading.decision is not Decision.ACCEPTED
    assert reading.decision is Decision.BLANK or reading.reasons


@pytest.mark.parametrize("is_comb", [True, False], ids=["comb", "line"])
def test_scribble_over_a_field_is_not_accepted_even_from_a_network_sure_of_digits(is_comb):
    region = comb_region(5) if is_comb else line_region([])
    region.image[:] = scribble(region.image.shape)
    reading = decided(
        region, ScriptedRecognizer([row(1, 0.9999)], [StripCandidate("11", -0.01, ((30, 50), (80, 100)))])
    )
    assert reading.decision is Decision.REVIEW


def test_region_off_the_page_of_a_required_field_goes_to_a_person():
    region = comb_region(5, spec=FieldSpec("code", FieldKind.DIGITS, cells=5, required=True))
    region.image[:] = off_the_page(region.image.shape)
    reading = decided(region, ScriptedRecognizer([row(1, 0.9999)]))
    assert (reading.decision, reading.reasons) == (Decision.REVIEW, ("required_blank",))
