"""Evidence to values: several best readings of a field with honest probabilities, under its grammar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.combiner import UNKNOWN, Candidate
from pipeline.document import FieldKind, FieldSpec
from pipeline.grammar import digits_of
from pipeline.operating_point import OperatingPoint
from pipeline.stages.cents import with_raised_cents
from pipeline.stages.comb import CombInk
from pipeline.stages.endings import with_slash_endings
from pipeline.stages.line_steps import has_unread_ink, steps_of
from pipeline.stages.meaning import Reading, ScoredString, logit, readings_of, weigh_by_grammar
from pipeline.stages.paths import Path, Step, best_paths
from pipeline.stages.read import Evidence
from pipeline.stages.segment import LineInk, Segmentation
from recognizer.readings import NOT_A_DIGIT, StripCandidate

COMB, FREE = "comb", "free"
"""Names of the readers in an operating point."""
MAX_READINGS = 8
ODD_CELL = 0.03
"""From this probability of no digit on, a cell holds something odd; of 1,300 drawn digits none reached 0.01."""


@dataclass(frozen=True)
class Decoded:
    """Readings of a field, likeliest first; empty when it holds no digit.

    Attributes:
        readings: at most `MAX_READINGS`; their confidences sum to at most 1.
        reader: which calibration applies, `comb` or `free`.
        not_digit_share: share of the ink's places that the digit network takes for no digit.
        readers_agree: both readers of a free line say the same; True for combs.
        has_unread_ink: ink as high as a digit stands between the digits of a free line and is none of them.
    """

    readings: tuple[Reading, ...]
    reader: str
    not_digit_share: float = 0.0
    readers_agree: bool = True
    has_unread_ink: bool = False


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
    # Empty cells at the end tell how an amount was set into its comb.
    ends = tuple(Step(" ", 1.0, filled[-1].box) for _ in range(previous, len(comb.cells)))
    strings = [((*steps, *ends), score) for steps, score in strings]
    scored = [
        ScoredString(steps, probability, _comb_features(steps, probability))
        for steps, probability in weigh_by_grammar(strings, spec)
    ]
    share = float((evidence.digits[:, NOT_A_DIGIT] > ODD_CELL).mean())
    return Decoded(readings_of(scored, spec, operating_point.readers[COMB], MAX_READINGS), COMB, share)


def _comb_features(steps: tuple[Step, ...], probability: float) -> dict[str, float]:
    """What the calibration of combs weighs: the whole string, its least sure digit, and their number."""
    digits = [step.probability for step in steps if step.char != " "]
    return {"logit": logit(probability), "weakest": logit(min(digits)), "digits": float(len(digits))}


# --- free lines ----------------------------------------------------------------------------------


def _decode_line(line: LineInk, evidence: Evidence, spec: FieldSpec, operating_point: OperatingPoint) -> Decoded:
    paths = {path.digits: path for path in best_paths(line.lattice, evidence.digits) if path.digits}
    strings = {candidate.text: candidate for candidate in evidence.strings if candidate.text}
    texts = list(dict.fromkeys([*strings, *paths]))
    if not texts:
        return Decoded((), FREE, 1.0)
    candidates = [_candidate(text, strings, paths) for text in texts]
    placed = [
        (steps_of(text, strings.get(text), paths, line), score)
        for text, score in zip(texts, operating_point.combiner.log_probabilities(candidates), strict=True)
    ]
    if spec.kind is FieldKind.AMOUNT:
        placed = [(with_raised_cents(steps), score) for steps, score in placed]
    weighed = weigh_by_grammar(placed, spec)
    if spec.kind is FieldKind.AMOUNT:
        weighed = with_slash_endings(weighed)
    best_string, best_path = next(iter(strings), None), next(iter(paths), None)
    agree = best_string is not None and best_string == best_path
    scored = [
        _scored(steps, probability, strings, best_string if agree else None)
        for steps, probability in weighed[:MAX_READINGS]
    ]
    readings = readings_of(scored, spec, operating_point.readers[FREE], MAX_READINGS)
    share = float((evidence.digits[:, NOT_A_DIGIT] > 0.5).mean()) if len(evidence.digits) else 0.0
    return Decoded(readings, FREE, share, agree, has_unread_ink(weighed[0][0], line))


def _scored(
    steps: tuple[Step, ...], probability: float, strings: Mapping[str, StripCandidate], agreed: str | None
) -> ScoredString:
    """A string with what the calibration of free lines weighs; `agreed` is what both readers say, if they agree."""
    text = digits_of("".join(step.char for step in steps))
    candidate = strings.get(text)
    features = {
        "logit": logit(probability),
        "digits": float(len(text)),
        "string_score": max(candidate.log_probability, UNKNOWN) if candidate else UNKNOWN,
        "string_margin": _string_margin(text, strings),
        "agree": float(text == agreed),
    }
    return ScoredString(steps, probability, features)


def _string_margin(text: str, strings: Mapping[str, StripCandidate]) -> float:
    """How far the strip network prefers a string to every other one; below 0 where it prefers another."""
    scores = {other: max(candidate.log_probability, UNKNOWN) for other, candidate in strings.items()}
    own = scores.pop(text, UNKNOWN)
    return own - max(scores.values(), default=UNKNOWN)


def _candidate(text: str, strings: Mapping[str, StripCandidate], paths: Mapping[str, Path]) -> Candidate:
    by_strip = strings[text].log_probability if text in strings else None
    return Candidate(text, by_strip, paths[text].score if text in paths else None)
