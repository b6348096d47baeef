"""Postal codes by country: how many digits, and which ranges are in use. Pure.

Lengths after the Universal Postal Union's addressing formats; ranges after the posts' own public descriptions of how
their codes are built, only where they are short. Letters of a code (NL, GB) are not read.
"""

from __future__ import annotations

import re

LENGTHS = {
    "AT": (4,), "AU": (4,), "BE": (4,), "BR": (8,), "CH": (4,), "CN": (6,), "DE": (5,), "DK": (4,), "ES": (5,),
    "FI": (5,), "FR": (5,), "IN": (6,), "IT": (5,), "JP": (7,), "MX": (5,), "NL": (4,), "NO": (4,), "PL": (5,),
    "PT": (7,), "SE": (5,), "TR": (5,), "US": (5, 9),
}  # fmt: skip
"""Digits of a postal code by ISO 3166 country."""

_STARTS = {
    "AT": r"[1-9]",
    "BE": r"[1-9]",
    "CH": r"[1-9]",
    "DE": r"0[1-9]|[1-9]",
    "ES": r"0[1-9]|[1-4]|5[0-2]",
    "FR": r"0[1-9]|[1-8]|9[0-578]",
    "IN": r"[1-9]",
    "NL": r"[1-9]",
    "PT": r"[1-9]",
    "SE": r"[1-9]",
    "TR": r"0[1-9]|[1-7]|8[01]",
}
"""How codes in use begin: German regions 01 to 99, French departments, Spanish and Turkish provinces, Indian zones."""
_RANGES = {"US": (501, 99950), "CH": (1000, 9658), "AT": (1010, 9992)}
"""First and last code in use, by the first five digits or fewer."""


def is_in_use(digits: str, country: str) -> bool:
    """Whether a code of the right length lies where its country has codes; True for countries without a table.

    Args:
        digits: of the code, separators dropped.
        country: ISO 3166 alpha-2 code, upper case.
    """
    start = _STARTS.get(country)
    if start is not None and re.match(start, digits) is None:
        return False
    bounds = _RANGES.get(country)
    return bounds is None or bounds[0] <= int(digits[:5]) <= bounds[1]
