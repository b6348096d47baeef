"""Strings of characters to values: probabilities under the grammar, calibrated, one reading for every meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.confidence.operating_point import ReaderCalibration
from pipeline.document import FieldKind, FieldSpec
from pipeline.stages.paths import Step
from pipeline.values.dates import slashes_among
from pipeline.values.evidence import misreadings, share_passing, weigh
from pipeline.values.grammar import digits_of, interpret, lengths_allowed

TOP = 1 - 1e-7
SEEN = 0.5
"""Marks less sure than this are not shown among the characters; they still weigh in what the string may mean."""


@dataclass(frozen=True)
class Reading:
    """One possible reading of a field.

    Attributes:
        steps: digits and marks with their boxes in region pixels.
        value: normalised; None when the grammar can make none of it.
        confidence: calibrated probability that the value is right.
        features: what the calibration weighed; labelled fields with their features make an operating point.
    """

    steps: tuple[Step, ...]
    value: str | None
    confidence: float
    features: Mapping[str, float] = field(default_factory=dict)

    @property
    def raw(self) -> str:
        """Characters as written; a space stands for an empty cell between filled ones."""
        return "".join(step.char for step in self.steps).strip()


@dataclass(frozen=True)
class ScoredString:
    """Steps of one string, its probability before calibration, and what calibration weighs beside it."""

    steps: tuple[Step, ...]
    probability: float
    features: Mapping[str, float] = field(default_factory=dict)


def weigh_by_grammar(
    strings: Sequence[tuple[tuple[Step, ...], float]], spec: FieldSpec
) -> list[tuple[tuple[Step, ...], float]]:
    """Probabilities of strings, given that true values mostly keep the grammar of their field; likeliest first.

    Args:
        strings: steps and natural logarithm of the probability.
        spec: of the field.
    """
    shares = [math.exp(score) for _, score in strings]
    fits = [_keeps_grammar(_text(steps), spec) for steps, _ in strings]
    if not all(fits):  # where everything fits, the evidence stands as it is
        by_chance = 1.0
        if any(fits):
            digits = digits_of(_text(strings[fits.index(True)][0]))
            by_chance = share_passing(misreadings(digits), lambda text: _keeps_grammar(text, spec))
        shares = list(weigh(shares, fits, by_chance))
    return sorted(zip((steps for steps, _ in strings), shares, strict=True), key=lambda item: -item[1])


def _keeps_grammar(text: str, spec: FieldSpec) -> bool:
    allowed = lengths_allowed(spec)
    return (allowed is None or len(digits_of(text)) in allowed) and bool(interpret(text, spec))


def _text(steps: Sequence[Step]) -> str:
    return "".join(step.char for step in steps if step.probability >= SEEN or step.char.isdigit() or step.char == " ")


def readings_of(
    strings: Sequence[ScoredString], spec: FieldSpec, calibration: ReaderCalibration, count: int
) -> tuple[Reading, ...]:
    """Values with calibrated probabilities, likeliest first; their confidences are at most 1 in all.

    Args:
        strings: likeliest first.
        spec: of the field.
        calibration: of the reader.
        count: most readings to give.
    """
    found: dict[str, Reading] = {}
    senseless: list[Reading] = []
    for string, confidence in zip(strings, _calibrated(strings, calibration), strict=True):
        shown = tuple(step for step in string.steps if step.char.isdigit() or step.probability >= SEEN)
        meanings = _meanings(string.steps, spec)
        if not meanings:
            # It keeps its probability: nothing becomes certain because its rivals are nonsense.
            senseless.append(Reading(shown, None, confidence, string.features))
        for value, share in meanings.items():
            known = found.setdefault(value, Reading(_with_slashes(shown, value, spec), value, 0.0, string.features))
            found[value] = replace(known, confidence=known.confidence + confidence * share)
    readings = sorted((*found.values(), *senseless), key=lambda reading: -reading.confidence)
    return tuple(replace(reading, confidence=min(1.0, reading.confidence)) for reading in readings[:count])


def _with_slashes(steps: tuple[Step, ...], value: str, spec: FieldSpec) -> tuple[Step, ...]:
    """Steps of a date on a line, its slashes shown as such where the readers took them for ones."""
    if spec.kind is not FieldKind.DATE or spec.cells is not None:
        return steps
    digits = [place for place, step in enumerate(steps) if step.char.isdigit()]
    slashes = {digits[place] for place in slashes_among(digits_of(_text(steps)), spec.date_order, value)}
    return tuple(replace(step, char="/") if place in slashes else step for place, step in enumerate(steps))


def _meanings(steps: Sequence[Step], spec: FieldSpec) -> dict[str, float]:
    if spec.kind is not FieldKind.AMOUNT:
        return interpret(_text(steps), spec)
    raw = "".join(step.char for step in steps)
    sureness = [1.0 if step.char.isdigit() else step.probability for step in steps for _ in step.char]
    return interpret(raw, spec, sureness)


def _calibrated(strings: Sequence[ScoredString], calibration: ReaderCalibration) -> list[float]:
    """Probability of every string: the calibration speaks for the best, the others share what it leaves.

    They keep their proportions to each other, and to the best one where the calibration doubts it.
    """
    if not strings:
        return []
    best = strings[0]
    top = calibration.probability(best.features)
    found = [top]
    for other in strings[1:]:
        of_the_rest = (1 - top) * other.probability / max(1 - best.probability, 1 - TOP)
        found.append(min(of_the_rest, top * other.probability / max(best.probability, 1 - TOP)))
    surplus = max(1.0, sum(found[1:]) / max(1 - top, 1e-12))
    return [top, *(p / surplus for p in found[1:])]


def logit(probability: float) -> float:
    """Natural logarithm of the odds, finite also for 0 and 1."""
    p = min(max(probability, 1 - TOP), TOP)
    return math.log(p / (1 - p))
