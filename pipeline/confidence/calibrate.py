"""Fit an operating point on labelled fields: the probability of a reading and the threshold of every budget. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.confidence.certify import LabelledReadings, budget_points
from pipeline.confidence.operating_point import BudgetPoint, OperatingPoint, ReaderCalibration
from pipeline.document import FieldKind

RIDGE = 1.0
"""Pull of the weights to zero, in pseudo-observations: keeps the fit finite when no error was seen."""
ITERATIONS = 50
FOLDS = 5
"""Parts that take turns at being left out of the fit, so that no field judges a fit that has seen it."""
LEAST_OF_KIND = 1000
"""Labelled fields of one kind that points of its own ask for: with fewer, one error more or less decides on 1 %."""


@dataclass(frozen=True)
class FieldReadings:
    """Best readings of labelled fields.

    Attributes:
        features: of the best reading of every field.
        is_right: (n,) bool, whether it is.
        hand: (n,) int64, equal for fields that may share a writer.
    """

    features: Sequence[Mapping[str, float]]
    is_right: NDArray[np.bool_]
    hand: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[np.bool_]) -> FieldReadings:
        """The fields a mask (n,) bool names."""
        kept = [features for features, is_taken in zip(self.features, rows, strict=True) if is_taken]
        return FieldReadings(kept, self.is_right[rows], self.hand[rows])


def fit_reader(readings: FieldReadings, names: Sequence[str]) -> ReaderCalibration:
    """Logistic calibration of one reader, and thresholds from fields that each fit had not seen.

    Args:
        readings: labelled fields that one reader read.
        names: features to use.

    Returns:
        Calibration whose probabilities never exceed what that many fields can support (rule of three).

    Raises:
        ValueError: no field at all.
    """
    fitted = fit_probability(readings, names)
    unseen = LabelledReadings(cross_fitted(readings, names), readings.is_right, readings.hand)
    return replace(fitted, points=budget_points(unseen))


def fit_probability(readings: FieldReadings, names: Sequence[str]) -> ReaderCalibration:
    """The logistic map alone, without thresholds, see `fit_reader`."""
    if not len(readings):
        raise ValueError("an operating point needs labelled fields")
    matrix = np.array([[1.0, *(f.get(name, 0.0) for name in names)] for f in readings.features])
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-9)
    weights = _fit_logistic(matrix / scale, readings.is_right.astype(np.float64)) / scale
    ceiling = 1 - 1 / (len(readings) + 2)
    return ReaderCalibration(float(weights[0]), dict(zip(names, map(float, weights[1:]), strict=True)), (), ceiling)


def cross_fitted(readings: FieldReadings, names: Sequence[str]) -> NDArray[np.float64]:
    """(n,) probability of every field by a fit on other hands; with a single hand, by the fit on all."""
    _, hand = np.unique(readings.hand, return_inverse=True)
    part = np.random.default_rng(0).permutation(hand.max() + 1)[hand] % FOLDS
    ceiling = 1 - 1 / (len(readings) + 2)
    confidence = np.empty(len(readings))
    for number in np.unique(part):
        out = part == number
        fitted = replace(fit_probability(readings.take(~out) if not out.all() else readings, names), ceiling=ceiling)
        confidence[out] = [fitted.probability(f) for f in readings.take(out).features]
    return confidence


def _fit_logistic(matrix: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ridge logistic regression by Newton's method; the first column is the intercept and is not pulled."""
    weights = np.zeros(matrix.shape[1])
    pull = np.full(matrix.shape[1], RIDGE)
    pull[0] = 1e-6
    for _ in range(ITERATIONS):
        probability = 1 / (1 + np.exp(-np.clip(matrix @ weights, -40, 40)))
        gradient = matrix.T @ (probability - target) + pull * weights
        curvature = (matrix * (probability * (1 - probability))[:, None]).T @ matrix + np.diag(pull)
        step = np.linalg.solve(curvature, gradient)
        weights -= np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-8:
            break
    return weights


# --- on a user's own results ---------------------------------------------------------------------


def recalibrated(
    point: OperatingPoint, name: str, readings: LabelledReadings, kinds: Sequence[FieldKind]
) -> OperatingPoint:
    """An operating point with thresholds from fields of the user's own; what makes probabilities stays as it is.

    Results do not say which reader read a field, so the thresholds hold for all readers together.

    Args:
        point: that the fields were read with.
        name: of the new one.
        readings: labelled fields and the confidence they were read with.
        kinds: (n) kinds of the fields.

    Raises:
        ValueError: no field at all.
    """
    points = budget_points(readings)
    by_kind = points_by_kind(readings, kinds)
    readers = {name: replace(reader, points=points, by_kind=by_kind) for name, reader in point.readers.items()}
    return replace(point, name=name, is_certified=True, readers=readers)


def points_by_kind(readings: LabelledReadings, kinds: Sequence[FieldKind]) -> dict[FieldKind, tuple[BudgetPoint, ...]]:
    """Points of every kind that has labelled fields enough, where there is more than one kind."""
    of_kind = {kind: np.array([k is kind for k in kinds]) for kind in sorted(set(kinds))}
    if len(of_kind) < 2:
        return {}
    return {kind: budget_points(readings.take(mine)) for kind, mine in of_kind.items() if mine.sum() >= LEAST_OF_KIND}
