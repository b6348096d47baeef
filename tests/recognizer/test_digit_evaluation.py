"""Evaluation of digits against figures worked out by hand."""

import json

import numpy as np
import pytest

from recognizer.digit_evaluation import evaluate_digits, evaluation_to_json, generalised_risk_area, worst_errors
from recognizer.evaluation import risk_coverage


def readings(*rows):
    """Probabilities from (class, confidence); the rest is spread evenly."""
    probabilities = np.empty((len(rows), 11), np.float32)
    for row, (label, confidence) in zip(probabilities, rows, strict=True):
        row[:] = (1 - confidence) / 10
        row[label] = confidence
    return probabilities


FIVE = readings((3, 0.875), (3, 0.75), (5, 0.9375), (10, 0.96875), (5, 0.625))
FIVE_LABELS = np.array([3, 5, 5, 4, 5])


def test_every_figure_of_a_set_of_five():
    said = evaluation_to_json(evaluate_digits(FIVE, FIVE_LABELS))
    assert (said["n"], said["right"], said["accuracy"], said["not_a_digit"]) == (5, 3, 0.6, 1)
    assert said["accuracy_interval"] == pytest.approx([0.2307, 0.8824], abs=1e-4)
    three, four, five = (said["digits"][digit] for digit in (3, 4, 5))
    assert (three["precision"], three["recall"], three["bias"]) == (0.5, 1.0, 1.0)
    assert (four["precision"], four["recall"], four["bias"]) == (None, 0.0, -1.0)
    assert (five["precision"], five["recall"], five["bias"]) == (1.0, pytest.approx(2 / 3), pytest.approx(-1 / 3))
    assert said["digits"][0]["recall"] is None
    assert said["confusion"][5] == [0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0]
    assert said["confusion"][4][10] == 1
    # By falling confidence: 5 right, 3 right, 3 wrong, 5 right; 'not one digit' last and wrong.
    assert [share for share, _ in said["risk_coverage"]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert [risk for _, risk in said["risk_coverage"]] == pytest.approx([0, 0, 1 / 3, 1 / 4, 2 / 5])
    # Share of all that is accepted and wrong: 0 0 0 .2 .2 .4; trapezoids a fifth wide.
    assert said["augrc"] == pytest.approx(0.2 * (0 + 0 + 0.1 + 0.2 + 0.3))
    # Bins of a fifteenth, claimed - found: 9 (.625: 1), 11 (.75: 0), 13 (.875: 1), 14 (.9375 + .96875: 1).
    assert said["ece"] == pytest.approx((0.375 + 0.75 + 0.125 + 0.90625) / 5)
    assert [entry["n"] for entry in said["reliability"]] == [1, 1, 1, 2]
    assert said["reliability"][-1]["confidence"] == pytest.approx(0.953125)
    assert said["reliability"][-1]["accuracy"] == 0.5


def test_what_may_be_accepted_at_one_in_a_hundred():
    one_percent = evaluate_digits(FIVE, FIVE_LABELS).coverage_at[0]
    assert (one_percent.max_error, one_percent.threshold) == (0.01, 0.875)
    assert (one_percent.accepted, one_percent.coverage, one_percent.errors) == (2, 0.4, 0)
    assert one_percent.error_interval == pytest.approx((0, 0.8419), abs=1e-4), "none of two"
    assert not one_percent.is_shown, "two digits show nothing about one in a hundred"


def test_a_budget_is_shown_when_enough_digits_are_accepted():
    said = evaluate_digits(readings(*[(1, 0.9)] * 400), np.ones(400, int))
    assert [point.is_shown for point in said.coverage_at] == [True, False]


@pytest.mark.parametrize(("n", "budgets"), [(29_955, 2), (29_956, 3)], ids=["too few", "just enough"])
def test_one_in_ten_thousand_is_given_only_where_the_sample_allows_it(n, budgets):
    assert len(evaluate_digits(readings((1, 0.9)).repeat(n, axis=0), np.ones(n, int)).coverage_at) == budgets


def test_nothing_is_accepted_when_the_surest_reading_is_wrong():
    said = evaluate_digits(readings((1, 0.9), (2, 0.8)), np.array([2, 2])).coverage_at[0]
    assert (said.threshold, said.accepted, said.coverage) == (None, 0, 0.0)


def test_not_one_digit_is_not_accepted_even_within_the_budget():
    said = evaluate_digits(readings(*[(1, 0.9)] * 199, (10, 0.9)), np.ones(200, int)).coverage_at[0]
    assert (said.accepted, said.errors) == (199, 0)


@pytest.mark.parametrize(
    ("is_right", "area"),
    [
        pytest.param([True] * 4, 0.0, id="no error"),
        pytest.param([False] * 4, 0.5, id="all wrong"),
        pytest.param([True, True, False, False], 0.125, id="errors least sure"),
        pytest.param([False, False, True, True], 0.375, id="errors surest"),
    ],
)
def test_augrc_rewards_errors_of_little_confidence(is_right, area):
    curve = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array(is_right))
    assert generalised_risk_area(*curve) == pytest.approx(area)


def test_readings_of_one_confidence_have_the_augrc_of_random_order():
    curve = risk_coverage(np.full(10, 0.9), np.arange(10) < 7)
    assert generalised_risk_area(*curve) == pytest.approx(0.3 / 2)


def test_worst_errors_are_the_surest_ones():
    said = evaluate_digits(FIVE, FIVE_LABELS)
    assert worst_errors(said, FIVE_LABELS, 5).tolist() == [3, 1]
    assert worst_errors(said, FIVE_LABELS, 1).tolist() == [3]


def test_json_of_an_evaluation_is_plain():
    said = evaluation_to_json(evaluate_digits(readings(*[(1, 0.9)] * 3), np.array([1, 2, 1])))
    assert json.loads(json.dumps(said, allow_nan=False))["n"] == 3
