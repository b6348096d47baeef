import dataclasses

import pytest

from pipeline.confidence.operating_point import BudgetPoint, OperatingPoint, ReaderCalibration, Threshold
from pipeline.document import Decision, FieldKind, FieldSpec, RuleSpec
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.readings import NOT_A_DIGIT, StripCandidate
from tests.stages.drawing import CELL_W, MARGIN, comb_region, line_region, one_in_cell
from tests.stages.scripted import ScriptedRecognizer, row

POINT = OperatingPoint(
    "test",
    False,
    {
        "comb": ReaderCalibration(0.0, {"logit": 1.0}, (BudgetPoint(0.01, 0.9, 1000, 0, 0.003, True),), 1.0),
        "free": ReaderCalibration(0.0, {"logit": 1.0}, (BudgetPoint(0.01, 0.9, 1000, 0, 0.003, True),), 1.0),
    },
)


def read(region, recognizer, threshold=Threshold(0.9, False), options=DecideOptions()):
    field = segment_field(region)
    evidence = read_fields([field], recognizer)[0]
    return decide_field(field, decode_field(field, evidence, POINT), threshold, options)


def comb(strokes, **spec):
    return comb_region(5, strokes, FieldSpec("code", FieldKind.DIGITS, cells=5, **spec))


def full(cells=5):
    return [one_in_cell(i) for i in range(cells)]


def test_sure_comb_is_accepted_without_reasons():
    reading = read(comb(full()), ScriptedRecognizer([row(d, 0.9999) for d in (0, 1, 0, 6, 9)]))
    assert (reading.value, reading.raw, reading.decision, reading.reasons) == (
        "01069",
        "01069",
        Decision.ACCEPTED,
        (),
    )
    assert reading.confidence > 0.99
    assert [c.char for c in reading.characters] == list("01069")
    assert reading.characters[1].box_px.left > MARGIN + CELL_W


def test_one_doubtful_digit_sends_the_field_to_review_with_its_alternative():
    doubtful = row(3, 0.57)
    doubtful[8], doubtful[NOT_A_DIGIT] = 0.40, 0.005
    reading = read(comb(full()), ScriptedRecognizer([doubtful, *(row(1, 0.9999) for _ in range(4))]))
    assert reading.decision is Decision.REVIEW
    assert reading.value == "31111"
    assert reading.reasons == ("low_confidence",)
    assert reading.alternatives[0].value == "81111"
    assert reading.alternatives[0].confidence < reading.confidence


def test_doubtful_comb_is_read_a_second_time_as_a_whole():
    doubtful = row(3, 0.50)
    doubtful[8] = 0.45
    rows = [doubtful, *(row(1, 0.9999) for _ in range(4))]
    second = [StripCandidate("81111", -0.1), StripCandidate("31111", -4.0)]
    reading = read(comb(full()), ScriptedRecognizer(rows, second), Threshold(1.0, False))
    assert reading.value == "81111"
    assert reading.alternatives[0].value == "31111"
    alone = read(comb(full()), ScriptedRecognizer(rows), Threshold(1.0, False))
    assert reading.confidence > alone.confidence


def test_readers_of_a_comb_that_disagree_lower_its_confidence_and_are_told():
    doubtful = row(3, 0.90)
    doubtful[8] = 0.09
    rows = [doubtful, *(row(1, 0.9999) for _ in range(4))]
    alone = read(comb(full()), ScriptedRecognizer(rows), Threshold(1.0, False))
    other = ScriptedRecognizer(rows, [StripCandidate("81111", -0.5), StripCandidate("31111", -3.0)])
    reading = read(comb(full()), other, Threshold(1.0, False))
    assert reading.value == "31111"
    assert reading.confidence < alone.confidence
    assert "disagreement" in reading.reasons


def test_sure_comb_is_read_once():
    class CellsOnly(ScriptedRecognizer):
        def read_combs(self, pictures):
            assert not pictures
            return super().read_combs(pictures)

    assert read(comb(full()), CellsOnly([row(1, 0.9999)])).value == "11111"


@pytest.mark.parametrize(
    ("length", "value", "is_whole"),
    [
        pytest.param(5, "11113", True, id="as many as the field promises"),
        pytest.param(None, "1111", False, id="nothing promised"),
        pytest.param(4, "1111", False, id="fewer than cells promised"),
    ],
)
def test_digit_lost_between_cells_comes_back_where_the_number_of_digits_is_known(length, value, is_whole):
    second = [StripCandidate("11113", -0.1), StripCandidate("1111", -3.0)]
    recognizer = ScriptedRecognizer([row(1, 0.99)], second)
    reading = read(comb(full(4), length=length), recognizer, Threshold(1.0, False))
    assert reading.value == value
    assert len(reading.characters) == len(value)
    assert ("length_mismatch" not in reading.reasons) or not is_whole


def test_blank_field_is_blank_and_a_required_one_goes_to_review():
    assert read(comb([]), ScriptedRecognizer()).decision is Decision.BLANK
    required = read(comb([], required=True), ScriptedRecognizer())
    assert (required.decision, required.reasons, required.value) == (Decision.REVIEW, ("required_blank",), None)


def test_ink_that_is_no_digit_is_never_accepted():
    rows = [row(1, 0.9999)] * 4 + [row(NOT_A_DIGIT, 0.9)]
    reading = read(comb(full()), ScriptedRecognizer(rows), Threshold(0.0, True))
    assert reading.decision is Decision.REVIEW
    assert "not_a_digit" in reading.reasons


def test_missing_digit_is_a_length_mismatch():
    reading = read(comb(full(4), length=5), ScriptedRecognizer([row(1, 0.9999)]))
    assert "length_mismatch" in reading.reasons


def test_empty_cell_between_digits_is_a_length_mismatch():
    strokes = [one_in_cell(0), one_in_cell(1), one_in_cell(4)]
    reading = read(comb(strokes), ScriptedRecognizer([row(1, 0.9999)]))
    assert reading.raw == "11  1"
    assert reading.value == "111"
    assert "length_mismatch" in reading.reasons


def test_failed_rule_is_named():
    reading = read(comb(full(), rules=(RuleSpec("luhn"),)), ScriptedRecognizer([row(1, 0.9999)]))
    assert reading.reasons == ("rule_failed:luhn",)
    assert reading.rules[0].ok is False


def test_uncertified_threshold_accepts_only_where_the_user_allows_it():
    rows = ScriptedRecognizer([row(1, 0.9999)])
    strict = DecideOptions(accept_uncertified=False)
    assert read(comb(full()), rows, Threshold(0.9, False), strict).reasons == ("uncertified",)
    assert read(comb(full()), rows, Threshold(0.9, True), strict).decision is Decision.ACCEPTED


def test_template_threshold_wins():
    reading = read(comb(full(), threshold=1.0), ScriptedRecognizer([row(1, 0.99)]))
    assert reading.threshold == 1.0
    assert reading.decision is Decision.REVIEW


def test_impossible_date_loses_to_a_possible_one():
    rows = [row(3, 0.999), row(7, 0.6), row(0, 0.999), row(1, 0.999), *(row(d, 0.999) for d in (2, 0, 1, 2))]
    rows[1][1] = 0.35
    spec = FieldSpec("date", FieldKind.DATE, cells=8)
    reading = read(comb_region(8, full(8), spec), ScriptedRecognizer(rows))
    assert reading.value == "2012-01-31", "37.01.2012 is likelier by its digits alone"


def digits_on_line(count):
    return [[(40 + 50 * i, 25), (36 + 50 * i, 85)] for i in range(count)]


def test_both_readers_of_a_line_are_heard():
    strings = [StripCandidate("111", -0.1, ((30, 50), (80, 100), (130, 150))), StripCandidate("711", -3.0)]
    reading = read(line_region(digits_on_line(3)), ScriptedRecognizer([row(1, 0.999)], strings))
    assert (reading.raw, reading.value, reading.decision) == ("111", "111.00", Decision.ACCEPTED)


def test_string_the_lattice_does_not_know_keeps_its_columns_and_the_disagreement_is_told():
    strings = [StripCandidate("117", -0.2, ((30, 50), (80, 100), (130, 150)))]
    reading = read(line_region(digits_on_line(3)), ScriptedRecognizer([row(1, 0.9)], strings), Threshold(1.0, False))
    assert reading.raw == "117"
    assert "disagreement" in reading.reasons
    assert (reading.characters[2].box_px.left, reading.characters[2].box_px.right) == (130, 150)


def test_low_mark_between_digits_is_the_decimal_mark():
    strokes = [*digits_on_line(2), [(118, 84), (118, 85)], [(140, 25), (136, 85)], [(190, 25), (186, 85)]]
    reading = read(line_region(strokes), ScriptedRecognizer([row(1, 0.999)], [StripCandidate("1111", -0.1)]))
    assert reading.raw == "11.11"
    assert reading.value == "11.11"


def test_line_without_ink_is_blank():
    assert read(line_region([]), ScriptedRecognizer()).decision is Decision.BLANK


def test_line_without_a_digit_is_not_a_digit():
    reading = read(line_region([[(40, 25), (36, 85)]]), ScriptedRecognizer([row(NOT_A_DIGIT, 0.9999)]))
    assert reading.decision is Decision.REVIEW
    assert "low_confidence" in reading.reasons or "not_a_digit" in reading.reasons


def test_many_fields_are_read_by_one_call():
    recognizer = ScriptedRecognizer([row(1)])
    read_fields([segment_field(comb(full())) for _ in range(7)], recognizer)
    assert recognizer.calls == 1


@pytest.mark.parametrize("count", [0, 1, 5])
def test_evidence_has_a_row_for_every_crop(count):
    field = segment_field(comb(full(count)))
    assert len(read_fields([field], ScriptedRecognizer())[0].digits) == count


def test_confidences_of_all_readings_sum_to_no_more_than_one():
    field = segment_field(comb(full()))
    evidence = read_fields([field], ScriptedRecognizer([row(d, 0.5) for d in range(5)]))[0]
    decoded = decode_field(field, evidence, POINT)
    assert sum(r.confidence for r in decoded.readings) <= 1 + 1e-6
    assert dataclasses.is_dataclass(decoded)
