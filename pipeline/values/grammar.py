"""From characters as written to values, by kind of field. Pure; knows no image."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.document import Cents, FieldKind, FieldSpec
from pipeline.values.amounts import amount_shares
from pipeline.values.dates import date_shares
from pipeline.values.postal_codes import LENGTHS, is_in_use


def digits_of(raw: str) -> str:
    """The digits of a string, separators dropped."""
    return "".join(c for c in raw if c.isdigit())


def interpret(raw: str, spec: FieldSpec, sureness: Sequence[float] | None = None) -> dict[str, float]:
    """What a field written as `raw` may mean, given that its digits are read right.

    Args:
        raw: characters as written; digits 0-9, marks, `^` before raised cents, spaces for empty cells.
        spec: kind of the field, and what the form promises about it.
        sureness: per character of `raw` the probability that it is there; None when all are.

    Returns:
        Values with their probabilities, likeliest first, which sum to at most 1: amounts as decimal strings
        ("322000.00"), dates as ISO 8601, all else as digit strings with leading zeros. Empty when the grammar of the
        kind can make nothing of it.
    """
    digits = digits_of(raw)
    if not digits:
        return {}
    if spec.kind is FieldKind.AMOUNT:
        shares = _amount_in_comb(raw, spec) if spec.cells is not None else None
        if shares is None:
            shares = amount_shares(raw, cents_of(spec), sureness)
    elif spec.kind is FieldKind.DATE:
        shares = date_shares(raw, spec.date_order, is_comb=spec.cells is not None)
    elif spec.kind is FieldKind.POSTAL_CODE and spec.country is not None:
        shares = {digits: 1.0} if _is_postal_code(digits, spec.country.upper()) else {}
    else:
        shares = {digits: 1.0}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def normalise(raw: str, spec: FieldSpec) -> str | None:
    """Likeliest value of a field written as `raw`, None when the grammar of its kind cannot make one of it."""
    return next(iter(interpret(raw, spec)), None)


def cents_of(spec: FieldSpec) -> Cents:
    """Where the cents of an amount are: as the template says, else implied in combs and as written on lines."""
    if spec.cents is not None:
        return spec.cents
    return Cents.IMPLIED if spec.cells is not None else Cents.AS_WRITTEN


def _amount_in_comb(raw: str, spec: FieldSpec) -> dict[str, float] | None:
    """Amount whose digits do not reach the last cell of their comb; None for all others.

    Two empty cells at the end are cents left out. Any other number of them leaves open whether the hand began at the
    left or left something out.
    """
    empty = len(raw) - len(raw.rstrip(" "))
    digits = digits_of(raw)
    if cents_of(spec) is not Cents.IMPLIED or empty == 0:
        return None
    whole, with_cents = amount_shares(digits, Cents.NEVER), amount_shares(digits, Cents.IMPLIED)
    share = 0.9 if empty == 2 else 0.5
    return {next(iter(with_cents)): 1 - share} | {next(iter(whole)): share}


def _is_postal_code(digits: str, country: str) -> bool:
    lengths = LENGTHS.get(country)
    return lengths is None or (len(digits) in lengths and is_in_use(digits, country))


def lengths_allowed(spec: FieldSpec) -> tuple[int, ...] | None:
    """How many digits the field may hold; None when any number will do."""
    if spec.length is not None:
        return (spec.length,)
    if spec.kind is FieldKind.POSTAL_CODE and spec.country is not None:
        return LENGTHS.get(spec.country.upper())
    if spec.kind is FieldKind.DATE and spec.cells is not None:
        return (6, 8)
    return None
