import cv2
import numpy as np
import pytest

from pipeline.confidence.operating_point import OperatingPoint, ReaderCalibration, Threshold
from pipeline.document import Decision, FieldKind, FieldSpec
from pipeline.stages.blank import Writing, find_writing
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from tests.stages.drawing import CELL_H, CELL_W, MARGIN, comb_region, line_region, one_in_cell
from tests.stages.scripted import ScriptedRecognizer, row

POINT = OperatingPoint(
    "test", False, {name: ReaderCalibration(0.0, {"logit": 1.0}, (), 1.0) for name in ("comb", "free")}
)


def comb(paint=lambda image: None, strokes=(), **spec):
    region = comb_region(5, list(strokes), FieldSpec("code", FieldKind.DIGITS, cells=5, **spec))
    paint(region.image)
    return region


def line(paint=lambda image: None, strokes=()):
    region = line_region(list(strokes))
    paint(region.image)
    return region


def dust(image):
    for x, y in ((60, 50), (95, 70), (170, 45)):
        cv2.circle(image, (x, y), 2, 40, -1)


def show_through(image):
    ghost = np.zeros(image.shape, np.uint8)
    cv2.putText(ghost, "853", (60, 85), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 7)
    image[:] = np.clip(image - 15 / 255 * cv2.GaussianBlur(ghost, (0, 0), 4), 0, 255)


def crease(image):
    line = np.zeros(image.shape, np.float32)
    cv2.line(line, (70, 0), (80, image.shape[0]), 1.0, 5)
    image[:] = np.clip(image - 16 * cv2.GaussianBlur(line, (0, 0), 4), 0, 255)


def shadow(image):
    image[:] = (image * np.linspace(1, 0.75, image.shape[1])).astype(np.uint8)


def pale_pen(image):
    cv2.putText(image, "853", (60, 85), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 214, 4, cv2.LINE_AA)


@pytest.mark.parametrize("make", [comb, line], ids=["comb", "line"])
@pytest.mark.parametrize("paint", [lambda image: None, dust, show_through, crease, shadow])
def test_dirt_on_an_empty_field_is_no_writing(make, paint):
    assert find_writing(segment_field(make(paint))) is Writing.NONE


@pytest.mark.parametrize("make", [comb, line], ids=["comb", "line"])
def test_pale_pen_is_never_taken_for_an_empty_field(make):
    assert find_writing(segment_field(make(pale_pen))) is not Writing.NONE


@pytest.mark.parametrize(
    "region",
    [
        pytest.param(comb(strokes=[one_in_cell(2)]), id="one stroke in a comb"),
        pytest.param(line(strokes=[[(40, 25), (36, 85)]]), id="one stroke on a line"),
        pytest.param(
            comb(strokes=[[(MARGIN + CELL_W // 2, MARGIN + 30), (MARGIN + CELL_W // 2, MARGIN + 52)]]), id="small"
        ),
        pytest.param(comb(dust, [one_in_cell(0)]), id="beside dust"),
    ],
)
def test_plain_writing_is_seen(region):
    assert find_writing(segment_field(region)) is Writing.PLAIN


def decided(region):
    field = segment_field(region)
    evidence = read_fields([field], ScriptedRecognizer([row(1, 0.9999)]))[0]
    return decide_field(field, decode_field(field, evidence, POINT), Threshold(0.5, True), DecideOptions())


def test_dusty_field_is_blank_without_a_value():
    reading = decided(comb(dust))
    assert (reading.decision, reading.value, reading.confidence) == (Decision.BLANK, None, 0.0)
    required = decided(comb(dust, required=True))
    assert (required.decision, required.reasons) == (Decision.REVIEW, ("required_blank",))


def test_faint_field_goes_to_a_person():
    for region in (comb(pale_pen), line(pale_pen)):
        reading = decided(region)
        assert reading.decision is Decision.REVIEW
        assert "faint" in reading.reasons


def test_writing_as_low_as_the_field_survives_any_size_of_picture():
    assert find_writing(segment_field(line_region([], (1, 1)))) is Writing.NONE
    assert CELL_H > 0
