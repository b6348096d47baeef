"""What a template says about its fields, and whether it can be meant: kinds, lengths, rules, places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from pipeline.document import FieldKind, FieldSpec, FormTemplate, RectMm, RuleSpec
from pipeline.values.grammar import lengths_allowed

OVERLAP_SHARE = 0.1
"""Share of the smaller of two fields that may lie in the other: neighbours share a printed wall."""
SAME_PLACE_SHARE = 0.9
SMALLEST_CELL_MM, LARGEST_CELL_MM = 2.5, 20.0
LOWEST_FIELD_MM, HIGHEST_FIELD_MM = 3.0, 40.0
"""Nobody writes a digit smaller than this, and no form asks for larger ones."""
DATE_DIGITS = (6, 8)
CENT_DIGITS = 2
"""The last cells of an amount's comb are cents."""

NUMBERS = frozenset({FieldKind.DIGITS, FieldKind.ACCOUNT})
KINDS_OF_RULE: dict[str, frozenset[FieldKind]] = {
    "luhn": NUMBERS,
    "aba_routing": NUMBERS,
    "iban_mod97": NUMBERS,
    "mod11": NUMBERS,
    "mod97": NUMBERS,
    "date": frozenset({FieldKind.DATE}),
    "range": frozenset({FieldKind.AMOUNT, FieldKind.POSTAL_CODE, *NUMBERS}),
}
"""Kinds that a rule makes sense for; rules not named here go with all."""
WRITTEN_AS: dict[FieldKind, tuple[str, str]] = {
    FieldKind.AMOUNT: (r"-?\d+\.\d{2}", "1234.50"),
    FieldKind.DATE: (r"\d{4}-\d{2}-\d{2}", "2026-11-21"),
}
"""Pattern and example of a value as rules see it; digits for all other kinds."""
DIGITS_OF_RULE = {"aba_routing": 9}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to look at: the field ("" for the form), the key in question ("" for all of it), a sentence."""

    field: str
    key: str
    message: str


def field_remarks(template: FormTemplate) -> Iterator[Remark]:
    """Warnings that need no look at the reference picture, in the order of the fields."""
    for spec in template.fields:
        yield from _sizes(spec)
        yield from _lengths(spec)
        yield from _rules(spec)
        yield from _threshold(spec)
    yield from _overlaps(template.fields)
    yield from _across(template)


# --- places ----------------------------------------------------------------------------------------


def _sizes(spec: FieldSpec) -> Iterator[Remark]:
    rect = spec.region_mm
    if rect is None:
        return
    if not LOWEST_FIELD_MM <= rect.height <= HIGHEST_FIELD_MM:
        yield Remark(spec.name, "region_mm", f"a field {rect.height:g} mm high holds no line of handwriting")
    if spec.cells and not SMALLEST_CELL_MM <= rect.width / spec.cells <= LARGEST_CELL_MM:
        yield Remark(
            spec.name, "cells", f"{spec.cells} cells in {rect.width:g} mm are {rect.width / spec.cells:.1f} mm each"
        )


def _overlaps(fields: tuple[FieldSpec, ...]) -> Iterator[Remark]:
    for first, second in combinations(fields, 2):
        if first.page != second.page or first.region_mm is None or second.region_mm is None:
            continue
        share = _shared(first.region_mm, second.region_mm)
        if share > SAME_PLACE_SHARE:
            yield Remark(second.name, "region_mm", f"lies on the same place as {first.name}")
        elif share > OVERLAP_SHARE:
            yield Remark(second.name, "region_mm", f"overlaps {first.name} by {share:.0%} of the smaller of the two")


def _shared(a: RectMm, b: RectMm) -> float:
    """Area of the intersection as a share of the smaller rectangle."""
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    return max(0.0, width) * max(0.0, height) / min(a.width * a.height, b.width * b.height)


# --- lengths ---------------------------------------------------------------------------------------


def _lengths(spec: FieldSpec) -> Iterator[Remark]:
    if spec.cells is not None and spec.length is not None and spec.length < spec.cells:
        empty = spec.cells - spec.length
        yield Remark(
            spec.name, "length", f"{spec.length} digits in {spec.cells} cells leave {empty} empty; is that meant?"
        )
    if spec.kind is FieldKind.DATE:
        for key, count in (("length", spec.length), ("cells", spec.cells)):
            if count is not None and count not in DATE_DIGITS:
                yield Remark(spec.name, key, f"a date has 6 or 8 digits, not {count}: it can never be read")
    if spec.kind is FieldKind.POSTAL_CODE:
        yield from _postal_lengths(spec)


def _postal_lengths(spec: FieldSpec) -> Iterator[Remark]:
    if spec.country is None:
        if spec.length is None:
            yield Remark(spec.name, "kind", "without country or length, a code with a digit too few passes")
        return
    allowed = lengths_allowed(replace(spec, length=None))
    if allowed is None:
        if spec.length is None:
            yield Remark(spec.name, "country", f"the length of postal codes of {spec.country} is not known; say length")
        return
    shown = " or ".join(str(count) for count in allowed)
    if spec.length is not None and spec.length not in allowed:
        yield Remark(spec.name, "length", f"postal codes of {spec.country} have {shown} digits, not {spec.length}")
    if spec.cells is not None and spec.cells < min(allowed):
        yield Remark(
            spec.name, "cells", f"postal codes of {spec.country} have {shown} digits; {spec.cells} cells are too few"
        )


# --- rules and thresholds --------------------------------------------------------------------------


def _rules(spec: FieldSpec) -> Iterator[Remark]:
    names = [rule.name for rule in spec.rules]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Remark(spec.name, "rules", f"{name} is asked for twice")
    for rule in spec.rules:
        kinds = KINDS_OF_RULE.get(rule.name)
        if kinds is not None and spec.kind not in kinds:
            others = ", ".join(sorted(kinds))
            yield Remark(spec.name, "rules", f"{rule.name} is a rule for {others}, not for the kind {spec.kind.value}")
            continue
        message = _never_passes(rule, spec)
        if message:
            yield Remark(spec.name, "rules", message)


def _never_passes(rule: RuleSpec, spec: FieldSpec) -> str:
    """Why a rule fails for every value the field can have, or for some values it names; "" when it is sound."""
    digits = DIGITS_OF_RULE.get(rule.name)
    if digits is not None:
        if spec.length not in (None, digits) or (spec.cells is not None and spec.cells < digits):
            return f"{rule.name} asks for {digits} digits, which the field does not hold: it fails for every value"
    elif rule.name == "range":
        return _empty_range(rule, spec)
    elif rule.name == "regex":
        return _unwritten_letters(str(rule.parameters.get("pattern", "")), spec)
    elif rule.name == "one_of_file":
        return _unreadable_values(rule, spec)
    return ""


def _empty_range(rule: RuleSpec, spec: FieldSpec) -> str:
    most = spec.length or spec.cells
    if most is None or not isinstance(low := rule.parameters.get("min"), Decimal):
        return ""
    whole = most - CENT_DIGITS if spec.kind is FieldKind.AMOUNT and spec.cells else most
    return f"{most} digits never reach {low}: range fails for every value" if low >= Decimal(10) ** whole else ""


def _unwritten_letters(pattern: str, spec: FieldSpec) -> str:
    """Letters that a pattern asks for; escapes such as `\\d` and groups such as `(?:` are not meant."""
    literal = re.sub(r"\\.|\(\?P?<?\w*[>:]|\(\?\w+\)", "", pattern)
    letter = re.search(r"[A-Za-z]", literal)
    if letter is None:
        return ""
    return f'regex asks for the letter {letter.group()}, but values hold digits only, such as "{_example(spec)}"'


def _unreadable_values(rule: RuleSpec, spec: FieldSpec) -> str:
    values = rule.parameters.get("values", ())
    pattern, _ = WRITTEN_AS.get(spec.kind, (r"\d+", ""))
    listed = [str(value) for value in values] if isinstance(values, tuple) else []
    odd = [value for value in listed if not re.fullmatch(pattern, value) or spec.length not in (None, _digits(value))]
    if not odd:
        return ""
    file = rule.parameters.get("file")
    return f'{len(odd)} of {len(listed)} lines of {file} can never be read; values look like "{_example(spec)}"'


def _digits(value: str) -> int:
    return sum(char.isdigit() for char in value)


def _example(spec: FieldSpec) -> str:
    _, example = WRITTEN_AS.get(spec.kind, ("", ""))
    return example or "1234567890123456789"[: spec.length or spec.cells or 6]


def _threshold(spec: FieldSpec) -> Iterator[Remark]:
    if spec.threshold == 1:
        yield Remark(spec.name, "threshold", "nothing is ever that sure: every value goes to a person")
    elif spec.threshold is not None and spec.threshold < 0.5:
        yield Remark(spec.name, "threshold", "accepts values that are more likely wrong than right")
    if spec.threshold is not None and spec.max_error is not None:
        yield Remark(spec.name, "threshold", "wins over max_error, which then counts for nothing here")


def _across(template: FormTemplate) -> Iterator[Remark]:
    kinds = {spec.name: spec.kind for spec in template.fields}
    for rule in template.cross_rules:
        listed = rule.parameters.get("fields", ())
        named = [*(listed if isinstance(listed, tuple) else ()), rule.parameters.get("equals")]
        fields = [name for name in named if isinstance(name, str) and name in kinds]
        dates = [name for name in fields if kinds[name] is FieldKind.DATE]
        if rule.name == "sum" and dates:
            yield Remark("", "rules", f"sum adds up numbers, but {dates[0]} is a date: it is never checked")
        elif rule.name == "sum" and rule.parameters.get("equals") in fields[:-1]:
            yield Remark("", "rules", f"sum counts {fields[-1]} among its own parts")
        elif rule.name == "equal" and len({WRITTEN_AS.get(kinds[name]) for name in fields}) > 1:
            yield Remark("", "rules", f"equal compares {', '.join(fields)}, whose kinds are written differently")
