"""Everything that is said about a digit network on labelled digits, beyond the short report. Pure numpy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.evaluation import ECE_BINS, DigitReport, acceptance_confidence, bin_of, report_digits, risk_coverage
from recognizer.proportions import clopper_pearson, least_trials
from recognizer.readings import DIGIT_COUNT, FloatArray

BUDGETS = (0.01, 0.001)
"""Shares of wrong digits among the accepted ones that coverage is always given for."""
SMALL_BUDGET = 0.0001
"""Given only where enough digits were read to show that an error rate is below it."""


@dataclass(frozen=True, slots=True)
class DigitScore:
    """How one of the ten digits fared.

    Attributes:
        n: how many there are.
        read_as: how many digits were read as this one, rightly or not.
        precision: share of those that are this digit; None when none was read as it.
        recall: share of the n that were read right; None when there is none.
        bias: (read_as - n) / n, above 0 for a digit that is seen too often; None when there is none.
    """

    digit: int
    n: int
    right: int
    read_as: int
    precision: float | None
    recall: float | None
    bias: float | None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Readings of like confidence: their mean confidence and how many of them are right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be accepted when `max_error` of it may be wrong.

    Attributes:
        threshold: lowest confidence accepted; None when no threshold keeps the budget.
        accepted: digits at or above the threshold, `errors` of them wrong.
        coverage: accepted over all digits.
        error_interval: Clopper-Pearson interval, 95 %, of the error among the accepted.
        is_shown: the upper end of the interval keeps the budget too; else the budget is met on these digits only.
    """

    max_error: float
    threshold: float | None
    accepted: int
    coverage: float
    errors: int
    error_interval: tuple[float, float]
    is_shown: bool


@dataclass(frozen=True, slots=True)
class DigitEvaluation:
    """Labelled digits and how they were read.

    Attributes:
        report: the short report.
        read_as: (N,) class with the highest probability, 10 for 'not one digit'.
        confidence: (N,) float32, its probability.
        scores: one a digit, 0 to 9.
        reliability: bins that hold a reading, by rising confidence.
        coverage, risk: (M,) share accepted, rising, and share of errors among it; 'not one digit' comes last.
        augrc: area under the generalised risk-coverage curve, 0 to 0.5; lower is better.
        coverage_at: one a budget.
    """

    report: DigitReport
    read_as: NDArray[np.intp]
    confidence: FloatArray
    scores: tuple[DigitScore, ...]
    reliability: tuple[ReliabilityBin, ...]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    augrc: float
    coverage_at: tuple[Coverage, ...]


def evaluate_digits(probabilities: FloatArray, labels: NDArray[np.integer]) -> DigitEvaluation:
    """Evaluate how digits were read.

    Args:
        probabilities: (N, 11) or (N, 10).
        labels: (N,) the digits, 0 to 9.

    Raises:
        ValueError: no digits, or shapes that do not fit.
    """
    report = report_digits(probabilities, labels)
    read_as, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    is_right = read_as == labels
    acceptance = acceptance_confidence(probabilities)
    coverage, risk = risk_coverage(acceptance, is_right)
    budgets = (*BUDGETS, SMALL_BUDGET) if len(labels) >= least_trials(SMALL_BUDGET) else BUDGETS
    return DigitEvaluation(
        report=report,
        read_as=read_as,
        confidence=confidence,
        scores=_scores(report.confusion),
        reliability=_reliability(confidence, is_right),
        coverage=coverage,
        risk=risk,
        augrc=generalised_risk_area(coverage, risk),
        coverage_at=tuple(_coverage(acceptance, is_right, budget) for budget in budgets),
    )


def generalised_risk_area(coverage: NDArray[np.float64], risk: NDArray[np.float64]) -> float:
    """AUGRC: mean over all coverages of the share of *all* digits that is accepted and wrong.

    Args:
        coverage, risk: as `risk_coverage` returns them; readings of equal confidence count as in random order.

    Source: Traub et al. 2024, Overcoming common flaws in the evaluation of selective classification systems.
    """
    generalised = np.append(0.0, coverage * risk)
    return float(np.trapezoid(generalised, np.append(0.0, coverage)))


def worst_errors(evaluation: DigitEvaluation, labels: NDArray[np.integer], count: int) -> NDArray[np.intp]:
    """Rows of the wrong readings with the highest confidence, worst first, at most `count`."""
    wrong = np.flatnonzero(evaluation.read_as != labels)
    return wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:count]


def _scores(confusion: NDArray[np.int64]) -> tuple[DigitScore, ...]:
    scores = []
    for digit in range(DIGIT_COUNT):
        n, read_as = int(confusion[digit].sum()), int(confusion[:, digit].sum())
        right = int(confusion[digit, digit])
        scores.append(
            DigitScore(
                digit=digit,
                n=n,
                right=right,
                read_as=read_as,
                precision=right / read_as if read_as else None,
                recall=right / n if n else None,
                bias=(read_as - n) / n if n else None,
            )
        )
    return tuple(scores)


def _reliability(confidence: FloatArray, is_right: NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    place = bin_of(confidence)
    found = []
    for number in np.unique(place):
        inside = place == number
        found.append(
            ReliabilityBin(
                low=float(number / ECE_BINS),
                high=float((number + 1) / ECE_BINS),
                n=int(inside.sum()),
                confidence=float(confidence[inside].mean(dtype=np.float64)),
                accuracy=float(is_right[inside].mean()),
            )
        )
    return tuple(found)


def _coverage(acceptance: FloatArray, is_right: NDArray[np.bool_], budget: float) -> Coverage:
    sure = acceptance > 0
    coverage, risk = risk_coverage(acceptance[sure], is_right[sure])
    kept = np.flatnonzero(risk <= budget)
    if not len(kept):
        return Coverage(budget, None, 0, 0.0, 0, clopper_pearson(0, 0), False)
    accepted = round(coverage[kept[-1]] * int(sure.sum()))
    errors = round(risk[kept[-1]] * accepted)
    interval = clopper_pearson(errors, accepted)
    threshold = float(np.sort(acceptance)[len(acceptance) - accepted])
    return Coverage(budget, threshold, accepted, accepted / len(acceptance), errors, interval, interval[1] <= budget)


# --- for machines --------------------------------------------------------------------------------

_CURVE_POINTS = 200
"""Enough to draw the curve from; the curve of 10,000 digits has thousands."""


def evaluation_to_json(evaluation: DigitEvaluation) -> dict[str, Any]:
    """Plain data of an evaluation. The curve is thinned to 200 points; all other figures are exact."""
    report = evaluation.report
    last = len(evaluation.coverage) - 1
    shown = np.unique(np.linspace(0, last, min(_CURVE_POINTS, last + 1)).round().astype(int))
    return {
        "n": report.n,
        "right": report.right,
        "accuracy": report.accuracy,
        "accuracy_interval": list(report.accuracy_interval),
        "not_a_digit": report.rejected,
        "ece": report.ece,
        "augrc": evaluation.augrc,
        "coverage_at": [asdict(point) for point in evaluation.coverage_at],
        "digits": [asdict(score) for score in evaluation.scores],
        "confusion": report.confusion.tolist(),
        "reliability": [asdict(entry) for entry in evaluation.reliability],
        "risk_coverage": [[float(evaluation.coverage[i]), float(evaluation.risk[i])] for i in shown],
    }
