"""Checks that a field's value can pass or fail: check digits, ranges, patterns, sums over fields. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from pipeline.document import RuleOutcome, RuleSpec
from pipeline.values.evidence import misreadings, share_passing, weigh
from pipeline.values.grammar import digits_of

Check = Callable[[str, Mapping[str, object]], bool]

ABA_WEIGHTS = (3, 7, 1)
"""Weights of the routing number's check digit (American Bankers Association)."""


def luhn(digits: str) -> bool:
    """Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        doubled = int(char) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return len(digits) > 1 and total % 10 == 0


def aba_routing(digits: str) -> bool:
    """Nine digits whose 3-7-1 weighted sum is a multiple of ten."""
    return len(digits) == 9 and sum(int(c) * ABA_WEIGHTS[i % 3] for i, c in enumerate(digits)) % 10 == 0


def mod11(digits: str) -> bool:
    """Last digit balances weights 2, 3, 4 ... from the right, modulo 11; a check value of 10 cannot be written."""
    if len(digits) < 2:
        return False
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(digits[:-1])))
    return (11 - total % 11) % 11 == int(digits[-1])


def mod97(digits: str) -> bool:
    """Last two digits are the rest of the others modulo 97, 97 standing for 0 (as in Belgian references)."""
    return len(digits) > 2 and (int(digits[:-2]) % 97 or 97) == int(digits[-2:])


def iban_mod97(text: str, country: str) -> bool:
    """IBAN check (ISO 13616, ISO 7064 MOD 97-10).

    Args:
        text: check digits and account as read, digits only.
        country: two letters that the form prints before them.
    """
    if len(country) != 2 or len(text) < 5:
        return False
    letters = "".join(str(ord(c) - ord("A") + 10) for c in country.upper())
    return int(text[2:] + letters + text[:2]) % 97 == 1


def _is_date(value: str, _: Mapping[str, object]) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _in_range(value: str, parameters: Mapping[str, object]) -> bool:
    number = _number(value)
    low, high = parameters.get("min"), parameters.get("max")
    if number is None:
        return False
    return (low is None or number >= Decimal(str(low))) and (high is None or number <= Decimal(str(high)))


def _number(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _one_of(value: str, parameters: Mapping[str, object]) -> bool:
    values = parameters.get("values", ())
    return isinstance(values, Iterable) and value in set(values)


CHECKS: Mapping[str, Check] = {
    "luhn": lambda value, _: luhn(digits_of(value)),
    "aba_routing": lambda value, _: aba_routing(digits_of(value)),
    "iban_mod97": lambda value, p: iban_mod97(digits_of(value), str(p.get("country", ""))),
    "mod11": lambda value, _: mod11(digits_of(value)),
    "mod97": lambda value, _: mod97(digits_of(value)),
    "date": _is_date,
    "range": _in_range,
    "regex": lambda value, p: re.fullmatch(str(p.get("pattern", "")), value) is not None,
    "one_of_file": _one_of,
}
"""Rules on one field. `one_of_file` finds the file's lines in its parameter `values`."""

PASSED_BY_CHANCE: Mapping[str, float] = {
    "luhn": 1 / 10,
    "aba_routing": 1 / 10,
    "mod11": 1 / 11,
    "mod97": 1 / 97,
    "iban_mod97": 1 / 97,
}
"""Check digits: share of wrong readings that pass all the same, one in the number of check values. A single misread
digit never passes, so this errs on the careful side."""


def check(value: str, rules: tuple[RuleSpec, ...]) -> tuple[RuleOutcome, ...]:
    """Outcome of every rule on one value, in order.

    Raises:
        KeyError: a rule of an unknown name; templates are checked when they are loaded.
    """
    return tuple(RuleOutcome(rule.name, CHECKS[rule.name](value, rule.parameters)) for rule in rules)


def passes(value: str | None, rules: Sequence[RuleSpec]) -> bool:
    """Whether a value passes all rules; no value passes none."""
    return value is not None and all(outcome.ok for outcome in check(value, tuple(rules)))


def passed_by_chance(value: str, rules: Sequence[RuleSpec]) -> float:
    """Share of wrong readings that would pass all rules, were `value` the true one or near it.

    Check digits let one in so many pass. Ranges, patterns, calendars and lists are asked: of the values that one
    misread, lost or doubled digit makes of this one, how many pass? Of all 5-digit strings 38 % are ZIP codes, but
    round a ZIP code it is more, since codes come in blocks.
    """
    share = 1.0
    for rule in rules:
        share *= PASSED_BY_CHANCE.get(rule.name, 1.0)
    asked = [rule for rule in rules if rule.name not in PASSED_BY_CHANCE]
    if asked:
        share *= share_passing(misreadings(value), lambda other: passes(other, asked))
    return share


def weigh_by_rules(
    values: Sequence[str | None], shares: Sequence[float], rules: Sequence[RuleSpec]
) -> tuple[float, ...]:
    """Probabilities of candidates, now that the rules on their field have spoken.

    Args:
        values: likeliest first; None for a reading that is no value of its kind.
        shares: probability of each, at most 1 in all.
        rules: of the field.
    """
    likeliest = next((value for value in values if value is not None), None)
    if not rules or likeliest is None:
        return tuple(shares)
    return weigh(shares, [passes(value, rules) for value in values], passed_by_chance(likeliest, rules))


def check_across(rule: RuleSpec, values: Mapping[str, str | None]) -> bool | None:
    """Outcome of a cross-field rule; None when a field it needs has no value.

    `sum`: the fields add up to the field named by `equals`. `equal`: all fields have the same value.
    """
    found = [values.get(name) for name in _listed(rule)]
    if rule.name == "equal":
        return None if None in found else len(set(found)) <= 1
    total = values.get(str(rule.parameters.get("equals", "")))
    numbers = [_number(value) for value in [*found, total] if value is not None]
    if len(numbers) != len(found) + 1 or None in numbers:
        return None
    amounts = [number for number in numbers if number is not None]
    return sum(amounts[:-1], Decimal(0)) == amounts[-1]


def fields_of(rule: RuleSpec) -> tuple[str, ...]:
    """Names of the fields that a cross-field rule is about."""
    total = rule.parameters.get("equals")
    return (*_listed(rule), *((str(total),) if total is not None else ()))


def _listed(rule: RuleSpec) -> tuple[str, ...]:
    listed = rule.parameters.get("fields", ())
    return tuple(str(name) for name in listed) if isinstance(listed, Iterable) else ()
