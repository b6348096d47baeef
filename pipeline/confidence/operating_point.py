"""From scores to probabilities, and from an error budget to the confidence that acceptance asks for.

A reader's raw evidence about a field becomes a probability by a logistic fit on labelled fields. Other labelled fields
say which threshold keeps which budget (`pipeline.confidence.certify`). That is kept with the model as its operating
point: for every budget the threshold, how many labelled fields it took, how many of them were wrong, and the bound that
follows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.confidence.combiner import FITTED, Combiner
from pipeline.document import FieldKind
from pipeline.errors import ModelError

FILE_NAME = "operating_point.json"


@dataclass(frozen=True, slots=True)
class BudgetPoint:
    """What labelled fields say about one error budget.

    Attributes:
        max_error: the budget, share of wrong values among the accepted.
        threshold: confidence to ask for; 1 when none is known to keep the budget.
        accepted, errors: labelled fields at or above the threshold, and how many of them are wrong.
        upper_bound: of their true error, one-sided at 95 %; fields of one hand count for less than as many hands.
        is_proven: the threshold keeps the budget with 95 % confidence on fields like these; else it is an estimate.
    """

    max_error: float
    threshold: float
    accepted: int
    errors: int
    upper_bound: float
    is_proven: bool


@dataclass(frozen=True, slots=True)
class ReaderCalibration:
    """Logistic map from named features to a probability, and the thresholds that go with it.

    Attributes:
        intercept, weights: probability = 1 / (1 + exp(-(intercept + sum of weight x feature))).
        points: by rising budget.
        ceiling: highest probability that the labelled fields can support: their number bounds it.
        by_kind: points of the kinds of which there were labelled fields enough for points of their own.
    """

    intercept: float
    weights: Mapping[str, float]
    points: tuple[BudgetPoint, ...]
    ceiling: float
    by_kind: Mapping[FieldKind, tuple[BudgetPoint, ...]] = field(default_factory=dict)

    def probability(self, features: Mapping[str, float]) -> float:
        """Calibrated probability of a field with these features; features without a weight do not count."""
        score = self.intercept + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return min(1 / (1 + math.exp(-max(-40.0, min(40.0, score)))), self.ceiling)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Confidence that acceptance asks for, and whether the user's own labelled fields certify the budget at it."""

    value: float
    is_certified: bool


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Calibration of every reader (`comb`, `free`) and how it was come by.

    Attributes:
        name: identity for results.
        is_certified: measured on documents of the user's own kind; what is proven on others is still an estimate.
        combiner: how the two readers of a free line add up to one answer.
    """

    name: str
    is_certified: bool
    readers: Mapping[str, ReaderCalibration]
    combiner: Combiner = FITTED

    @property
    def label(self) -> str:
        """Name and standing, for results: the smallest budget certified for every reader, or `estimated`."""
        certified = [
            min((p.max_error for p in reader.points if p.is_proven), default=None) for reader in self.readers.values()
        ]
        if not self.is_certified or None in certified:
            return f"{self.name} estimated"
        return f"{self.name} certified from {max(budget for budget in certified if budget is not None):g}"

    def threshold(self, reader: str, max_error: float, kind: FieldKind | None = None) -> Threshold:
        """Threshold for a budget: that of the next smaller budget measured, so never a laxer one than was shown.

        Args:
            reader: `comb` or `free`.
            max_error: share of accepted values that may be wrong, 0 to 1.
            kind: of the field; kinds without points of their own have those of all fields together.

        Returns:
            A threshold of 1, above every confidence, when no budget as small as this was measured.
        """
        calibration = self.readers[reader]
        points = calibration.points if kind is None else calibration.by_kind.get(kind, calibration.points)
        kept = [point for point in points if point.max_error <= max_error]
        if not kept:
            return Threshold(1.0, False)
        chosen = max(kept, key=lambda point: point.max_error)
        return Threshold(chosen.threshold, self.is_certified and chosen.is_proven)


def to_json(point: OperatingPoint) -> dict[str, object]:
    """Plain data of an operating point, see `load_operating_point`."""
    return {
        "name": point.name,
        "is_certified": point.is_certified,
        "combiner": dict(point.combiner.weights),
        "readers": {
            name: {
                "intercept": reader.intercept,
                "weights": dict(reader.weights),
                "ceiling": reader.ceiling,
                "points": [asdict(p) for p in reader.points],
                "by_kind": {kind.value: [asdict(p) for p in points] for kind, points in reader.by_kind.items()},
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
                intercept=float(reader["intercept"]),
                weights={key: float(value) for key, value in reader["weights"].items()},
                points=tuple(BudgetPoint(**point) for point in reader["points"]),
                ceiling=float(reader["ceiling"]),
                by_kind={
                    FieldKind(kind): tuple(BudgetPoint(**point) for point in points)
                    for kind, points in reader["by_kind"].items()
                },
            )
            for name, reader in data["readers"].items()
        }
        weights = {key: float(value) for key, value in data.get("combiner", FITTED.weights).items()}
        return OperatingPoint(str(data["name"]), bool(data["is_certified"]), readers, Combiner(weights))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is not an operating point ({error}); reinstall the package or retrain the model"
        ) from error
