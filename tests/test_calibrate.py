import numpy as np
import pytest

from pipeline.calibrate import error_curve, fit_reader


def test_fitted_probabilities_match_observed_frequencies():
    rng = np.random.default_rng(5)
    logits = rng.normal(1.0, 2.0, 4000)
    correct = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits + 0.3)))
    features = [{"logit": float(z)} for z in logits]
    reader = fit_reader(features, correct.tolist(), ["logit"])
    assert reader.weights["logit"] == pytest.approx(0.5, abs=0.05)
    probabilities = np.array([reader.probability(f) for f in features])
    upper = probabilities > 0.8
    assert probabilities[upper].mean() == pytest.approx(correct[upper].mean(), abs=0.03)


def test_errorless_fields_never_support_certainty():
    reader = fit_reader([{"logit": 10.0}] * 100, [True] * 100, ["logit"])
    assert reader.probability({"logit": 40.0}) <= 1 - 1 / 102


def test_curve_counts_accepted_and_wrong_by_falling_threshold():
    curve = error_curve(np.array([0.9, 0.2, 0.8, 0.8]), np.array([True, False, True, False]))
    assert [(p.threshold, p.accepted, p.errors) for p in curve] == [(0.9, 1, 0), (0.8, 3, 1), (0.2, 4, 2)]


def test_no_fields_make_no_operating_point():
    with pytest.raises(ValueError, match="labelled"):
        fit_reader([], [], ["logit"])
