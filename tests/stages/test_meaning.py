import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.confidence.operating_point import ReaderCalibration, Threshold
from pipeline.document import Box, Decision, FieldKind, FieldSpec, RuleSpec
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import COMB, Decoded
from pipeline.stages.meaning import Reading, ScoredString, readings_of, weigh_by_grammar
from pipeline.stages.paths import Step
from pipeline.stages.segment import segment_field
from pipeline.values.grammar import digits_of
from tests.stages.drawing import comb_region, one_in_cell

LOGISTIC = ReaderCalibration(0.0, {"logit": 1.0}, (), 1.0)
DIGITS, AMOUNT = FieldSpec("id", FieldKind.DIGITS), FieldSpec("amount", FieldKind.AMOUNT)


def steps(text: str, mark: float = 1.0) -> tuple[Step, ...]:
    return tuple(Step(c, 0.9 if c.isdigit() else mark, Box(10 * i, 0, 10 * i + 8, 20)) for i, c in enumerate(text))


def scored(text: str, probability: float, mark: float = 1.0) -> ScoredString:
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return ScoredString(steps(text, mark), probability, {"logit": math.log(p / (1 - p))})


def test_amount_with_a_doubtful_point_keeps_both_values_and_shows_only_what_is_likely():
    readings = readings_of([scored("12.50", 0.9, mark=0.3)], AMOUNT, LOGISTIC, 8)
    assert [r.value for r in readings] == ["1250.00", "12.50"]
    assert sum(r.confidence for r in readings) <= 0.9 + 1e-9
    assert readings[0].raw == "1250"


def test_strings_of_one_value_add_up():
    readings = readings_of([scored("0050", 0.5), scored("050", 0.4)], AMOUNT, LOGISTIC, 8)
    assert readings[0].value == "50.00"
    assert readings[0].confidence == pytest.approx(0.9 * 0.97, abs=0.01)


def test_string_without_a_meaning_keeps_its_probability():
    date = FieldSpec("date", FieldKind.DATE)
    readings = readings_of([scored("31022012", 0.7), scored("31012012", 0.2)], date, LOGISTIC, 8)
    assert (readings[0].value, readings[0].confidence) == (None, pytest.approx(0.7))
    assert readings[1].value == "2012-01-31"


def test_slashes_of_a_date_that_were_read_as_ones_are_shown_as_slashes():
    date = FieldSpec("date", FieldKind.DATE, date_order="DMY")
    slashed = readings_of([scored("1310712012", 0.9)], date, LOGISTIC, 8)[0]
    assert (slashed.value, slashed.raw) == ("2012-07-13", "13/07/2012")
    unparted = readings_of([scored("13072012", 0.9)], date, LOGISTIC, 8)[0]
    assert (unparted.value, unparted.raw) == ("2012-07-13", "13072012")


STRINGS = st.lists(st.tuples(st.text("0123456789.,-", min_size=1, max_size=9), st.floats(0, 1)), max_size=6)


@settings(deadline=None)
@given(STRINGS, st.floats(-4, 4), st.sampled_from([DIGITS, AMOUNT, FieldSpec("d", FieldKind.DATE)]))
def test_confidences_sum_to_no_more_than_one_whatever_the_calibration(strings, shift, spec):
    total = max(1.0, sum(p for _, p in strings))
    ordered = sorted((scored(text, p / total, 0.6) for text, p in strings), key=lambda s: -s.probability)
    calibration = ReaderCalibration(shift, {"logit": 0.7}, (), 0.999)
    readings = readings_of(ordered, spec, calibration, 20)
    assert sum(r.confidence for r in readings) <= 1 + 1e-9
    assert [r.confidence for r in readings] == sorted((r.confidence for r in readings), reverse=True)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("0123456789", min_size=3, max_size=6), st.floats(0.01, 1)), min_size=1, max_size=5))
def test_grammar_never_makes_more_than_the_whole_of_the_evidence(strings):
    total = sum(p for _, p in strings) + 0.1
    spec = FieldSpec("zip", FieldKind.POSTAL_CODE, country="DE")
    weighed = weigh_by_grammar([(steps(text), math.log(p / total)) for text, p in strings], spec)
    assert sum(p for _, p in weighed) <= 1 + 1e-9
    assert [p for _, p in weighed] == sorted((p for _, p in weighed), reverse=True)


def test_string_of_the_right_length_wins_but_nothing_becomes_certain():
    spec = FieldSpec("zip", FieldKind.DIGITS, length=5)
    weighed = weigh_by_grammar([(steps("123456"), math.log(0.6)), (steps("12345"), math.log(0.2))], spec)
    assert digits_of("".join(s.char for s in weighed[0][0])) == "12345"
    assert weighed[0][1] < 0.75, "the fifth that nobody proposed may keep the length, too"


def decided(values: list[tuple[str, float]], *rules: RuleSpec):
    spec = FieldSpec("id", FieldKind.DIGITS, cells=5, rules=rules)
    field = segment_field(comb_region(5, [one_in_cell(i) for i in range(5)], spec))
    readings = tuple(Reading(steps(value), value, confidence) for value, confidence in values)
    return decide_field(field, Decoded(readings, COMB), Threshold(0.97, True), DecideOptions())


def test_value_repaired_by_a_check_digit_says_so_and_keeps_what_the_ink_says():
    reading = decided([("18", 0.51), ("12", 0.0), ("13", 0.0), ("91", 0.48)], RuleSpec("luhn"))
    assert reading.value == "18", "it passes"
    assert not reading.rules[0].repaired
    reading = decided([("19", 0.51), ("18", 0.489)], RuleSpec("luhn"))
    assert reading.value == "18"
    assert reading.rules[0].repaired
    assert reading.alternatives[0].value == "19"
    assert reading.confidence < 0.99


def test_weak_rule_repairs_nothing_surely():
    reading = decided([("90", 0.5), ("70", 0.4)], RuleSpec("range", {"max": 80}))
    assert (reading.value, reading.rules[0].repaired) == ("70", True)
    assert reading.confidence < 0.97
    assert reading.decision is Decision.REVIEW
