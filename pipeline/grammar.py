"""From characters as written to a normalised value, by kind of field. Pure; knows no image."""

from __future__ import annotations

import datetime as dt
import re

from pipeline.document import FieldKind, FieldSpec

DECIMALS = 2
"""Digits behind the decimal mark of an amount."""
CENTURY_PIVOT = 69
"""Two-digit years below it are 20xx, the others 19xx: the POSIX rule for %y."""

POSTAL_LENGTHS = {
    "AT": (4,), "AU": (4,), "BE": (4,), "BR": (8,), "CH": (4,), "CN": (6,), "DE": (5,), "DK": (4,), "ES": (5,),
    "FI": (5,), "FR": (5,), "IN": (6,), "IT": (5,), "JP": (7,), "MX": (5,), "NO": (4,), "PL": (5,), "PT": (7,),
    "SE": (5,), "TR": (5,), "US": (5, 9),
}  # fmt: skip
"""Digits of a postal code by ISO 3166 country (Universal Postal Union, addressing formats)."""

_FILLERS_BEFORE = re.compile(r"^[^\d]+")
_ENDINGS = re.compile(r"(/-?|[-=]+|[.,]-+|[.,]=+)+$")
_SEPARATORS = re.compile(r"[.,'· ]")


def digits_of(raw: str) -> str:
    """The digits of a string, separators dropped."""
    return "".join(c for c in raw if c.isdigit())


def normalise(raw: str, spec: FieldSpec) -> str | None:
    """Value of a field written as `raw`, None when the grammar of its kind cannot make one of it.

    Args:
        raw: characters as written; digits 0-9 and marks.
        spec: kind and, for dates, the order of day, month and year. The last two cells of an amount's comb are cents.

    Returns:
        Amounts as decimal strings ("322000.00"), dates as ISO 8601, all else as digit strings with leading zeros.
    """
    if not digits_of(raw):
        return None
    if spec.kind is FieldKind.AMOUNT:
        return normalise_amount(raw, has_implied_cents=spec.cells is not None)
    if spec.kind is FieldKind.DATE:
        return normalise_date(digits_of(raw), spec.date_order)
    return digits_of(raw)


def normalise_amount(raw: str, has_implied_cents: bool = False) -> str | None:
    """Decimal string of an amount in any common grouping: 1,234.56, 1.234,56, 3,22,000/-, 100,-, 1234.

    The last separator is the decimal mark when one or two digits follow it and it does not also group thousands.
    """
    text = _FILLERS_BEFORE.sub("", raw.strip())
    body = _ENDINGS.sub("", text).rstrip(" .,'")
    if not digits_of(body):
        return None
    is_negative = raw.lstrip().startswith(("-", "(")) and not raw.lstrip().startswith("--")
    parts = [digits_of(part) for part in _SEPARATORS.split(body)]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        whole, cents = parts[0], ""
        if has_implied_cents and len(whole) > DECIMALS:
            whole, cents = whole[:-DECIMALS], whole[-DECIMALS:]
    elif len(parts[-1]) <= DECIMALS:
        whole, cents = "".join(parts[:-1]), parts[-1]
    else:
        whole, cents = "".join(parts), ""
    sign = "-" if is_negative else ""
    return f"{sign}{int(whole)}.{cents.ljust(DECIMALS, '0')}"


def normalise_date(digits: str, order: str) -> str | None:
    """ISO date of six or eight digits written in `order` (DMY, MDY, YMD); None when there is no such day."""
    if len(digits) not in (6, 8):
        return None
    widths = {"D": 2, "M": 2, "Y": len(digits) - 4}
    parts: dict[str, int] = {}
    place = 0
    for letter in order:
        parts[letter] = int(digits[place : place + widths[letter]])
        place += widths[letter]
    year = parts["Y"]
    if widths["Y"] == 2:
        year += 2000 if year < CENTURY_PIVOT else 1900
    try:
        return dt.date(year, parts["M"], parts["D"]).isoformat()
    except ValueError:
        return None


def lengths_allowed(spec: FieldSpec) -> tuple[int, ...] | None:
    """How many digits the field may hold; None when any number will do."""
    if spec.length is not None:
        return (spec.length,)
    if spec.kind is FieldKind.POSTAL_CODE and spec.country is not None:
        return POSTAL_LENGTHS.get(spec.country.upper())
    if spec.kind is FieldKind.DATE:
        return (6, 8)
    return None
