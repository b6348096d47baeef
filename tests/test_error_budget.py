"""The error budget's own counting, on a pool made up for it: no digits are read."""

import numpy as np
import pytest

from benchmarks.error_budget import BUDGETS, WEAR, Draw, draws
from benchmarks.field_pool import Pool
from benchmarks.real_budget import is_doubtful
from pipeline.confidence.calibrate import FieldReadings
from pipeline.confidence.certify import LabelledReadings
from pipeline.confidence.operating_point import BudgetPoint


def pool(hands=100, each=40, seed=2):
    rng = np.random.default_rng(seed)
    confidence = rng.random(hands * each)
    return LabelledReadings(confidence, rng.random(hands * each) < confidence, np.repeat(np.arange(hands), each))


def pool_of(readings, drawn):
    return Pool(FieldReadings([{}] * len(readings), readings.is_right, readings.hand), drawn)


def test_every_draw_has_an_outcome_for_each_budget_and_a_part_of_the_writers():
    given, readings = pool(), pool(seed=3)
    outcomes = draws(given, pool_of(readings, 4000), readings, 3, True)
    assert [outcome.point.max_error for outcome in outcomes] == [*BUDGETS] * 3
    assert {outcome.tested for outcome in outcomes} == {3200}


def test_what_could_not_be_accepted_counts_as_not_read():
    readings = pool(seed=3)
    first, *_ = draws(pool(), pool_of(readings, 5000), readings, 1, True)
    assert first.tested == 4000


@pytest.mark.parametrize(("wrong", "is_kept"), [(0, True), (2, True), (3, False)])
def test_a_budget_is_kept_up_to_its_share_of_what_was_taken(wrong, is_kept):
    point = BudgetPoint(0.01, 0.9, 500, 1, 0.0095, True)
    assert Draw(point, 200, wrong, 300).is_kept == is_kept


@pytest.mark.parametrize("name", sorted(WEAR))
def test_worn_pictures_keep_their_shape(name):
    image = np.full((40, 90), 230, np.uint8)
    image[10:30, 20:24] = 40
    worn = WEAR[name](image, np.random.default_rng(1))
    assert (worn.shape, worn.dtype) == (image.shape, np.uint8)
    assert not np.array_equal(worn, image)


def test_only_labels_that_both_readers_contradict_alike_are_doubtful():
    features = [{"agree": 1.0}, {"agree": 1.0}, {"agree": 0.0}]
    readings = FieldReadings(features, np.array([True, False, False]), np.arange(3))
    assert is_doubtful(readings).tolist() == [False, True, False]
