"""Counting: accuracy, calibration and what may be accepted at which error. Pure numpy, every figure with its n."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.proportions import wilson_interval
from recognizer.readings import DIGIT_COUNT, FloatArray

ECE_BINS = 15


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
    acceptance = acceptance_confidence(probabilities)
    return DigitReport(
        n=len(labels),
        right=right,
        accuracy=right / len(labels),
        accuracy_interval=wilson_interval(right, len(labels)),
        rejected=int(confusion[:, DIGIT_COUNT].sum()),
        ece=expected_calibration_error(probabilities.max(axis=1), is_right),
        coverage_at={error: coverage_at_error(acceptance, is_right, error) for error in (0.01, 0.001)},
        confusion=confusion,
    )


def expected_calibration_error(
    confidence: NDArray[np.floating], is_right: NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """Mean distance between confidence and accuracy over bins of equal width, weighted by their digits; 0 for none.

    Source: Naeini, Cooper & Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning.
    """
    if len(confidence) == 0:
        return 0.0
    place = bin_of(confidence, bins)
    claimed = np.bincount(place, weights=confidence, minlength=bins)
    found = np.bincount(place, weights=is_right, minlength=bins)
    return float(np.abs(claimed - found).sum() / len(confidence))


def bin_of(confidence: NDArray[np.floating], bins: int = ECE_BINS) -> NDArray[np.intp]:
    """Which of so many bins of equal width each confidence falls into; 1 belongs to the last."""
    return np.clip((confidence * bins).astype(np.intp), 0, bins - 1)


def acceptance_confidence(probabilities: FloatArray) -> FloatArray:
    """How surely each reading may be taken for its digit (N,): 0 where 'not one digit' is likelier than each digit."""
    best = probabilities[:, :DIGIT_COUNT].max(axis=1)
    return np.where(probabilities.argmax(axis=1) < DIGIT_COUNT, best, np.float32(0))


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
    """Largest share of digits that can be accepted by one threshold with at most `max_error` wrong among them.

    What has confidence 0 is never accepted.
    """
    sure = confidence > 0
    coverage, risk = risk_coverage(confidence[sure], is_right[sure])
    return float(coverage[risk <= max_error].max(initial=0.0)) * float(sure.mean())


def accepted_above(probabilities: FloatArray, threshold: float) -> NDArray[np.bool_]:
    """Which readings are taken for a digit with more than `threshold`; of non-digits, these are the dangerous ones."""
    return np.asarray(probabilities[:, :DIGIT_COUNT].max(axis=1) > threshold)
