"""Which threshold keeps an error budget, and how surely, from labelled readings. Pure.

The question is asked of thresholds in a fixed order, from strict to lax, each taking a fixed share of fields more
than the one before. Which readings are right plays no part in that order, so the first that cannot be shown to keep
the budget ends it, and the last one shown keeps the budget with the whole confidence: no price is paid for having
asked many times. Fields of one hand err together; they count for as many independent fields as their likeness allows.

Sources: Angelopoulos, Bates, Candes, Jordan & Lei 2021, Learn then test (fixed-sequence testing); Korn & Graubard 1998,
Confidence intervals for proportions with small expected number of positive counts (exact bounds under clustering).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.confidence.operating_point import BudgetPoint
from recognizer.proportions import at_most, clopper_pearson_upper, least_trials

LEVEL = 0.95
"""How surely a proven budget is kept: one calibration in twenty may be too optimistic."""
EVEN_CHANCE = 0.5
"""Level of estimates: the true error is as likely above as below."""
BUDGETS = (
    0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075,
    0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5,
)  # fmt: skip
"""Budgets that an operating point answers for; one between them is answered by the next smaller."""
STEP = 1.05
"""Each threshold asked about takes so many times the fields of the one before it."""
Z = 1.645
"""Standard normal quantile of a one-sided bound at 95 %."""
LOOKS = 60
"""Shares of the fields, by even ratios, at which the likeness of hands is measured."""
TELLING_ERRORS = 30
"""Errors that such a measurement needs; one of fewer is mostly chance."""
DOUBT = 2.0
"""So many times the errors that confidences expect are reckoned with when the first threshold is chosen."""


@dataclass(frozen=True)
class LabelledReadings:
    """Readings whose truth is known.

    Attributes:
        confidence: (n,) float64, probability that the reading is right.
        is_right: (n,) bool, whether it is.
        hand: (n,) int64, equal for fields that may share a writer and so their errors.
    """

    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    hand: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.confidence)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> LabelledReadings:
        """The given rows, by mask or by index."""
        return LabelledReadings(self.confidence[rows], self.is_right[rows], self.hand[rows])


@dataclass(frozen=True)
class _Acceptance:
    """What each threshold that can separate takes, from strict to lax.

    Attributes:
        threshold: (m,) float64, falling.
        accepted, errors: (m,) int64, fields at or above it, and how many of them are wrong.
        expected: (m,) float64, how many should be wrong by their confidences.
        weight: (m,) float64, so many fields count as one independent field, at least 1.
    """

    threshold: NDArray[np.float64]
    accepted: NDArray[np.int64]
    errors: NDArray[np.int64]
    expected: NDArray[np.float64]
    weight: NDArray[np.float64]

    def upper_bound(self, place: int, level: float) -> float:
        """Bound of the error at one of the thresholds."""
        return clopper_pearson_upper(*self._counts(place), level)

    def shows(self, place: int, budget: float, level: float) -> bool:
        """Whether the bound is within the budget; needs no search for the bound itself."""
        errors, trials = self._counts(place)
        return errors <= budget * trials and at_most(errors, trials, budget) <= 1 - level

    def _counts(self, place: int) -> tuple[int, int]:
        """Errors and fields, counted as independent ones and rounded to the worse."""
        weight = self.weight[place]
        trials = max(1, math.floor(self.accepted[place] / weight))
        return min(trials, math.ceil(self.errors[place] / weight)), trials


def budget_points(readings: LabelledReadings, budgets: tuple[float, ...] = BUDGETS) -> tuple[BudgetPoint, ...]:
    """The threshold for every budget: proven where the labelled fields suffice, else estimated.

    Args:
        readings: fields that were not used to fit the confidence.
        budgets: shares of wrong values among the accepted, rising.

    Returns:
        One point a budget. Where not even an estimate keeps the budget, its threshold is 1 and nothing is accepted.

    Raises:
        ValueError: no readings.
    """
    if not len(readings):
        raise ValueError("an operating point needs labelled fields")
    acceptance = _acceptance(readings)
    points: list[BudgetPoint] = []
    laxest = len(acceptance.threshold) - 1
    for budget in reversed(budgets):
        place = _proven(acceptance, budget)
        is_proven = place is not None
        if place is None:
            place = _estimated(acceptance, budget, laxest)
        # An estimate must not be laxer than what was shown, or estimated, for a larger budget.
        laxest = laxest if place is None else min(laxest, place)
        points.append(_point(acceptance, budget, place, is_proven))
    return tuple(reversed(points))


def share_of_hands(is_right: NDArray[np.bool_], hand: NDArray[np.int64]) -> float:
    """Intraclass correlation of errors: 0 when hands err alike, 1 when a hand errs always or never.

    Source: the analysis-of-variance estimator, Fleiss 1981, Statistical methods for rates and proportions.
    """
    _, place, sizes = np.unique(hand, return_inverse=True, return_counts=True)
    n, hands = len(hand), len(sizes)
    wrong = (~is_right).astype(np.float64)
    if hands < 2 or hands == n or not 0 < wrong.sum() < n:
        return 0.0
    means = np.bincount(place, weights=wrong) / sizes
    between = float((sizes * (means - wrong.mean()) ** 2).sum()) / (hands - 1)
    within = float((sizes * means * (1 - means)).sum()) / (n - hands)
    typical = (n - float((sizes**2).sum()) / n) / (hands - 1)
    return max(0.0, (between - within) / (between + (typical - 1) * within))


def _acceptance(readings: LabelledReadings) -> _Acceptance:
    order = np.argsort(-readings.confidence, kind="stable")
    falling = readings.confidence[order]
    # Fields of equal confidence are accepted together or not at all.
    ends = np.flatnonzero(np.diff(falling, append=-1.0) != 0)
    accepted = ends + 1
    errors = np.cumsum((~readings.is_right[order]).astype(np.int64))[ends]
    likeness = _likeness(readings.is_right[order], readings.hand[order])[ends]
    weight = 1 + (_fields_a_hand(readings.hand[order])[ends] - 1) * likeness
    expected = np.cumsum(1 - falling)[ends]
    return _Acceptance(falling[ends], accepted, errors, expected, weight)


def _likeness(is_right: NDArray[np.bool_], hand: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) likeness of hands among the first 1, 2, ... n fields, looked at from lax to strict.

    Sure errors are less alike than all errors are. Where too few are left to tell, the last value that could be told
    stands.
    """
    n = len(hand)
    likeness = np.zeros(n)
    known = 0.0
    errors = np.cumsum(~is_right)
    ends = np.unique(np.geomspace(n, 1, LOOKS).round().astype(np.int64))[::-1]
    for laxer, stricter in pairwise([*ends.tolist(), 0]):
        if errors[laxer - 1] >= TELLING_ERRORS or laxer == n:
            known = share_of_hands(is_right[:laxer], hand[:laxer])
        likeness[stricter:laxer] = known
    return likeness


def _fields_a_hand(hand: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) size of the hand of the average field among the first 1, 2, ... n fields."""
    _, place = np.unique(hand, return_inverse=True)
    by_hand = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[by_hand], prepend=-1))
    sizes = np.diff(np.append(starts, len(hand)))
    earlier = np.empty(len(hand), np.int64)
    earlier[by_hand] = np.arange(len(hand)) - np.repeat(starts, sizes)
    return np.asarray(np.cumsum(2 * earlier + 1) / np.arange(1, len(hand) + 1), np.float64)


def _point(acceptance: _Acceptance, budget: float, place: int | None, is_proven: bool) -> BudgetPoint:
    if place is None:
        return BudgetPoint(budget, 1.0, 0, 0, 1.0, False)
    return BudgetPoint(
        max_error=budget,
        threshold=float(acceptance.threshold[place]),
        accepted=int(acceptance.accepted[place]),
        errors=int(acceptance.errors[place]),
        upper_bound=acceptance.upper_bound(place, LEVEL),
        is_proven=is_proven,
    )


def _proven(acceptance: _Acceptance, budget: float) -> int | None:
    """Place of the laxest threshold shown to keep the budget; None when there is none."""
    proven = None
    for place in _sequence(acceptance, budget):
        if not acceptance.shows(place, budget, LEVEL):
            break
        proven = place
    return proven


def _sequence(acceptance: _Acceptance, budget: float) -> Sequence[int]:
    """Places of the thresholds to ask about, strict to lax, chosen without a look at what is right.

    The first takes fields enough to show the budget, and is where the least error could be shown if there were twice
    as many errors as the confidences expect.
    """
    last = len(acceptance.threshold) - 1
    steps = 2 + math.ceil(math.log(acceptance.accepted[last]) / math.log(STEP))
    counts = np.geomspace(1, acceptance.accepted[last], steps).round()
    places = np.unique(np.minimum(np.searchsorted(acceptance.accepted, counts), last))
    independent = acceptance.accepted[places] / acceptance.weight[places]
    places, independent = (a[independent >= least_trials(budget, LEVEL)] for a in (places, independent))
    if not len(places):
        return []
    feared = DOUBT * acceptance.expected[places] / acceptance.weight[places]
    first = np.argmin((feared + Z**2 / 2 + Z * np.sqrt(feared + Z**2 / 4)) / independent)
    return [int(place) for place in places[first:]]


def _estimated(acceptance: _Acceptance, budget: float, laxest: int) -> int | None:
    """Place, at most `laxest`, of the laxest threshold whose error is as likely below the budget as above it."""
    # With no further error a laxer threshold has the smaller bound, so only those before an error can be the laxest.
    ends = np.flatnonzero(np.diff(acceptance.errors[: laxest + 1], append=acceptance.errors[laxest] + 1) > 0)
    return next((int(place) for place in ends[::-1] if acceptance.shows(int(place), budget, EVEN_CHANCE)), None)
