"""Rules over several fields of one document: what a sum or an equality says about the readings of its fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from pipeline.document import Alternative, Decision, FieldReading, Reason, RuleOutcome, RuleSpec, rule_failed
from pipeline.values.evidence import weigh
from pipeline.values.rules import check_across, fields_of

FITS_BY_CHANCE = 0.05
"""Share of wrong combinations that fit a sum all the same. Digits would say one in a hundred or less, but one hand's
errors repeat: a seven read as a one in an item and in the total."""
CLEARLY_BEST = 10.0
"""How many times likelier than the next a combination must be to be proposed."""
MOST_COMBINATIONS = 20_000
"""Beyond, only the values as read are checked: a bound on time."""

Combination = Mapping[str, str | None]


def reconcile(
    fields: Sequence[FieldReading], rules: Sequence[RuleSpec], may_accept: bool = True
) -> tuple[FieldReading, ...]:
    """Fields of a document after its cross-field rules.

    Where the values as read keep a rule, they become likelier, and a field that lacked only confidence is accepted.
    Where they break it, all its fields go to review; when one combination of their alternatives keeps the rule and is
    clearly likelier than any other, it is proposed, and the outcome of the rule says `repaired`.

    Args:
        fields: of one document.
        rules: `sum` and `equal`; one whose fields have no value is not applied, but blank items of a sum are nothing.
        may_accept: fields may be accepted at thresholds that are only estimated.
    """
    readings = {reading.name: reading for reading in fields}
    for rule in rules:
        named = [readings[name] for name in fields_of(rule) if name in readings]
        readings |= {reading.name: reading for reading in _under(rule, named, may_accept)}
    return tuple(readings[reading.name] for reading in fields)


def _under(rule: RuleSpec, named: Sequence[FieldReading], may_accept: bool) -> list[FieldReading]:
    """The fields of one rule after it has spoken."""
    as_read: Combination = {r.name: _counted(r, rule) for r in named}
    holds = check_across(rule, as_read)
    if holds is None:
        return []
    combinations = _combinations(named, rule)
    fitting = [(c, p) for c, p in combinations if check_across(rule, c)]
    after = weigh([p for _, p in combinations], [(c, p) in fitting for c, p in combinations], FITS_BY_CHANCE)
    weighed = list(zip((c for c, _ in combinations), after, strict=True))
    if holds:
        return [_confirmed(r, rule, _marginal(weighed, r.name, r.value), may_accept) for r in named]
    fitting.sort(key=lambda item: -item[1])
    is_clear = bool(fitting) and (len(fitting) == 1 or fitting[0][1] >= CLEARLY_BEST * fitting[1][1])
    proposal = fitting[0][0] if is_clear else as_read
    return [_doubted(r, rule, proposal[r.name], weighed, is_clear) for r in named]


def _counted(reading: FieldReading, rule: RuleSpec) -> str | None:
    """Value that a rule sees; a blank item of a sum is nothing."""
    is_item = rule.name == "sum" and reading.name != rule.parameters.get("equals")
    return "0" if reading.decision is Decision.BLANK and is_item else reading.value


def _combinations(named: Sequence[FieldReading], rule: RuleSpec) -> list[tuple[Combination, float]]:
    """Every combination of values and alternatives with its probability, the values as read first."""
    options = []
    for reading in named:
        own = (_counted(reading, rule), 1.0 if reading.decision is Decision.BLANK else reading.confidence)
        options.append([own, *((other.value, other.confidence) for other in reading.alternatives)])
    if math.prod(map(len, options)) > MOST_COMBINATIONS:
        options = [choices[:1] for choices in options]
    names = [reading.name for reading in named]
    return [
        (dict(zip(names, (value for value, _ in choice), strict=True)), math.prod(p for _, p in choice))
        for choice in product(*options)
    ]


def _marginal(weighed: Sequence[tuple[Combination, float]], name: str, value: str | None) -> float:
    return min(1.0, math.fsum(p for combination, p in weighed if combination[name] == value))


def _confirmed(reading: FieldReading, rule: RuleSpec, confidence: float, may_accept: bool) -> FieldReading:
    outcome = RuleOutcome(rule.name, ok=True)
    if reading.decision is Decision.BLANK:
        return replace(reading, rules=(*reading.rules, outcome))
    surer = max(confidence, reading.confidence)
    lacked_only_confidence = reading.decision is Decision.REVIEW and reading.reasons == (str(Reason.LOW_CONFIDENCE),)
    if lacked_only_confidence and surer >= reading.threshold and may_accept:
        reading = replace(reading, decision=Decision.ACCEPTED, reasons=())
    elif lacked_only_confidence and surer >= reading.threshold:
        reading = replace(reading, reasons=(str(Reason.UNCERTIFIED),))
    others = tuple(o for o in reading.alternatives if o.confidence <= 1 - surer)
    return replace(reading, confidence=surer, alternatives=others, rules=(*reading.rules, outcome))


def _doubted(
    reading: FieldReading,
    rule: RuleSpec,
    value: str | None,
    weighed: Sequence[tuple[Combination, float]],
    is_repaired: bool,
) -> FieldReading:
    """A field of a broken rule: for review, with the combination's value as its proposal."""
    is_changed = is_repaired and reading.value is not None and value != reading.value
    outcome = RuleOutcome(rule.name, ok=is_repaired, repaired=is_changed)
    doubted = replace(
        reading,
        decision=Decision.REVIEW,
        reasons=tuple(dict.fromkeys((*reading.reasons, rule_failed(rule.name)))),
        rules=(*reading.rules, outcome),
    )
    if not is_changed or reading.value is None:
        return doubted
    others = {reading.value: _marginal(weighed, reading.name, reading.value)}
    others |= {o.value: o.confidence for o in reading.alternatives if o.value not in (value, reading.value)}
    confidence = _marginal(weighed, reading.name, value)
    return replace(
        doubted,
        value=value,
        confidence=confidence,
        alternatives=tuple(Alternative(v, min(c, 1 - confidence)) for v, c in others.items()),
    )
