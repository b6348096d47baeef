"""Letters, ticks and slashes on a free line, read by the networks in service: no digit is made of what is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.drawn.corrections import odd_hand, written_fields
from pipeline.document import Decision, FieldKind, FieldReading, FieldSpec, Reason
from pipeline.process import ReadingOptions, read_crop
from pipeline.reading_model import ReadingModel, open_model
from pipeline.stages.decide import decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.reader import load_recognizer
from tests.stages.drawing import comb_region, line_region

Strokes = list[list[tuple[int, int]]]


@pytest.fixture(scope="module")
def model() -> ReadingModel:
    return open_model(None)


def one(x: int) -> Strokes:
    return [[(x + 4, 25), (x, 85)]]


def seven(x: int) -> Strokes:
    return [[(x, 27), (x + 34, 27), (x + 10, 85)]]


def four(x: int) -> Strokes:
    return [[(x + 8, 25), (x, 62), (x + 36, 60)], [(x + 26, 36), (x + 22, 86)]]


def letter_a(x: int) -> Strokes:
    return [[(x, 85), (x + 18, 25), (x + 36, 85)], [(x + 8, 62), (x + 30, 62)]]


def letter_f(x: int) -> Strokes:
    return [[(x + 30, 26), (x, 25), (x, 85)], [(x, 55), (x + 26, 54)]]


def tick(x: int) -> Strokes:
    return [[(x, 60), (x + 22, 85), (x + 78, 22)]]


def slash(x: int) -> Strokes:
    return [[(x + 26, 20), (x, 90)]]


def read(model: ReadingModel, strokes: Strokes, kind: FieldKind) -> FieldReading:
    region = replace(line_region(strokes), spec=FieldSpec("field", kind))
    field = segment_field(region)
    evidence = read_fields([field], load_recognizer(model.bundle, "cpu"))[0]
    decoded = decode_field(field, evidence, model.operating_point)
    threshold = model.operating_point.threshold(decoded.reader, 0.01, kind)
    return decide_field(field, decoded, threshold, ReadingOptions().decide)


@pytest.mark.parametrize(
    "strokes",
    [
        [*letter_a(40), *seven(110), *four(180)],
        [*seven(40), *letter_a(110), *four(180)],
        [*letter_f(40), *seven(110), *four(180)],
        [*seven(40), *four(110), *letter_f(180)],
        tick(60),
    ],
    ids=["read as a four", "read as a four amid", "left out before", "left out behind", "a tick alone"],
)
def test_what_is_no_digit_sends_the_line_to_a_person(model: ReadingModel, strokes: Strokes) -> None:
    assert Reason.NOT_A_DIGIT in read(model, strokes, FieldKind.DIGITS).reasons


def test_letters_before_an_amount_may_be_its_currency(model: ReadingModel) -> None:
    reading = read(model, [*letter_f(40), *seven(110), *four(180)], FieldKind.AMOUNT)
    assert reading.value == "74.00"
    assert Reason.NOT_A_DIGIT not in reading.reasons


@pytest.mark.parametrize(
    "strokes",
    [
        [*seven(40), *four(110), *one(180)],
        [*seven(40), *four(110), *slash(180), *four(230)],
    ],
    ids=["digits", "with a slash"],
)
def test_digits_and_slashes_are_not_odd(model: ReadingModel, strokes: Strokes) -> None:
    assert Reason.NOT_A_DIGIT not in read(model, strokes, FieldKind.DIGITS).reasons


@pytest.mark.parametrize(
    ("strokes", "is_odd"),
    [
        ([[(35, 62), (52, 82), (104, 34)]], True),
        ([*seven(78), *four(125)], False),
    ],
    ids=["a tick over two cells", "two digits in theirs"],
)
def test_a_blob_over_several_cells_and_nothing_beside_it_is_no_number(
    model: ReadingModel, strokes: Strokes, is_odd: bool
) -> None:
    field = segment_field(comb_region(5, strokes))
    evidence = read_fields([field], load_recognizer(model.bundle, "cpu"))[0]
    decoded = decode_field(field, evidence, model.operating_point)
    threshold = model.operating_point.threshold(decoded.reader, 0.01, FieldKind.DIGITS)
    reading = decide_field(field, decoded, threshold, ReadingOptions().decide)
    assert (Reason.NOT_A_DIGIT in reading.reasons) == is_odd


def test_cells_with_signs_nobody_knows_are_not_left_out_as_a_caption(model: ReadingModel) -> None:
    recognizer = load_recognizer(model.bundle, "cpu")
    fields = written_fields(*odd_hand(40, seed=3), seed=3)
    readings = [
        read_crop(field.picture, FieldSpec("code", FieldKind.DIGITS), recognizer, model.operating_point)
        for field in fields
    ]
    accepted = [
        (field.value, reading.value)
        for field, reading in zip(fields, readings, strict=True)
        if reading.decision is Decision.ACCEPTED
    ]
    assert all(truth == value for truth, value in accepted)
