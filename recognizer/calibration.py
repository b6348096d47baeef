"""Turning logits into probabilities that mean what they say: one temperature, kept only where it helps."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.evaluation import expected_calibration_error
from recognizer.readings import FloatArray

_TEMPERATURES = np.geomspace(0.4, 4.0, 93)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become probabilities.

    Attributes:
        temperature: logits are divided by it; 1 leaves them as they are.
        n: digits it was fitted on, of writers seen neither in training nor in reporting; 0 when it was not fitted.
        ece_before, ece_after: calibration error on those digits at temperature 1 and at `temperature`.
    """

    temperature: float = 1.0
    n: int = 0
    ece_before: float = 0.0
    ece_after: float = 0.0


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities (N, classes) float32 of logits (N, classes)."""
    if len(logits) == 0:
        return logits.astype(np.float32)
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def fit_temperature(logits: FloatArray, labels: NDArray[np.integer]) -> Calibration:
    """The temperature of least log loss, or 1 when that does not lower the calibration error too.

    Args:
        logits: (N, classes) of digits that were not trained on.
        labels: (N,) their classes.
    """
    losses = [log_loss(softmax(logits, temperature), labels) for temperature in _TEMPERATURES]
    best = float(_TEMPERATURES[int(np.argmin(losses))])
    before, after = _ece(softmax(logits), labels), _ece(softmax(logits, best), labels)
    if after >= before:
        best, after = 1.0, before
    return Calibration(best, len(labels), before, after)


def log_loss(probabilities: FloatArray, labels: NDArray[np.integer]) -> float:
    """Mean negative natural logarithm of the probability of the truth."""
    truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(truth, 1e-9)).mean())


def calibration_to_json(calibration: Calibration) -> str:
    """The text of `digits.calibration.json`."""
    return json.dumps(asdict(calibration), indent=2) + "\n"


def load_calibration(path: Path) -> Calibration:
    """Read `digits.calibration.json`.

    Raises:
        ModelError: the file cannot be read or its temperature is no positive number.
    """
    try:
        calibration = Calibration(**json.loads(path.read_text(encoding="utf-8")))
        if not 0 < float(calibration.temperature) < float("inf"):
            raise ValueError(f"temperature {calibration.temperature}")
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"calibration {path} cannot be used: {error}") from None
    return calibration


def _ece(probabilities: FloatArray, labels: NDArray[np.integer]) -> float:
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
