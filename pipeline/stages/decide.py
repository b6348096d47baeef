"""Accept, review or blank: what is to be done with a field, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.confidence.operating_point import Threshold
from pipeline.document import (
    Alternative,
    Box,
    CharacterReading,
    Decision,
    FieldReading,
    FieldRegion,
    Reason,
    RuleOutcome,
    RuleSpec,
    rule_failed,
)
from pipeline.stages.blank import Writing, find_writing
from pipeline.stages.clip import is_clipped
from pipeline.stages.decode import Decoded
from pipeline.stages.hidden import hides_writing
from pipeline.stages.meaning import Reading
from pipeline.stages.overflow import is_overflow
from pipeline.stages.segment import Segmentation
from pipeline.stages.strike import is_struck_out
from pipeline.values.grammar import digits_of, lengths_allowed
from pipeline.values.rules import check, weigh_by_rules

MAX_ALTERNATIVES = 3
MIN_ALTERNATIVE = 0.001
"""Alternatives less likely than this help nobody."""


@dataclass(frozen=True, slots=True)
class DecideOptions:
    """How strict acceptance is.

    Attributes:
        accept_uncertified: accept at thresholds that no labelled documents of the user certify; else such fields go
            to review with the reason `uncertified`.
    """

    accept_uncertified: bool = True


def decide_field(field: Segmentation, decoded: Decoded, threshold: Threshold, options: DecideOptions) -> FieldReading:
    """Route one field.

    Args:
        field: what was cut out of the field; its flags become reasons.
        decoded: readings, likeliest first.
        threshold: of the operating point; a template's own threshold wins over it.
        options: how strict acceptance is.
    """
    spec = field.region.spec
    asked = spec.threshold if spec.threshold is not None else threshold.value
    writing = find_writing(field)
    if writing is Writing.NONE:
        decoded = Decoded((), decoded.reader)
    readings = _weighed(decoded.readings, spec.rules)
    best = readings[0] if readings else None
    outcomes = _outcomes(best, decoded.readings, spec.rules)
    confidence = best.confidence if best is not None else 0.0
    blocking = _blocking(field, decoded, best, writing)
    if best is not None and confidence < asked:
        blocking.append(Reason.LOW_CONFIDENCE)
    blocking += [rule_failed(outcome.name) for outcome in outcomes if not outcome.ok]
    is_certified = threshold.is_certified and asked >= threshold.value
    if best is not None and not blocking and not (is_certified or options.accept_uncertified):
        blocking.append(Reason.UNCERTIFIED)
    settled = Decision.BLANK if writing is Writing.NONE else Decision.ACCEPTED
    decision = Decision.REVIEW if blocking else settled
    reasons = [*blocking, *_remarks(field, decoded)] if decision is Decision.REVIEW else []
    return FieldReading(
        name=spec.name,
        kind=spec.kind,
        page=field.region.page,
        polygon_px=field.region.polygon_px,
        # What breaks its kind's grammar is still the best proposal for the person who settles it.
        value=best.value or digits_of(best.raw) if best is not None else None,
        raw=best.raw if best is not None else None,
        confidence=confidence,
        threshold=asked,
        decision=decision,
        reasons=tuple(dict.fromkeys(str(reason) for reason in reasons)),
        alternatives=_alternatives(readings, decoded),
        characters=_characters(best, field.region) if best is not None else (),
        rules=outcomes,
    )


def _blocking(field: Segmentation, decoded: Decoded, best: Reading | None, writing: Writing) -> list[str]:
    """Reasons that each alone keep a field from being accepted."""
    spec = field.region.spec
    found: list[str] = []
    if hides_writing(field, is_blank=writing is Writing.NONE):
        found.append(Reason.NOT_A_DIGIT)
    if writing is Writing.NONE:
        return [*found, Reason.REQUIRED_BLANK] if spec.required else found
    if field.is_faint or writing is Writing.FAINT:
        found.append(Reason.FAINT)
    digits, sureness = (len(digits_of(best.raw)), best.confidence) if best is not None else (0, 0.0)
    if is_struck_out(field, digits, sureness):
        found.append(Reason.STRUCK_OUT)
    if best is None:
        return found or [Reason.NOT_A_DIGIT]
    allowed = lengths_allowed(spec)
    if (allowed is not None and len(digits_of(best.raw)) not in allowed) or " " in best.raw:
        found.append(Reason.LENGTH_MISMATCH)
    elif best.value is None:
        found.append(rule_failed(spec.kind))
    is_odd_comb = field.comb is not None and (decoded.not_digit_share > 0 or field.comb.is_one_blob)
    if is_odd_comb or decoded.has_odd_ink or field.region.placing.is_cut_from_comb:
        found.append(Reason.NOT_A_DIGIT)
    if is_overflow(field):
        found.append(Reason.OVERFLOW)
    if is_clipped(field, best.steps):
        found.append(Reason.CLIPPED)
    return found


def _remarks(field: Segmentation, decoded: Decoded) -> list[Reason]:
    """What a person should know about a field that goes to review anyway."""
    remarks = {
        Reason.TOUCHING: field.comb is not None and field.comb.is_touching,
        Reason.DISAGREEMENT: not decoded.readers_agree,
    }
    return [reason for reason, holds in remarks.items() if holds]


def _weighed(readings: Sequence[Reading], rules: tuple[RuleSpec, ...]) -> tuple[Reading, ...]:
    """Readings with their probabilities after the rules on the field have spoken, likeliest first."""
    shares = weigh_by_rules([r.value for r in readings], [r.confidence for r in readings], rules)
    weighed = [replace(reading, confidence=share) for reading, share in zip(readings, shares, strict=True)]
    return tuple(sorted(weighed, key=lambda reading: -reading.confidence))


def _outcomes(best: Reading | None, by_ink: Sequence[Reading], rules: tuple[RuleSpec, ...]) -> tuple[RuleOutcome, ...]:
    """Outcome of every rule on the best value; `repaired` where what the ink says best would have failed."""
    if best is None or best.value is None:
        return ()
    outcomes = check(best.value, rules)
    inked = by_ink[0].value
    if inked is None or inked == best.value:
        return outcomes
    before = check(inked, rules)
    return tuple(replace(o, repaired=o.ok and not was.ok) for o, was in zip(outcomes, before, strict=True))


def _alternatives(readings: Sequence[Reading], decoded: Decoded) -> tuple[Alternative, ...]:
    """The next likeliest values; among them, however unlikely now, what the ink alone says best."""
    inked = decoded.readings[0].value if decoded.readings else None
    best = readings[0].value if readings else None
    others: dict[str, float] = {}
    for reading in readings[1:]:
        is_worth_telling = reading.confidence >= MIN_ALTERNATIVE or reading.value == inked
        if reading.value is not None and reading.value != best and is_worth_telling:
            others.setdefault(reading.value, reading.confidence)
    kept = sorted(others.items(), key=lambda item: (item[0] != inked, -item[1]))[:MAX_ALTERNATIVES]
    return tuple(Alternative(v, c) for v, c in sorted(kept, key=lambda item: -item[1]))


def _characters(reading: Reading, region: FieldRegion) -> tuple[CharacterReading, ...]:
    return tuple(
        CharacterReading(step.char, step.probability, on_page(step.box, region))
        for step in reading.steps
        if step.char.strip()
    )


def on_page(box: Box, region: FieldRegion) -> Box:
    """Upright box in page pixels round a box of a region."""
    corners = np.array(
        [[[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]]], np.float64
    )
    xs, ys = cv2.perspectiveTransform(corners, region.region_to_page)[0].T
    return Box(int(np.floor(xs.min())), int(np.floor(ys.min())), int(np.ceil(xs.max())), int(np.ceil(ys.max())))
