"""Budgets to thresholds: worked by hand, as laws, and in the long run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.confidence.certify import BUDGETS, LEVEL, LabelledReadings, budget_points, share_of_hands
from recognizer.proportions import clopper_pearson_upper


def readings(confidence, is_right, hand=None):
    confidence = np.asarray(confidence, float)
    hand = np.arange(len(confidence)) if hand is None else np.asarray(hand)
    return LabelledReadings(confidence, np.asarray(is_right, bool), hand)


def point_at(labelled, budget):
    return budget_points(labelled, (budget,))[0]


@pytest.mark.parametrize(
    ("n", "budget", "is_proven"),
    [(299, 0.01, True), (298, 0.01, False), (2995, 0.001, True), (2994, 0.001, False), (59, 0.05, True)],
)
def test_errorless_fields_prove_a_budget_from_three_over_n_on(n, budget, is_proven):
    point = point_at(readings(np.linspace(0.5, 0.9, n), np.ones(n)), budget)
    assert point.is_proven == is_proven
    assert point.upper_bound == pytest.approx(1 - 0.05 ** (1 / n))


def test_errors_below_the_threshold_do_not_count_against_it():
    confidence = np.linspace(1.0, 0.0, 2000)
    point = point_at(readings(confidence, np.arange(2000) < 1000), 0.05)
    assert point.is_proven
    assert (point.errors, 1000 <= point.accepted < 1050) == (point.accepted - 1000, True)
    assert point.threshold == confidence[point.accepted - 1]
    assert point.upper_bound == clopper_pearson_upper(point.errors, point.accepted, LEVEL)


def test_what_cannot_be_proven_is_estimated_at_even_chance_with_its_bound():
    # 0 wrong in 100: the median-unbiased estimate is 0.69 %, the bound at 95 % is 2.95 %.
    point = point_at(readings(np.linspace(0.9, 0.8, 100), np.ones(100)), 0.01)
    assert (point.accepted, point.errors, point.is_proven) == (100, 0, False)
    assert point.upper_bound == pytest.approx(0.0295, abs=1e-4)


def test_too_few_fields_even_for_an_estimate_accept_nothing():
    point = point_at(readings(np.linspace(0.9, 0.8, 50), np.ones(50)), 0.01)
    assert (point.threshold, point.accepted, point.upper_bound, point.is_proven) == (1.0, 0, 1.0, False)


def test_fields_of_equal_confidence_are_accepted_together():
    confidence = np.r_[np.full(400, 0.9), np.full(100, 0.5)]
    point = point_at(readings(confidence, np.r_[np.ones(400), np.zeros(100)]), 0.01)
    assert (point.threshold, point.accepted, point.errors) == (0.9, 400, 0)


def test_fields_of_one_hand_prove_less_than_as_many_hands():
    hand = np.repeat(np.arange(100), 20)
    is_right = ~np.isin(hand, [7, 30])
    confidence = np.full(2000, 0.98)
    own, shared = readings(confidence, is_right), readings(confidence, is_right, hand)
    assert point_at(own, 0.03).is_proven
    assert not point_at(shared, 0.03).is_proven, "two hands of a hundred err, whatever they write"


@pytest.mark.parametrize(
    ("is_right", "hand", "share"),
    [
        ([1, 1, 0, 0], [0, 0, 1, 1], 1.0),
        ([1, 0, 1, 0], [0, 0, 1, 1], 0.0),
        ([1, 0, 1, 0], [0, 1, 2, 3], 0.0),
        ([1, 1, 1, 1], [0, 0, 1, 1], 0.0),
    ],
    ids=["a hand errs always", "hands err alike", "every field its own hand", "no error"],
)
def test_likeness_of_hands(is_right, hand, share):
    assert share_of_hands(np.array(is_right, bool), np.array(hand)) == share


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_points_hold_what_they_say(n, seed):
    rng = np.random.default_rng(seed)
    confidence = rng.random(n).round(2)
    labelled = readings(confidence, rng.random(n) < confidence, rng.integers(0, 20, n))
    for point in budget_points(labelled):
        accepted = confidence >= point.threshold
        if point.accepted:
            assert point.accepted == accepted.sum()
            assert point.errors == (~labelled.is_right[accepted]).sum()
        assert not point.is_proven or point.upper_bound <= point.max_error
    estimated = [p.threshold for p in budget_points(labelled) if not p.is_proven]
    assert estimated == sorted(estimated, reverse=True), "a smaller budget never has a laxer estimate"


def test_no_fields_make_no_points():
    with pytest.raises(ValueError, match="labelled"):
        budget_points(readings([], []))


def test_a_proven_budget_is_broken_in_at_most_one_calibration_of_twenty():
    """What has a confidence of 1 - d is wrong with probability d, d even below 1/2: taking d <= t errs with t / 2."""
    rng = np.random.default_rng(11)
    broken = proven = 0
    for _ in range(400):
        doubt = rng.random(1500) / 2
        labelled = readings(1 - doubt, rng.random(1500) > doubt)
        point = point_at(labelled, 0.1)
        proven += point.is_proven
        broken += point.is_proven and (1 - point.threshold) / 2 > 0.1
    assert proven > 350
    assert broken <= 30, "5 % of 400 are 20; 30 would be reached by chance once in sixty runs"


def test_budgets_rise():
    assert list(BUDGETS) == sorted(set(BUDGETS))
