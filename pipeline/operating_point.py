"""From scores to probabilities, and from an error budget to the confidence that acceptance asks for.

A reader's raw evidence about a field becomes a probability by a logistic fit on labelled fields. The same labelled
fields, sorted by that probability, say how many errors acceptance above any threshold would have let through; the
threshold for a budget is read off that curve. It is `certified` only for fields like those it was measured on, and
only when the upper confidence bound of the error keeps the budget; else it is `estimated`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ModelError
from recognizer.proportions import clopper_pearson_upper

FILE_NAME = "operating_point.json"
BOUND_LEVEL = 0.95
"""Level of the one-sided Clopper-Pearson bound on the error rate."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accepting at `threshold` or above took `accepted` labelled fields, of which `errors` were wrong."""

    threshold: float
    accepted: int
    errors: int


@dataclass(frozen=True, slots=True)
class ReaderCalibration:
    """Logistic map from named features to a probability, and the error curve it gave.

    Attributes:
        intercept, weights: probability = 1 / (1 + exp(-(intercept + sum of weight x feature))).
        curve: by falling threshold.
        ceiling: highest probability that the labelled fields can support: their number bounds it.
    """

    intercept: float
    weights: Mapping[str, float]
    curve: tuple[CurvePoint, ...]
    ceiling: float

    def probability(self, features: Mapping[str, float]) -> float:
        """Calibrated probability of a field with these features; features without a weight do not count."""
        score = self.intercept + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return min(1 / (1 + math.exp(-max(-40.0, min(40.0, score)))), self.ceiling)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Confidence that acceptance asks for, and whether the labelled fields certify the budget at it."""

    value: float
    is_certified: bool


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Calibration of every reader (`comb`, `free`) and how it was come by.

    Attributes:
        name: identity for results.
        is_certified: measured on documents of the user's own kind; else every threshold is `estimated`.
    """

    name: str
    is_certified: bool
    readers: Mapping[str, ReaderCalibration]

    @property
    def label(self) -> str:
        """Name and standing, for results."""
        return f"{self.name} {'certified' if self.is_certified else 'estimated'}"

    def threshold(self, reader: str, max_error: float) -> Threshold:
        """Lowest threshold on the reader's curve that keeps the budget, or one above every confidence if none does.

        Args:
            reader: `comb` or `free`.
            max_error: share of accepted values that may be wrong, 0 to 1.
        """
        kept = [p for p in self.readers[reader].curve if p.accepted and p.errors / p.accepted <= max_error]
        if not kept:
            return Threshold(1.0, False)
        chosen = kept[-1]
        bound = clopper_pearson_upper(chosen.errors, chosen.accepted, BOUND_LEVEL)
        return Threshold(chosen.threshold, self.is_certified and bound <= max_error)


def to_json(point: OperatingPoint) -> dict[str, object]:
    """Plain data of an operating point, see `load_operating_point`."""
    return {
        "name": point.name,
        "is_certified": point.is_certified,
        "readers": {
            name: {
                "intercept": reader.intercept,
                "weights": dict(reader.weights),
                "ceiling": reader.ceiling,
                "curve": [[p.threshold, p.accepted, p.errors] for p in reader.curve],
            }
            for name, reader in point.readers.items()
        },
    }


def load_operating_point(path: Path) -> OperatingPoint:
    """Read an operating point written by `to_json`.

    Raises:
        ModelError: the file is missing or is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        readers = {
            name: ReaderCalibration(
                float(reader["intercept"]),
                {key: float(value) for key, value in reader["weights"].items()},
                tuple(CurvePoint(float(t), int(n), int(e)) for t, n, e in reader["curve"]),
                float(reader["ceiling"]),
            )
            for name, reader in data["readers"].items()
        }
        return OperatingPoint(str(data["name"]), bool(data["is_certified"]), readers)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is not an operating point ({error}); reinstall the package or retrain the model"
        ) from error
