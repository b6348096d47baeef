import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognizer.calibration import (
    Calibration,
    calibration_to_json,
    fit_temperature,
    load_calibration,
    log_loss,
    softmax,
)
from recognizer.errors import ModelError


@given(hnp.arrays(np.float32, (5, 11), elements=st.floats(-80, 80, width=32)), st.floats(0.3, 5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_probabilities_sum_to_one_and_keep_the_order(logits, temperature):
    probabilities = softmax(logits, temperature)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    chosen = logits[np.arange(5), probabilities.argmax(axis=1)]
    assert chosen == pytest.approx(logits.max(axis=1), abs=1e-4)


def test_no_logits_give_no_probabilities():
    assert softmax(np.zeros((0, 11), np.float32)).shape == (0, 11)


def overconfident(factor, n=4000):
    """Logits whose true probabilities are those of logits / factor."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 2, (n, 11)).astype(np.float32)
    labels = np.array([rng.choice(11, p=row / row.sum()) for row in softmax(honest).astype(float)])
    return honest * factor, labels


def test_overconfident_logits_are_cooled_down():
    logits, labels = overconfident(2.0)
    calibration = fit_temperature(logits, labels)
    assert calibration.temperature == pytest.approx(2.0, rel=0.1)
    assert calibration.ece_after < calibration.ece_before
    assert calibration.n == len(labels)


def test_a_temperature_that_does_not_help_is_not_kept():
    calibration = fit_temperature(*overconfident(1.0))
    assert calibration.ece_after <= calibration.ece_before


def test_log_loss_of_a_hand_computed_case():
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    assert log_loss(probabilities, np.array([0, 0])) == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)


def test_a_calibration_comes_back_from_its_file(tmp_path):
    file = tmp_path / "digits.calibration.json"
    file.write_text(calibration_to_json(Calibration(0.8, 10, 0.02, 0.01)))
    assert load_calibration(file) == Calibration(0.8, 10, 0.02, 0.01)


@pytest.mark.parametrize("text", ["", "[]", '{"temperature": 0}', '{"temperature": -1}', '{"warmth": 1}'])
def test_a_senseless_calibration_is_refused(tmp_path, text):
    file = tmp_path / "digits.calibration.json"
    file.write_text(text)
    with pytest.raises(ModelError, match="cannot be used"):
        load_calibration(file)
