"""Counting: accuracy, calibration and what may be accepted at which error. Pure numpy, every figure with its n."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.readings import DIGIT_COUNT, FloatArray

_ECE_BINS = 15
_Z_95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class DigitReport:
    """How well labelled digits were read.

    Attributes:
        n: digits.
        right: of them read right; 'not one digit' is never right.
        accuracy: right / n.
        accuracy_interval: Wilson interval, 95 %.
        rejected: digits called 'not one digit'.
        ece: expected calibration error of the likeliest class, 15 bins of equal width.
        coverage_at: error allowed among accepted digits -> share of digits that may be accepted.
        confusion: (10, 11) counts, row truth, column read as.
    """

    n: int
    right: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    rejected: int
    ece: float
    coverage_at: dict[float, float]
    confusion: NDArray[np.int64]


def report_digits(probabilities: FloatArray, labels: NDArray[np.integer]) -> DigitReport:
    """Count how well digits were read.

    Args:
        probabilities: (N, 11) or (N, 10).
        labels: (N,) the digits, 0 to 9.

    Raises:
        ValueError: no digits, or shapes that do not fit.
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise ValueError(f"{len(probabilities)} readings do not fit {len(labels)} labels")
    read = probabilities.argmax(axis=1)
    is_right = read == labels
    right = int(is_right.sum())
    confusion = np.zeros((DIGIT_COUNT, DIGIT_COUNT + 1), np.int64)
    np.add.at(confusion, (labels, read), 1)
    confidence = probabilities.max(axis=1)
    return DigitReport(
        n=len(labels),
        right=right,
        accuracy=right / len(labels),
        accuracy_interval=wilson_interval(right, len(labels)),
        rejected=int(confusion[:, DIGIT_COUNT].sum()),
        ece=expected_calibration_error(confidence, is_right),
        coverage_at={error: coverage_at_error(confidence, is_right, error) for error in (0.01, 0.001)},
        confusion=confusion,
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a proportion; (0, 1) without trials.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, _Z_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = _Z_95 / (1 + square / trials) * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def expected_calibration_error(
    confidence: NDArray[np.floating], is_right: NDArray[np.bool_], bins: int = _ECE_BINS
) -> float:
    """Mean distance between confidence and accuracy over bins of equal width, weighted by their digits; 0 for none.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning.
    """
    if len(confidence) == 0:
        return 0.0
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    claimed = np.bincount(place, weights=confidence, minlength=bins)
    found = np.bincount(place, weights=is_right, minlength=bins)
    return float(np.abs(claimed - found).sum() / len(confidence))


def risk_coverage(
    confidence: NDArray[np.floating], is_right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Error among the k most confident digits, for every k at which a threshold can separate.

    Returns:
        coverage (M,), share of digits accepted, rising; risk (M,), errors among them.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    errors = np.cumsum(~is_right[order])
    accepted = np.arange(1, len(order) + 1)
    # Digits of equal confidence are accepted together or not at all.
    separable = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)[: len(order)]
    return accepted[separable] / max(len(order), 1), errors[separable] / accepted[separable]


def coverage_at_error(confidence: NDArray[np.floating], is_right: NDArray[np.bool_], max_error: float) -> float:
    """Largest share of digits that can be accepted by one threshold with at most `max_error` wrong among them."""
    coverage, risk = risk_coverage(confidence, is_right)
    return float(coverage[risk <= max_error].max(initial=0.0))


def accepted_above(probabilities: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Which readings are taken for a digit with more than `threshold`; of non-digits, these are the dangerous ones."""
    return np.asarray(probabilities[:, :DIGIT_COUNT].max(axis=1) > threshold)
