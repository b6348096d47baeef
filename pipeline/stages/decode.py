"""Evidence to values: several best readings of a field with honest probabilities, under its grammar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.document import Box, FieldKind, FieldSpec
from pipeline.grammar import digits_of, lengths_allowed, normalise
from pipeline.operating_point import OperatingPoint, ReaderCalibration
from pipeline.stages.comb import CombInk
from pipeline.stages.endings import with_slash_endings
from pipeline.stages.paths import Path, Step, best_paths, mark_of
from pipeline.stages.read import Evidence
from pipeline.stages.segment import LineInk, Segmentation
from recognizer.readings import NOT_A_DIGIT, StripCandidate

COMB, FREE = "comb", "free"
"""Names of the readers in an operating point."""
MAX_READINGS = 8
MISFIT = 0.02
"""Share of true values that break the grammar of their field (a missing digit, a 31 February): a prior, to be measured
on the user's own corrections."""
NO_SUPPORT = -12.0
"""Score of a string that one of the two readers does not know at all."""
LATTICE_WEIGHT = 0.25
"""Weight of the lattice beside the strip network, whose errors are a third as many on real amounts."""
TOP = 1 - 1e-7


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
class Decoded:
    """Readings of a field, likeliest first; empty when it holds no digit.

    Attributes:
        reader: which calibration applies, `comb` or `free`.
        not_digit_share: share of the ink's places that the digit network takes for no digit.
        readers_agree: both readers of a free line say the same; True for combs.
    """

    readings: tuple[Reading, ...]
    reader: str
    not_digit_share: float = 0.0
    readers_agree: bool = True


def decode_field(segmentation: Segmentation, evidence: Evidence, operating_point: OperatingPoint) -> Decoded:
    """Best values of one field with calibrated probabilities.

    Args:
        segmentation: what was cut out of the field.
        evidence: what the recogniser said about it.
        operating_point: calibration of both readers.
    """
    if segmentation.comb is not None:
        return _decode_comb(segmentation.comb, evidence, segmentation.region.spec, operating_point)
    if segmentation.line is None or not segmentation.line.lattice.primitives:
        return Decoded((), FREE)
    return _decode_line(segmentation.line, evidence, segmentation.region.spec, operating_point)


# --- combs ---------------------------------------------------------------------------------------


def _decode_comb(comb: CombInk, evidence: Evidence, spec: FieldSpec, operating_point: OperatingPoint) -> Decoded:
    filled = [cell for cell in comb.cells if cell is not None]
    if not filled:
        return Decoded((), COMB)
    strings: list[tuple[tuple[Step, ...], float]] = [((), 0.0)]
    previous = filled[0].first
    for cell, row in zip(filled, evidence.digits, strict=True):
        blanks = tuple(Step(" ", 1.0, cell.box) for _ in range(previous, cell.first))
        previous = cell.last
        options = [(int(d), float(row[d])) for d in np.argsort(-row[:NOT_A_DIGIT])[:3]]
        strings = sorted(
            (
                ((*steps, *blanks, Step(str(digit), p, cell.box)), score + math.log(p + 1e-9))
                for steps, score in strings
                for digit, p in options
            ),
            key=lambda item: -item[1],
        )[:MAX_READINGS]
    weighed = _weigh_by_grammar(strings, spec)
    readings = []
    for steps, probability in weighed:
        features = {"logit": _logit(probability), "digits": float(len(filled))}
        readings.append(_reading(steps, spec, features, operating_point.readers[COMB]))
    share = float((evidence.digits[:, NOT_A_DIGIT] > 0.5).mean())
    return Decoded(tuple(readings), COMB, share)


# --- free lines ----------------------------------------------------------------------------------


def _decode_line(line: LineInk, evidence: Evidence, spec: FieldSpec, operating_point: OperatingPoint) -> Decoded:
    paths = {path.digits: path for path in best_paths(line.lattice, evidence.digits) if path.digits}
    strings = {candidate.text: candidate for candidate in evidence.strings if candidate.text}
    texts = list(dict.fromkeys([*strings, *paths]))
    if not texts:
        return Decoded((), FREE, 1.0)
    scored = [(text, _joint_score(text, strings, paths)) for text in texts]
    total = _log_sum([score for _, score in scored])
    steps = [(_steps_of(text, strings.get(text), paths, line), score - total) for text, score in scored]
    weighed = _weigh_by_grammar(steps, spec)
    if spec.kind is FieldKind.AMOUNT:
        weighed = with_slash_endings(weighed)
    best_string = next(iter(strings), None)
    best_path = next(iter(paths), None)
    agree = best_string is not None and best_string == best_path
    readings = []
    for reading, probability in weighed[:MAX_READINGS]:
        text = digits_of("".join(step.char for step in reading))
        candidate = strings.get(text)
        features = {
            "logit": _logit(probability),
            "digits": float(len(text)),
            "string_score": max(candidate.log_probability, NO_SUPPORT) if candidate else NO_SUPPORT,
            "agree": float(agree and text == best_string),
        }
        readings.append(_reading(reading, spec, features, operating_point.readers[FREE]))
    share = float((evidence.digits[:, NOT_A_DIGIT] > 0.5).mean()) if len(evidence.digits) else 0.0
    return Decoded(tuple(readings), FREE, share, agree)


def _joint_score(text: str, strings: dict[str, StripCandidate], paths: dict[str, Path]) -> float:
    by_string = max(strings[text].log_probability, NO_SUPPORT) if text in strings else NO_SUPPORT
    by_path = max(paths[text].score, NO_SUPPORT) if text in paths else NO_SUPPORT
    return by_string + LATTICE_WEIGHT * by_path


def _steps_of(text: str, candidate: StripCandidate | None, paths: dict[str, Path], line: LineInk) -> tuple[Step, ...]:
    """Digits and marks of a string: from the lattice's own path when it has one, else from the strip's columns."""
    if text in paths:
        return tuple(
            Step(step.char, step.probability, line.in_region(step.box)) for step in paths[text].steps if step.char
        )
    digits = _digits_by_columns(text, candidate, line)
    return tuple(sorted((*digits, *_marks_between(digits, line)), key=lambda step: step.box.left + step.box.right))


def _digits_by_columns(text: str, candidate: StripCandidate | None, line: LineInk) -> tuple[Step, ...]:
    strip = line.strip
    if strip is None or candidate is None or len(candidate.spans) != len(text):
        return tuple(Step(char, 0.0, Box(line.left, line.top, line.left, line.top)) for char in text)
    each = math.exp(max(candidate.log_probability, NO_SUPPORT) / len(text))
    return tuple(
        Step(char, each, strip.box_between(left, right))
        for char, (left, right) in zip(text, candidate.spans, strict=True)
    )


def _marks_between(digits: Sequence[Step], line: LineInk) -> list[Step]:
    """Small blobs of the lattice that lie between the digits or behind them."""
    lattice = line.lattice
    marks = []
    for place, primitive in enumerate(lattice.primitives):
        char = mark_of(lattice, place) if lattice.is_mark(place) else ""
        box = line.in_region(primitive.box)
        middle = (box.left + box.right) / 2
        is_covered = any(d.box.left + 0.25 * d.box.width < middle < d.box.right - 0.25 * d.box.width for d in digits)
        if char and middle > digits[0].box.right and not is_covered:
            marks.append(Step(char, 1.0, box))
    return marks


# --- both ----------------------------------------------------------------------------------------


def _weigh_by_grammar(
    strings: Sequence[tuple[tuple[Step, ...], float]], spec: FieldSpec
) -> list[tuple[tuple[Step, ...], float]]:
    """Probabilities of strings, given that values mostly keep the grammar of their field; likeliest first.

    What the strings leave of the probability (no digit, another string) keeps its share, so nothing is certain only
    because its rivals break a rule.
    """
    allowed = lengths_allowed(spec)
    weighed = []
    for steps, score in strings:
        raw = "".join(step.char for step in steps)
        fits = (allowed is None or len(digits_of(raw)) in allowed) and normalise(raw, spec) is not None
        weighed.append((steps, math.exp(score), (1 - MISFIT) if fits else MISFIT))
    rest = max(0.0, 1 - sum(p for _, p, _ in weighed)) * MISFIT
    total = sum(p * w for _, p, w in weighed) + rest
    # Where everything fits, the evidence stands as it is.
    if all(w > 0.5 for _, _, w in weighed):
        total, weighed = 1.0, [(steps, p, 1.0) for steps, p, _ in weighed]
    return sorted(((steps, p * w / total) for steps, p, w in weighed), key=lambda item: -item[1])


def _reading(
    steps: tuple[Step, ...], spec: FieldSpec, features: Mapping[str, float], calibration: ReaderCalibration
) -> Reading:
    raw = "".join(step.char for step in steps).strip()
    return Reading(steps, normalise(raw, spec), calibration.probability(features), features)


def _logit(probability: float) -> float:
    p = min(max(probability, 1 - TOP), TOP)
    return math.log(p / (1 - p))


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values))
