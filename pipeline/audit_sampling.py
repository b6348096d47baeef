"""What an audit of accepted fields shows: how many are wrong, and whether that breaks the error budget. Pure.

Accepted values and fields called blank are tallied apart, each against its own number.

An alarm has to be right although the tally is looked at after every field. So it is no test at a fixed number of fields
but a sum of evidence: each field multiplies a wager against "the budget is kept", see `budget_alarm`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recognizer.proportions import clopper_pearson, least_trials

LEVEL = 0.95
SUSPECTED = (2.0, 3.0, 5.0)
"""Multiples of the budget that the evidence wagers on, in equal parts."""
FALSE_ALARM_EVERY = 100_000
"""Audited fields between two false alarms, on average and at least, while the error rate is at the budget itself."""


@dataclass(frozen=True, slots=True)
class AuditTally:
    """Audited fields and what came of them.

    Attributes:
        audited: accepted fields, or fields called blank, that people have settled since.
        wrong: of those, whose value was not what people read, or which nobody can read; of blanks, what is filled in.
        waiting: drawn, and not settled yet.
        alarm_at: the audited field, from 1, at which the budget was found broken; None when it was not.
    """

    audited: int
    wrong: int
    waiting: int
    budget: float
    alarm_at: int | None

    @property
    def rate(self) -> float | None:
        """Share of them that are wrong; None before the first audit."""
        return self.wrong / self.audited if self.audited else None

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the rate."""
        return clopper_pearson(self.wrong, self.audited, LEVEL)

    @property
    def enough(self) -> int:
        """Audited values that, without an error among them, put the interval within the budget."""
        return least_trials(self.budget, (1 + LEVEL) / 2)

    @property
    def is_broken(self) -> bool:
        return self.alarm_at is not None


def tally(outcomes: Sequence[bool], waiting: int, budget: float) -> AuditTally:
    """Count an audit.

    Args:
        outcomes: whether each audited field was wrong, in the order they were settled.
        budget: share of them that may be wrong.
    """
    return AuditTally(len(outcomes), sum(outcomes), waiting, budget, budget_alarm(outcomes, budget))


def budget_alarm(outcomes: Sequence[bool], budget: float) -> int | None:
    """The first audited field, from 1, at which the evidence suffices that the budget is broken; None without.

    Each suspected rate has a product of likelihood ratios that starts anew when it falls below one, as in a CUSUM; the
    mean of such products is an e-detector, which raises false alarms no more often than `FALSE_ALARM_EVERY`.

    Source: Shin, Ramdas & Rinaldo 2024, E-detectors: a nonparametric framework for sequential change detection.
    """
    suspected = [min(multiple * budget, (1 + budget) / 2) for multiple in SUSPECTED]
    if_wrong = [math.log(rate / budget) for rate in suspected]
    if_right = [math.log((1 - rate) / (1 - budget)) for rate in suspected]
    evidence = [0.0] * len(suspected)
    enough = math.log(FALSE_ALARM_EVERY)
    for place, is_wrong in enumerate(outcomes, start=1):
        steps = if_wrong if is_wrong else if_right
        evidence = [max(one, 0.0) + step for one, step in zip(evidence, steps, strict=True)]
        highest = max(evidence)
        mean = highest + math.log(sum(math.exp(one - highest) for one in evidence) / len(evidence))
        if mean >= enough:
            return place
    return None
