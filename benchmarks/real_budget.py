"""Error budgets on real fields: what few labelled fields can and cannot promise.

Thresholds come from the tune halves of the real sets. Without `--real` whole capture batches of them are left out in
turn; with it, the thresholds are applied to the report halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.field_pool import FEATURES
from benchmarks.fit_operating_point import LabelledField, read_labelled, real
from pipeline.confidence.calibrate import FieldReadings, fit_reader
from pipeline.confidence.operating_point import ReaderCalibration
from pipeline.stages.decode import FREE
from recognizer.digit_evaluation import generalised_risk_area
from recognizer.evaluation import expected_calibration_error, risk_coverage
from recognizer.proportions import clopper_pearson, least_trials
from recognizer.readings import Recognizer

BUDGET = 0.01
SMALL_BUDGET = 0.001
HEADING = (
    "| fitted on | applied to | n | exact | ECE | AUGRC | threshold | accepted | wrong among them (95 % interval) |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def measure_real(data: Path, recognizer: Recognizer, with_report: bool) -> None:
    """Leave batches out; with `with_report`, apply the fit on the tune halves to the report halves."""
    tune = read_real(data, "tune", recognizer)
    print(HEADING)
    for name, out in tune.items():
        rest = joined([batch for other, batch in tune.items() if other != name])
        print(applied(f"without {name}", name, fit_reader(rest, FEATURES[FREE]), out), flush=True)
    fitted = fit_reader(joined(list(tune.values())), FEATURES[FREE])
    if with_report:
        for name, batch in read_real(data, "report", recognizer).items():
            print(applied("tune halves", name, fitted, batch))
            certain = batch.take(~is_doubtful(batch))
            print(applied("tune halves", f"{name}, doubtful labels left out", fitted, certain), flush=True)
    print(f"\n{standing(fitted)}")


def read_real(data: Path, part: str, recognizer: Recognizer) -> dict[str, FieldReadings]:
    """Readings of one half of the real sets by the batch they were captured in."""
    batches: dict[str, list[LabelledField]] = {}
    for batch, field in real(data, recognizer, part):
        batches.setdefault(batch, []).append(field)
    return {name: read_labelled(iter(fields), recognizer, FREE)[0] for name, fields in batches.items()}


def joined(batches: Sequence[FieldReadings]) -> FieldReadings:
    """All fields of several batches."""
    return FieldReadings(
        [features for batch in batches for features in batch.features],
        np.concatenate([batch.is_right for batch in batches]),
        np.concatenate([batch.hand for batch in batches]),
    )


def is_doubtful(readings: FieldReadings) -> NDArray[np.bool_]:
    """(n,) bool, labels in doubt: both readers, each by itself, read the same digits, and not those of the label.

    The rule can only take errors away, so that figures without these labels flatter; the truth lies between.
    """
    agree = np.array([features["agree"] > 0 for features in readings.features], bool)
    return np.asarray(agree & ~readings.is_right)


def applied(source: str, name: str, fitted: ReaderCalibration, readings: FieldReadings) -> str:
    """Row of the table: what a fit says about fields that it has not seen."""
    confidence = np.array([fitted.probability(features) for features in readings.features])
    point = next(point for point in fitted.points if point.max_error == BUDGET)
    taken = confidence >= point.threshold
    wrong, count = int((~readings.is_right[taken]).sum()), int(taken.sum())
    low, high = clopper_pearson(wrong, count)
    return (
        f"| {source} | {name} | {len(readings)} | {100 * readings.is_right.mean():.1f} % | "
        f"{expected_calibration_error(confidence, readings.is_right):.3f} | "
        f"{generalised_risk_area(*risk_coverage(confidence, readings.is_right)):.4f} | {point.threshold:.4f} | "
        f"{count} ({100 * taken.mean():.1f} %) | {wrong} ({100 * low:.2f}-{100 * high:.2f} %) |"
    )


def standing(fitted: ReaderCalibration) -> str:
    """What the labelled fields can say about both budgets."""
    point = next(point for point in fitted.points if point.max_error == BUDGET)
    return (
        f"At {100 * BUDGET:g} %: estimated; {point.accepted} labelled fields at or above the threshold, "
        f"{point.errors} wrong, their error at most {100 * point.upper_bound:.2f} % (one-sided, 95 %). "
        f"At {100 * SMALL_BUDGET:g} %: not certifiable; it takes {least_trials(SMALL_BUDGET)} accepted fields "
        "without a single error."
    )
