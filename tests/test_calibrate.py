import numpy as np
import pytest

from pipeline.confidence.calibrate import (
    FieldReadings,
    cross_fitted,
    fit_probability,
    fit_reader,
    points_by_kind,
    recalibrated,
)
from pipeline.confidence.certify import LabelledReadings
from pipeline.confidence.operating_point import OperatingPoint, ReaderCalibration
from pipeline.document import FieldKind


def field_readings(logits, is_right, hand=None):
    hand = np.arange(len(logits)) if hand is None else hand
    return FieldReadings([{"logit": float(z)} for z in logits], np.asarray(is_right, bool), hand)


def some_readings(n, seed=5):
    rng = np.random.default_rng(seed)
    logits = rng.normal(1.0, 2.0, n)
    return field_readings(logits, rng.random(n) < 1 / (1 + np.exp(-(0.5 * logits + 0.3))))


def test_fitted_probabilities_match_observed_frequencies():
    readings = some_readings(4000)
    reader = fit_reader(readings, ["logit"])
    assert reader.weights["logit"] == pytest.approx(0.5, abs=0.05)
    probabilities = np.array([reader.probability(f) for f in readings.features])
    upper = probabilities > 0.8
    assert probabilities[upper].mean() == pytest.approx(readings.is_right[upper].mean(), abs=0.03)


def test_errorless_fields_never_support_certainty():
    reader = fit_reader(field_readings([10.0] * 100, [True] * 100), ["logit"])
    assert reader.probability({"logit": 40.0}) <= 1 - 1 / 102


def test_no_field_judges_a_fit_that_has_seen_its_hand():
    hand = np.repeat(np.arange(50), 8)
    strange = hand == 17
    readings = field_readings(np.where(strange, -9.0, 3.0), np.ones(400), hand)
    turned = FieldReadings(readings.features, np.where(strange, False, True), hand)
    own = cross_fitted(readings, ["logit"])[strange]
    np.testing.assert_allclose(own, cross_fitted(turned, ["logit"])[strange], err_msg="its own labels reached the fit")
    fitted = [fit_probability(r, ["logit"]).probability({"logit": -9.0}) for r in (readings, turned)]
    assert fitted[0] > fitted[1] + 0.1


@pytest.mark.parametrize("n", [1, 2, 6])
def test_few_fields_still_make_a_calibration(n):
    assert 0 < fit_reader(some_readings(n), ["logit"]).probability({"logit": 0.0}) < 1


def test_no_fields_make_no_operating_point():
    with pytest.raises(ValueError, match="labelled"):
        fit_reader(field_readings([], []), ["logit"])


def labelled(n):
    return LabelledReadings(np.linspace(0.99, 0.9, n), np.ones(n, bool), np.arange(n))


def test_own_fields_change_thresholds_and_leave_probabilities():
    shipped = ReaderCalibration(0.3, {"logit": 0.6}, (), 0.999)
    point = OperatingPoint("shipped", False, {"comb": shipped, "free": shipped})
    own = recalibrated(point, "own", labelled(400), [FieldKind.DATE] * 400)
    assert (own.name, own.is_certified, own.label) == ("own", True, "own certified from 0.0075")
    assert own.threshold("free", 0.01).is_certified
    assert own.readers["comb"].probability({"logit": 2.0}) == shipped.probability({"logit": 2.0})


def test_kinds_with_fields_enough_have_points_of_their_own():
    kinds = [FieldKind.DATE] * 1000 + [FieldKind.AMOUNT] * 999
    assert set(points_by_kind(labelled(1999), kinds)) == {FieldKind.DATE}


def test_a_single_kind_needs_no_points_of_its_own():
    assert points_by_kind(labelled(1500), [FieldKind.DATE] * 1500) == {}
