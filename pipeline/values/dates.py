"""Dates: what digits and separators may mean under the order a form promises. Pure."""

from __future__ import annotations

import datetime as dt
import re
from itertools import product

CENTURY_PIVOT = 69
"""Two-digit years below it are 20xx, the others 19xx: the POSIX rule for %y."""
FIRST_YEAR, LAST_YEAR = 1900, 2099
"""Four-digit years outside are misread: nobody writes them on forms."""
UNPARTED_SHORT = 0.97
"""Six digits without separators on a line: nearly always a date of two-digit parts; else a month word went missing."""
SLASH_AS_ONE = 0.9
"""Share of dates among ten or eight digits with ones where slashes would stand: a slash is easily read as a one."""
UNPARTED_UNEVEN = 0.7
"""Share of dates among seven or five digits that can be parted in one way only (1372012)."""

_WIDTHS = {4: (4,), 2: (2,), 0: (4, 2)}


def date_shares(raw: str, order: str, is_comb: bool = False) -> dict[str, float]:
    """Days a string may mean, each with its probability given these digits; the sum is at most 1.

    Args:
        raw: digits and separators as written; letters, as in a month word, leave no meaning.
        order: DMY, MDY or YMD; a year first, as in ISO 8601, is recognised whatever the order.
        is_comb: printed cells part the digits, so none is missing where another stands.

    Returns:
        ISO 8601 dates; empty when there is no such day.
    """
    text = raw.strip()
    if any(char.isalpha() for char in text):
        return {}
    groups = [group for group in re.split(r"\D+", text) if group]
    if len(groups) == 3:
        day = _of_groups(groups, order) or (_of_groups(groups, "YMD") if len(groups[0]) == 4 else None)
        return {day: 1.0} if day else {}
    digits = "".join(groups)
    day = unparted_date(digits, order)
    as_iso = unparted_date(digits, "YMD") if len(digits) == 8 else None
    found: dict[str, float] = {}
    if day is not None:
        found[day] = UNPARTED_SHORT if len(digits) == 6 and not is_comb else 1.0
    elif as_iso is not None:
        found[as_iso] = 0.5
    if is_comb:
        return found
    with_slashes = _slashes_read_as_ones(digits, order)
    if with_slashes is not None:
        share = 0.5 if found else SLASH_AS_ONE
        found = {day: share * 0.9 for day, share in found.items()} if found else found
        found.setdefault(with_slashes, share * (1 - sum(found.values())))
    return found or _uneven(digits, order)


def unparted_date(digits: str, order: str) -> str | None:
    """ISO date of six or eight digits written in `order`; None when there is no such day."""
    if len(digits) not in (6, 8):
        return None
    widths = {"D": 2, "M": 2, "Y": len(digits) - 4}
    groups, place = [], 0
    for letter in order:
        groups.append(digits[place : place + widths[letter]])
        place += widths[letter]
    return _of_groups(groups, order)


def _of_groups(groups: list[str], order: str) -> str | None:
    parts = dict(zip(order, groups, strict=True))
    if len(parts["D"]) > 2 or len(parts["M"]) > 2 or len(parts["Y"]) not in (2, 4):
        return None
    year = int(parts["Y"])
    if len(parts["Y"]) == 2:
        year += 2000 if year < CENTURY_PIVOT else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return dt.date(year, int(parts["M"]), int(parts["D"])).isoformat()
    except ValueError:
        return None


def slashes_among(digits: str, order: str, value: str) -> tuple[int, ...]:
    """Places of the ones that are slashes when unparted digits mean this day; empty when all of them are digits.

    Args:
        digits: as read, without separators.
        order: DMY, MDY or YMD.
        value: ISO 8601 date.
    """
    if unparted_date(digits, order) == value or _slashes_read_as_ones(digits, order) != value:
        return ()
    return _slash_places(digits, order)


def _slashes_read_as_ones(digits: str, order: str) -> str | None:
    """The date in 1310712012, that is 13/07/2012."""
    if len(digits) not in (8, 10):
        return None
    first, second = _slash_places(digits, order)
    if digits[first] != "1" or digits[second] != "1":
        return None
    return _of_groups([digits[:first], digits[first + 1 : second], digits[second + 1 :]], order)


def _slash_places(digits: str, order: str) -> tuple[int, int]:
    widths = {"D": 2, "M": 2, "Y": len(digits) - 6}
    first = widths[order[0]]
    return first, first + 1 + widths[order[1]]


def _uneven(digits: str, order: str) -> dict[str, float]:
    """Days and months of one digit without separators: sure only where one parting makes a date."""
    if len(digits) not in (4, 5, 7):
        return {}
    found = set()
    for day, month in product((1, 2), repeat=2):
        year = len(digits) - day - month
        widths = {"D": day, "M": month, "Y": year}
        groups, place = [], 0
        for letter in order:
            groups.append(digits[place : place + widths[letter]])
            place += widths[letter]
        if year in (2, 4) and (value := _of_groups(groups, order)) is not None:
            found.add(value)
    return {value: UNPARTED_UNEVEN / len(found) for value in sorted(found)}
