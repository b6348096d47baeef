import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.confidence.operating_point import (
    BudgetPoint,
    OperatingPoint,
    ReaderCalibration,
    load_operating_point,
    to_json,
)
from pipeline.document import FieldKind
from pipeline.errors import ModelError

POINTS = (
    BudgetPoint(0.001, 0.99, 500, 0, 0.006, False),
    BudgetPoint(0.01, 0.9, 900, 4, 0.0098, True),
    BudgetPoint(0.2, 0.5, 1000, 60, 0.074, True),
)
READER = ReaderCalibration(0.0, {"logit": 1.0}, POINTS, 0.999)


def point_of(reader, is_certified=False):
    return OperatingPoint("p", is_certified, {"comb": reader})


@pytest.mark.parametrize(
    ("max_error", "threshold"),
    [(0.001, 0.99), (0.00999, 0.99), (0.01, 0.9), (0.199, 0.9), (0.2, 0.5), (0.99, 0.5), (0.0005, 1.0)],
    ids=["first", "just below", "exact", "between", "last", "beyond", "smaller than any"],
)
def test_a_budget_has_the_threshold_of_the_next_smaller_one_measured(max_error, threshold):
    assert point_of(READER).threshold("comb", max_error).value == threshold


@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 1 - 1e-6))
def test_a_smaller_budget_never_has_a_laxer_threshold(one, other):
    small, large = sorted((one, other))
    point = point_of(READER)
    assert point.threshold("comb", small).value >= point.threshold("comb", large).value


def test_nothing_is_accepted_when_no_threshold_keeps_the_budget():
    assert point_of(ReaderCalibration(0.0, {}, (), 1.0), True).threshold("comb", 0.01).value == 1.0


def test_only_what_is_proven_on_the_users_own_documents_is_certified():
    own, others = point_of(READER, True), point_of(READER, False)
    assert own.threshold("comb", 0.02).is_certified
    assert not own.threshold("comb", 0.001).is_certified, "0 of 500 bounds the rate by 0.6 % only"
    assert not others.threshold("comb", 0.02).is_certified


def test_a_kind_with_points_of_its_own_is_judged_by_them():
    date = (BudgetPoint(0.01, 0.8, 400, 0, 0.0075, True),)
    point = point_of(ReaderCalibration(0.0, {}, POINTS, 1.0, {FieldKind.DATE: date}))
    assert point.threshold("comb", 0.01, FieldKind.DATE).value == 0.8
    assert point.threshold("comb", 0.01, FieldKind.AMOUNT).value == 0.9


@pytest.mark.parametrize(
    ("readers", "is_certified", "label"),
    [
        ({"comb": READER, "free": READER}, True, "p certified from 0.01"),
        ({"comb": READER, "free": READER}, False, "p estimated"),
        ({"comb": READER, "free": ReaderCalibration(0.0, {}, POINTS[:1], 1.0)}, True, "p estimated"),
    ],
    ids=["own and proven", "other people's", "one reader without proof"],
)
def test_label_says_from_which_budget_on_it_is_certified(readers, is_certified, label):
    assert OperatingPoint("p", is_certified, readers).label == label


def test_probability_is_logistic_and_capped():
    assert READER.probability({"logit": 0.0}) == pytest.approx(0.5)
    assert READER.probability({"logit": 2.0, "unknown": 9.0}) == pytest.approx(1 / (1 + math.exp(-2)))
    assert READER.probability({"logit": 100.0}) == 0.999


def test_operating_point_goes_to_json_and_back(tmp_path):
    point = point_of(ReaderCalibration(0.1, {"logit": 1.0}, POINTS, 0.999, {FieldKind.DATE: POINTS[:1]}))
    path = tmp_path / "point.json"
    path.write_text(json.dumps(to_json(point)))
    assert load_operating_point(path) == point


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "x", "is_certified": true, "readers": {"comb": {}}}'])
def test_broken_operating_point_is_a_model_error(tmp_path, content):
    path = tmp_path / "point.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=r"point\.json"):
        load_operating_point(path)
