"""Fit an operating point on labelled fields: the logistic map of a reader, and its error curve. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.operating_point import CurvePoint, ReaderCalibration

RIDGE = 1.0
"""Pull of the weights to zero, in pseudo-observations: keeps the fit finite when no error was seen."""
ITERATIONS = 50
CURVE_POINTS = 200


def fit_reader(
    features: Sequence[Mapping[str, float]], correct: Sequence[bool], names: Sequence[str]
) -> ReaderCalibration:
    """Logistic calibration of one reader and the error curve it gives on the same fields.

    Args:
        features: of the best reading of every labelled field.
        correct: whether that reading was right.
        names: features to use.

    Returns:
        Calibration whose probabilities never exceed what that many fields can support (rule of three).

    Raises:
        ValueError: no field at all.
    """
    if not features:
        raise ValueError("an operating point needs labelled fields")
    matrix = np.array([[1.0, *(f.get(name, 0.0) for name in names)] for f in features])
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-9)
    weights = _fit_logistic(matrix / scale, np.array(correct, float)) / scale
    ceiling = 1 - 1 / (len(features) + 2)
    fitted = ReaderCalibration(float(weights[0]), dict(zip(names, map(float, weights[1:]), strict=True)), (), ceiling)
    confidences = np.array([fitted.probability(f) for f in features])
    return replace(fitted, curve=error_curve(confidences, np.array(correct, bool)))


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


def error_curve(confidences: NDArray[np.float64], correct: NDArray[np.bool_]) -> tuple[CurvePoint, ...]:
    """How many fields each threshold accepts, and how many of those are wrong, by falling threshold.

    Args:
        confidences: (n,) calibrated probabilities.
        correct: (n,) whether each field was read right.
    """
    order = np.argsort(-confidences, kind="stable")
    falling = confidences[order]
    errors = np.cumsum(~correct[order])
    ends = np.flatnonzero(np.diff(falling, append=-1.0) != 0)
    wrong_ends = [end for end in ends if not correct[order][end]]
    picked = sorted({*ends[np.linspace(0, len(ends) - 1, min(CURVE_POINTS, len(ends))).astype(int)], *wrong_ends})
    return tuple(CurvePoint(float(falling[i]), int(i) + 1, int(errors[i])) for i in picked)
