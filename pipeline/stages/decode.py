"""Evidence to values: several best readings of a field with honest probabilities, under its grammar."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.confidence.combiner import COMB_COMBINER, UNKNOWN, Candidate
from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import FieldKind, FieldRegion
from pipeline.stages.cents import with_raised_cents
from pipeline.stages.comb import CombInk
from pipeline.stages.endings import with_slash_endings
from pipeline.stages.line_steps import has_unread_ink, reads_odd_blob, steps_of
from pipeline.stages.meaning import Reading, ScoredString, logit, readings_of, weigh_by_grammar
from pipeline.stages.paths import Path, Step, best_paths, scores_of
from pipeline.stages.read import Evidence
from pipeline.stages.segment import LineInk, Segmentation
from pipeline.values.grammar import digits_of
from recognizer.readings import NOT_A_DIGIT, FloatArray, StripCandidate

COMB, FREE = "comb", "free"
"""Names of the readers in an operating point."""
MAX_READINGS = 8
FLOOR = 1e-9
"""Least probability of a digit, so that its logarithm is finite."""
NOT_CUT_OUT = -5.0
"""Stands for the log odds of the least sure digit that the lattice cuts out, where it finds no way to cut a string."""
ODD_CELL = 0.5
"""From this probability of no digit on, a cell holds something odd: of 2,500 drawn combs 13 have such a cell, letters
mostly have 0.99."""


@dataclass(frozen=True)
class Decoded:
    """Readings of a field, likeliest first; empty when it holds no digit.

    Attributes:
        readings: at most `MAX_READINGS`; their confidences sum to at most 1.
        reader: which calibration applies, `comb` or `free`.
        not_digit_share: share of the ink's places that the digit network takes for no digit.
        readers_agree: both readers of a free line say the same; True for combs.
        has_odd_ink: on a free line, ink as high as a digit stands between the digits and is none of them, or was read
            as one and surely is none.
    """

    readings: tuple[Reading, ...]
    reader: str
    not_digit_share: float = 0.0
    readers_agree: bool = True
    has_odd_ink: bool = False


def decode_field(segmentation: Segmentation, evidence: Evidence, operating_point: OperatingPoint) -> Decoded:
    """Best values of one field with calibrated probabilities.

    Args:
        segmentation: what was cut out of the field.
        evidence: what the recogniser said about it.
        operating_point: calibration of both readers.
    """
    if segmentation.comb is not None:
        return _decode_comb(segmentation.comb, evidence, segmentation.region, operating_point)
    if segmentation.line is None or not segmentation.line.lattice.primitives:
        return Decoded((), FREE)
    return _decode_line(segmentation.line, evidence, segmentation.region, operating_point)


# --- combs ---------------------------------------------------------------------------------------


def _decode_comb(comb: CombInk, evidence: Evidence, field: FieldRegion, operating_point: OperatingPoint) -> Decoded:
    if not len(evidence.digits):
        return Decoded((), COMB)
    spec = field.spec
    by_cells = _strings_of_cells(evidence.digits)
    lengths = {len(evidence.digits), spec.length if spec.length == len(comb.cells) else None}
    by_strip = {c.text: c.log_probability for c in evidence.strings if len(c.text) in lengths}
    texts = list(dict.fromkeys([*by_cells, *by_strip]))
    # Whether the strip network was not asked, or saw another number of digits: the cells speak alone.
    scores = _of_both(texts, evidence.digits, by_strip) if by_strip else [by_cells[text] for text in texts]
    in_cells = _steps_in_cells(comb, evidence.digits)
    placed = [
        (
            in_cells(text) if len(text) == len(evidence.digits) else _in_every_cell(text, by_strip[text], field),
            score,
        )
        for text, score in zip(texts, scores, strict=True)
    ]
    scored = [
        ScoredString(steps, probability, _comb_features(steps, probability, by_strip))
        for steps, probability in weigh_by_grammar(placed, spec)[:MAX_READINGS]
    ]
    share = float((evidence.digits[:, NOT_A_DIGIT] > ODD_CELL).mean())
    agree = not by_strip or scored[0].features["string_margin"] > 0
    return Decoded(readings_of(scored, spec, operating_point.readers[COMB], MAX_READINGS), COMB, share, agree)


def _strings_of_cells(digits: FloatArray) -> dict[str, float]:
    """Likeliest strings by the digit network alone, with natural logarithms of their probabilities."""
    strings = {"": 0.0}
    for row in digits:
        options = [(str(d), math.log(float(row[d]) + FLOOR)) for d in np.argsort(-row[:NOT_A_DIGIT])[:3]]
        longer = {text + digit: score + p for text, score in strings.items() for digit, p in options}
        strings = dict(sorted(longer.items(), key=lambda item: -item[1])[:MAX_READINGS])
    return strings


def _of_both(texts: Sequence[str], digits: FloatArray, by_strip: Mapping[str, float]) -> list[float]:
    """Natural logarithms of probabilities by cells and strip network together."""
    candidates = []
    for text in texts:
        by_cells = None
        if len(text) == len(digits):
            by_cells = sum(math.log(float(row[int(char)]) + FLOOR) for row, char in zip(digits, text, strict=True))
        candidates.append(Candidate(text, by_strip.get(text), by_cells))
    return COMB_COMBINER.log_probabilities(candidates)


def _in_every_cell(text: str, by_strip: float, field: FieldRegion) -> tuple[Step, ...]:
    """Digits of a full comb of which the strip network read more than cells seemed filled."""
    each = math.exp(max(by_strip, UNKNOWN) / len(text))
    return tuple(Step(char, each, cell) for char, cell in zip(text, field.cells, strict=True))


def _steps_in_cells(comb: CombInk, digits: FloatArray) -> Callable[[str], tuple[Step, ...]]:
    """Puts strings into a comb: digits into the cells that were filled, blanks into those between and behind them."""
    filled = [cell for cell in comb.cells if cell is not None]
    by_digit = [
        [Step(str(digit), float(row[digit]), cell.box) for digit in range(NOT_A_DIGIT)]
        for cell, row in zip(filled, digits, strict=True)
    ]
    # Empty cells at the end tell how an amount was set into its comb.
    ends = [cell.first for cell in filled[1:]] + [len(comb.cells)]
    blanks = [[Step(" ", 1.0, cell.box)] * (end - cell.last) for cell, end in zip(filled, ends, strict=True)]

    def put(text: str) -> tuple[Step, ...]:
        cells = zip(text, by_digit, blanks, strict=True)
        return tuple(step for char, steps, after in cells for step in (steps[int(char)], *after))

    return put


def _comb_features(steps: tuple[Step, ...], probability: float, by_strip: Mapping[str, float]) -> dict[str, float]:
    """What the calibration of combs weighs: the whole string, its least sure digit, their number, the second reader."""
    digits = [step.probability for step in steps if step.char != " "]
    text = "".join(step.char for step in steps if step.char != " ")
    return {
        "logit": logit(probability),
        "weakest": logit(min(digits)),
        "digits": float(len(digits)),
        "string_margin": _string_margin(text, by_strip),
    }


# --- free lines ----------------------------------------------------------------------------------


def line_candidates(line: LineInk, evidence: Evidence, paths: Iterable[str]) -> tuple[Candidate, ...]:
    """Strings that either reader of a free line proposes, and what both say about each.

    Args:
        line: what stands on it.
        evidence: of the recogniser.
        paths: digits of the lattice's best paths.
    """
    strings = {candidate.text: candidate.log_probability for candidate in evidence.strings if candidate.text}
    texts = list(dict.fromkeys([*strings, *paths]))
    by_lattice = scores_of(texts, line.lattice, evidence.digits)
    return tuple(Candidate(text, strings.get(text), by_lattice.get(text)) for text in texts)


def _decode_line(line: LineInk, evidence: Evidence, region: FieldRegion, operating_point: OperatingPoint) -> Decoded:
    spec = region.spec
    paths = {path.digits: path for path in best_paths(line.lattice, evidence.digits) if path.digits}
    strings = {candidate.text: candidate for candidate in evidence.strings if candidate.text}
    if not strings and not paths:
        return Decoded((), FREE, 1.0)
    candidates = line_candidates(line, evidence, paths)
    placed = [
        (steps_of(one.text, strings.get(one.text), paths, line), score)
        for one, score in zip(candidates, operating_point.combiner.log_probabilities(candidates), strict=True)
    ]
    if spec.kind is FieldKind.AMOUNT:
        placed = [(with_raised_cents(steps), score) for steps, score in placed]
    weighed = weigh_by_grammar(placed, spec)
    if spec.kind is FieldKind.AMOUNT:
        weighed = with_slash_endings(weighed)
    scored = [_scored(steps, probability, strings, paths, region) for steps, probability in weighed[:MAX_READINGS]]
    readings = readings_of(scored, spec, operating_point.readers[FREE], MAX_READINGS)
    share = float((evidence.digits[:, NOT_A_DIGIT] > 0.5).mean()) if len(evidence.digits) else 0.0
    agree = bool(strings and paths) and next(iter(strings)) == next(iter(paths))
    best = weighed[0][0]
    is_odd = has_unread_ink(best, line, spec.kind is FieldKind.AMOUNT) or reads_odd_blob(best, line, evidence.digits)
    return Decoded(readings, FREE, share, agree, is_odd)


def _scored(
    steps: tuple[Step, ...],
    probability: float,
    strings: Mapping[str, StripCandidate],
    paths: Mapping[str, Path],
    region: FieldRegion,
) -> ScoredString:
    """A string with what the calibration of free lines weighs, beside how surely this is the field's place."""
    text = digits_of("".join(step.char for step in steps))
    candidate, path = strings.get(text), paths.get(text)
    cut_out = [step.probability for step in path.steps if step.char.isdigit()] if path else []
    features = {
        "logit": logit(probability),
        "weakest": logit(candidate.weakest if candidate else 0.0),
        "weakest_cut_out": logit(min(cut_out)) if cut_out else NOT_CUT_OUT,
        "lead": region.placing.lead,
        "left_out": region.placing.left_out,
        "same_pen": region.placing.same_pen,
        "more_read": region.placing.more_read,
        "agree": float(next(iter(strings), None) == text == next(iter(paths), None)),
    }
    return ScoredString(steps, probability, features)


def _string_margin(text: str, by_strip: Mapping[str, float]) -> float:
    """How far the strip network prefers a string to every other one; below 0 where it prefers another."""
    scores = {other: max(score, UNKNOWN) for other, score in by_strip.items()}
    own = scores.pop(text, UNKNOWN)
    return own - max(scores.values(), default=UNKNOWN)
