"""The rules of a template file: names and parameters checked, files of allowed values read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pipeline.document import RuleSpec
from pipeline.storage.yaml_places import Place, suggestion


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """Rules of one field or form, and the content of the files they name, for the template's identity."""

    rules: tuple[RuleSpec, ...]
    files: tuple[bytes, ...] = ()


def load_field_rules(place: Place) -> LoadedRules:
    """Rules on one field: a list of names, or of one name with its parameters.

    An unknown rule or parameter, or a file that cannot be read, is noted as a problem.

    Raises:
        TemplateError: not a list.
    """
    files: list[bytes] = []
    rules = [item.attempt(lambda item: _field_rule(item, files), None) for item in place.items()]
    return LoadedRules(tuple(rule for rule in rules if rule is not None), tuple(files))


def load_cross_rules(place: Place, fields: Collection[str]) -> tuple[RuleSpec, ...]:
    """Rules over several fields of a form. An unknown rule, parameter or field is noted as a problem.

    Raises:
        TemplateError: not a list.
    """
    rules = [item.attempt(lambda item: _cross_rule(item, fields), None) for item in place.items()]
    return tuple(rule for rule in rules if rule is not None)


def _field_rule(place: Place, files: list[bytes]) -> RuleSpec:
    name, parameters = _named(place, FIELD_RULES)
    return RuleSpec(name, FIELD_RULES[name](place, parameters, files))


def _named(place: Place, known: Collection[str]) -> tuple[str, Place | None]:
    """The name of a rule and, when it is given as `name: parameters`, the place of these."""
    if not place.is_mapping:
        name, parameters = place.text(), None
    else:
        pairs = place.node.value
        if len(pairs) != 1:
            place.fail("one rule an item: a name, or a name with its parameters")
        name, parameters = place.part(pairs[0][0]).text(), place.part(pairs[0][1])
    if name not in known:
        place.fail(f"unknown rule {name}{suggestion(name, known)}")
    return name, parameters


Parameters = Mapping[str, object]


def _none(place: Place, parameters: Place | None, _: list[bytes]) -> Parameters:
    if parameters is not None:
        place.fail("this rule has no parameters")
    return {}


def _given(place: Place, parameters: Place | None, example: str) -> Place:
    if parameters is None:
        place.fail(f"this rule needs parameters: {example}")
    return parameters


def _range(place: Place, parameters: Place | None, _: list[bytes]) -> Parameters:
    bounds = _given(place, parameters, "range: {min: 0, max: 5000}").mapping((), ("min", "max"))
    for bound in bounds.values():
        bound.number()
    limits = {name: Decimal(bound.text().replace("_", "")) for name, bound in bounds.items()}
    if not limits:
        place.fail("range needs min, max or both")
    if limits.get("min", Decimal("-Infinity")) > limits.get("max", Decimal("Infinity")):
        place.fail("min is more than max")
    return limits


def _regex(place: Place, parameters: Place | None, _: list[bytes]) -> Parameters:
    pattern = _given(place, parameters, 'regex: {pattern: "4[0-9]*"}').mapping(("pattern",))["pattern"]
    try:
        re.compile(pattern.text())
    except (re.error, OverflowError, RecursionError) as error:
        pattern.fail(f"is not a regular expression: {error}")
    return {"pattern": pattern.text()}


def _iban(place: Place, parameters: Place | None, _: list[bytes]) -> Parameters:
    country = _given(place, parameters, "iban_mod97: {country: DE}").mapping(("country",))["country"]
    return {"country": country_code(country)}


def _one_of_file(place: Place, parameters: Place | None, files: list[bytes]) -> Parameters:
    named = _given(place, parameters, "one_of_file: {file: accounts.txt}").mapping(("file",))["file"]
    content = read_beside(named)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        named.fail(f"{named.text()} is not UTF-8 text")
    values = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not values:
        named.fail(f"{named.text()} has no line with a value")
    files.append(content)
    return {"file": named.text(), "values": values}


FIELD_RULES: Mapping[str, Callable[[Place, Place | None, list[bytes]], Parameters]] = {
    "luhn": _none,
    "aba_routing": _none,
    "iban_mod97": _iban,
    "mod11": _none,
    "mod97": _none,
    "date": _none,
    "range": _range,
    "regex": _regex,
    "one_of_file": _one_of_file,
}
"""Rules on one field as `pipeline/values/rules.py` checks them, with what reads their parameters."""

CROSS_RULES = {"sum": ("fields", "equals"), "equal": ("fields",)}
"""Rules over several fields and their parameters, all required."""


def _cross_rule(place: Place, fields: Collection[str]) -> RuleSpec:
    name, parameters = _named(place, CROSS_RULES)
    keys = _given(place, parameters, "sum: {fields: [a, b], equals: total}").mapping(CROSS_RULES[name])
    names = tuple(item.one_of(fields) for item in keys["fields"].items())
    if len(names) < (2 if name == "equal" else 1):
        keys["fields"].fail("too few fields")
    if len(set(names)) != len(names):
        keys["fields"].fail("a field is named twice")
    found: dict[str, object] = {"fields": names}
    if "equals" in keys:
        found["equals"] = keys["equals"].one_of(fields)
    return RuleSpec(name, found)


def country_code(place: Place) -> str:
    """Two letters, upper case (ISO 3166-1 alpha-2).

    Raises:
        TemplateError: something else.
    """
    code = place.text()
    if not re.fullmatch("[A-Z]{2}", code):
        place.fail(f"{code} is no country code of two capital letters, such as US")
    return code


def read_beside(place: Place) -> bytes:
    """Content of the file that is named relative to the template file.

    Raises:
        TemplateError: it cannot be read.
    """
    path: Path = place.file.parent / place.text()
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        place.fail(f"cannot read {place.text()}: {reason}")
