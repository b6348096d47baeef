import json
import math

import pytest

from pipeline.errors import ModelError
from pipeline.operating_point import (
    CurvePoint,
    OperatingPoint,
    ReaderCalibration,
    load_operating_point,
    to_json,
)

READER = ReaderCalibration(
    0.0, {"logit": 1.0}, (CurvePoint(0.99, 500, 0), CurvePoint(0.9, 900, 5), CurvePoint(0.5, 1000, 60)), 0.999
)


def test_lowest_threshold_that_keeps_the_budget_is_taken():
    point = OperatingPoint("p", False, {"comb": READER})
    assert point.threshold("comb", 0.01).value == 0.9
    assert point.threshold("comb", 0.001).value == 0.99
    assert point.threshold("comb", 0.2).value == 0.5


def test_nothing_is_accepted_when_no_threshold_keeps_the_budget():
    reader = ReaderCalibration(0.0, {}, (CurvePoint(0.9, 10, 5),), 1.0)
    assert OperatingPoint("p", True, {"comb": reader}).threshold("comb", 0.01).value == 1.0


def test_only_a_bound_within_the_budget_certifies():
    certified = OperatingPoint("p", True, {"comb": READER})
    assert not certified.threshold("comb", 0.001).is_certified, "0 of 500 bounds the rate by 0.6 % only"
    assert certified.threshold("comb", 0.02).is_certified
    assert not OperatingPoint("p", False, {"comb": READER}).threshold("comb", 0.02).is_certified


def test_probability_is_logistic_and_capped():
    assert READER.probability({"logit": 0.0}) == pytest.approx(0.5)
    assert READER.probability({"logit": 2.0, "unknown": 9.0}) == pytest.approx(1 / (1 + math.exp(-2)))
    assert READER.probability({"logit": 100.0}) == 0.999


def test_operating_point_goes_to_json_and_back(tmp_path):
    point = OperatingPoint("p", False, {"comb": READER})
    path = tmp_path / "point.json"
    path.write_text(json.dumps(to_json(point)))
    assert load_operating_point(path) == point


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "x", "is_certified": true, "readers": {"comb": {}}}'])
def test_broken_operating_point_is_a_model_error(tmp_path, content):
    path = tmp_path / "point.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=r"point\.json"):
        load_operating_point(path)
