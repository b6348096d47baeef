"""Whether a challenger may go into service: proven better where people corrected, no worse elsewhere. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.learning.label_check import MOST_SUSPECTS, suspected
from recognizer.comparison import Acceptance, Comparison
from recognizer.evaluation import acceptance_confidence
from recognizer.proportions import at_most

LEVEL = 0.95
"""How surely it must be better, and how surely a budget must be broken to refuse for it."""
MAX_BENCHMARK_LOSS = 0.0005
"""Share of benchmark digits that a challenger may lose: 0.05 points, a third of what a network varies between seeds."""
DIGIT_BUDGETS = (0.01, 0.001)
"""Wrong digits among the accepted ones of the benchmark, at the champion's thresholds."""
BETTER = "better on corrections it had not seen"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition, whether it holds, and what was found, in a sentence without a full stop."""

    name: str
    is_passed: bool
    finding: str


@dataclass(frozen=True, slots=True)
class FieldTally:
    """Fields that judge as one model reads them at the error budget of the run.

    Attributes:
        n: fields.
        exact: whose value is the one people keyed, whatever was decided.
        accepted: that it would accept, and how many of those are wrong.
    """

    n: int
    exact: int
    accepted: Acceptance


def judge(
    corrections: Comparison,
    forms: Sequence[Hashable],
    are_its_own: NDArray[np.bool_],
    benchmark: Comparison,
    champion_fields: FieldTally,
    challenger_fields: FieldTally,
    max_error: float,
) -> tuple[Check, ...]:
    """Everything that is asked of a challenger; it may go into service when all of it holds.

    Args:
        corrections: digits of documents that the network which read them had not learnt from.
        forms: (N) the document of each of them: digits of one hand err together, so documents are counted.
        are_its_own: (N,) bool, which of them the challenger itself read, and no stand-in for it.
        benchmark: digits that never change.
        champion_fields, challenger_fields: the fields those corrections are of, read by the same networks.
        max_error: budget of the run.
    """
    return (
        _labels_hold(corrections),
        _better(corrections, forms),
        _not_worse_itself(corrections, forms, are_its_own),
        _nothing_forgotten(benchmark),
        *(_digit_budget(benchmark, budget) for budget in DIGIT_BUDGETS),
        _field_budget(champion_fields, challenger_fields, max_error),
    )


def _labels_hold(corrections: Comparison) -> Check:
    """A new way to write is odd but always the same, so who learns it from some documents finds it in the others.

    Labels that nobody finds again are mistakes, and what is learnt from them is noise, even if a network withstands it.
    """
    doubted = suspected(corrections.champion, corrections.labels)
    alone = int((doubted & ~corrections.challenger_is_right).sum())
    finding = (
        f"{int(doubted.sum())} of {corrections.n:,} labels look wrong to the model in service, and {alone} still do "
        f"to networks that learnt from the others; at most {int(MOST_SUSPECTS * corrections.n)} may"
    )
    return Check("labels that bear each other out", alone <= MOST_SUSPECTS * corrections.n, finding)


def _better(corrections: Comparison, forms: Sequence[Hashable]) -> Check:
    better, worse, documents = _changed(corrections, forms)
    chance = sign_test(better, worse)
    finding = (
        f"of {documents} documents it had not seen, {better} are read better and {worse} worse; "
        f"chance alone does so with a probability of {chance:.2g}, at most {1 - LEVEL:.2g} is asked for"
    )
    return Check(BETTER, chance <= 1 - LEVEL, finding)


def _not_worse_itself(corrections: Comparison, forms: Sequence[Hashable], are_its_own: NDArray[np.bool_]) -> Check:
    """Stand-ins prove what is gained; that the challenger itself is no accident is seen on what never trains."""
    rows = np.flatnonzero(are_its_own)
    better, worse, documents = _changed(corrections.take(rows), [forms[row] for row in rows.tolist()])
    finding = f"of the {documents} documents that never train, it reads {better} better and {worse} worse itself"
    return Check("not seen to be worse itself", sign_test(worse, better) > 1 - LEVEL, finding)


def _changed(corrections: Comparison, forms: Sequence[Hashable]) -> tuple[int, int, int]:
    """Documents that are read better, those read worse, and all."""
    gains: Counter[Hashable] = Counter()
    steps = corrections.challenger_is_right.astype(int) - corrections.champion_is_right.astype(int)
    for form, step in zip(forms, steps.tolist(), strict=True):
        gains[form] += step
    return sum(gain > 0 for gain in gains.values()), sum(gain < 0 for gain in gains.values()), len(gains)


def sign_test(better: int, worse: int) -> float:
    """Probability of so many better ones or more when better and worse are equally likely; ties do not count."""
    return at_most(worse, better + worse, 0.5)  # as likely as so few worse ones


def _nothing_forgotten(benchmark: Comparison) -> Check:
    lost = benchmark.champion_right - benchmark.challenger_right
    allowed = int(MAX_BENCHMARK_LOSS * benchmark.n)
    verb, count = ("lost", lost) if lost >= 0 else ("gained", -lost)
    finding = f"{verb} {count} of {benchmark.n:,} digits of the benchmark; {allowed} may be lost"
    return Check("nothing forgotten", lost <= allowed, finding)


def _digit_budget(benchmark: Comparison, budget: float) -> Check:
    """At the threshold at which the champion keeps a budget, the challenger must not be seen to break it."""
    name = f"budget of {100 * budget:g} % on the benchmark"
    threshold = threshold_for(benchmark, budget)
    if threshold is None:
        return Check(name, True, "the champion accepts nothing at this budget, so there is nothing to compare")
    before, after = benchmark.accepted(threshold)
    finding = f"accepts {_of(after)} at the champion's threshold, {_of(before)} before"
    return Check(name, not is_broken(after, budget), finding)


def threshold_for(comparison: Comparison, budget: float) -> float | None:
    """The champion's laxest confidence at which it keeps a budget on these digits; None when there is none."""
    confidence = acceptance_confidence(comparison.champion)
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~comparison.champion_is_right[order])
    # Digits of equal confidence are accepted together or not at all.
    ends = np.append(np.diff(confidence[order]) != 0, True)[: len(order)] & (confidence[order] > 0)
    kept = np.flatnonzero(ends & (wrong <= budget * np.arange(1, len(order) + 1)))
    return float(confidence[order][kept[-1]]) if len(kept) else None


def is_broken(acceptance: Acceptance, budget: float) -> bool:
    """Whether so many wrong ones show, at 95 %, that more than the budget are wrong."""
    if acceptance.wrong == 0:
        return False
    return 1 - at_most(acceptance.wrong - 1, acceptance.accepted, budget) <= 1 - LEVEL


def _field_budget(before: FieldTally, after: FieldTally, max_error: float) -> Check:
    finding = f"accepts {_of(after.accepted)} among {after.n:,} of those fields, {_of(before.accepted)} before"
    is_kept = not is_broken(after.accepted, max_error) or after.accepted.wrong <= before.accepted.wrong
    return Check(f"budget of {100 * max_error:g} % on their fields", is_kept, finding)


def _of(acceptance: Acceptance) -> str:
    return f"{acceptance.accepted:,} with {acceptance.wrong:,} wrong"
