"""Amounts of money: what a string of digits and marks may mean, and how likely each meaning is. Pure.

A misplaced decimal point changes an amount a hundredfold, so no doubt about it is settled here: every meaning keeps its
share, and a field whose shares are split cannot reach the confidence that acceptance asks for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from pipeline.document import Cents

DECIMALS = 2
"""Digits behind the decimal mark of an amount."""
RAISED = "^"
"""In a raw string: the digits behind it are raised, small or underlined, as cents are written on cheques."""

UNMARKED_CENTS = 0.03
"""Share of amounts without any mark whose last two digits are cents all the same: the mark was too faint to be seen,
or the hand left it out. A careful guess, until corrections of the user's own documents say better."""
LONE_MARK_GROUPS = 0.03
"""Share of amounts like 678.90, one mark and two digits behind it, in which that mark is no decimal mark."""
SAME_MARKS_GROUP = 0.02
"""The same for 1.234.56, where the mark before the cents is also the one between thousands."""
DASHED_GROUPS = 0.1
"""The same for 45.10-, where the dash may stand for no cents."""
ONE_DECIMAL = 0.55
"""Share of amounts like 12.5 that mean 12.50; in the others a digit or the mark was misread."""
BROKEN_GROUPS = 0.8
"""Share of whole amounts among strings whose groups fit no way of writing (39.5.128)."""
RAISED_ZEROS_ARE_CENTS = 0.6
"""Share of cents among small raised zeros behind an amount: many hands write the zeros of 500 that way."""
RAISED_ARE_CENTS = 0.97
UNPARTED_FRACTION = 0.95
"""Share of cents among the last two digits before /100 when nothing parts them from the whole amount."""
DASH_IS_MINUS = 0.7
"""Share of negative amounts among those with one dash before the digits; the others open with a filler."""
PROMISE_BROKEN = 0.5
"""How often a sure mark means what it says against the template's word about cents."""
ENUMERATED_MARKS = 6
"""Most marks of one string whose presence is weighed; on real cheques no string with more of them was read right."""
CERTAIN_MARK = 0.999

_SEPARATORS = ".,'·- "
_NIL_ENDING = re.compile(r"[./,' ]*[-=]+[-= ]*$|/[ ]*$")
_FRACTION = re.compile(r"^(?P<whole>.*?)(?P<gap>[ .,^-]*)(?P<cents>\d\d|xx|no|--)[ ]?/[ ]?(100|x{2,3})$", re.IGNORECASE)


def amount_shares(raw: str, cents: Cents, sureness: Sequence[float] | None = None) -> dict[str, float]:
    """Meanings of an amount in any common way of writing: 1,234.56, 1 234,56, 3,22,000/-, 100,-, 1'234.50, 45 67/100.

    Args:
        raw: characters as written; digits, marks, signs, and `^` before raised cents.
        cents: what the form promises about cents.
        sureness: per character of `raw` the probability that it is there; digits are taken as read. None: all are.

    Returns:
        Decimal strings with two decimals, each with its probability given these digits; the sum is at most 1.
    """
    if sureness is None or all(p >= CERTAIN_MARK for p in sureness):
        return _shares(raw, cents)
    doubtful = sorted(
        (i for i, p in enumerate(sureness) if p < CERTAIN_MARK and not raw[i].isdigit()), key=lambda i: sureness[i]
    )
    if len(doubtful) > ENUMERATED_MARKS:
        return {value: 0.5 * share for value, share in _shares(raw, cents).items()}
    found: dict[str, float] = {}
    for present in product((True, False), repeat=len(doubtful)):
        kept = dict(zip(doubtful, present, strict=True))
        probability = 1.0
        for i, is_there in kept.items():
            probability *= sureness[i] if is_there else 1 - sureness[i]
        text = "".join(char for i, char in enumerate(raw) if kept.get(i, True))
        for value, share in _shares(text, cents).items():
            found[value] = found.get(value, 0.0) + probability * share
    return found


def _shares(raw: str, cents: Cents) -> dict[str, float]:
    """Meanings of an amount whose marks are certain."""
    text = raw.strip()
    first = next((i for i, char in enumerate(text) if char.isdigit()), None)
    if first is None:
        return {}
    last = max(i for i, char in enumerate(text) if char.isdigit())
    opening, ending = text[:first], text[last + 1 :]
    fraction = _FRACTION.match(text[first:].rstrip(" )#*"))
    if fraction is not None:
        unsigned = _fraction(fraction)
    else:
        unsigned = _whole_or_cents(text[first : last + 1], _NIL_ENDING.search(ending) is not None, cents)
    negative = _share_negative(opening, ending)
    found = {value: share * (1 - negative) for value, share in unsigned.items() if negative < 1}
    return found | {f"-{value}": share * negative for value, share in unsigned.items() if negative > 0}


def _share_negative(opening: str, ending: str) -> float:
    if "(" in opening and ")" in ending:
        return 1.0
    return DASH_IS_MINUS if opening.count("-") == 1 and "-" not in ending and "=" not in ending else 0.0


def _fraction(match: re.Match[str]) -> dict[str, float]:
    """Amount whose cents are written as hundredths."""
    whole = "".join(char for char in match["whole"] if char.isdigit())
    cents = match["cents"] if match["cents"].isdigit() else "00"
    parted = bool(match["gap"]) or not whole
    return {_decimal(whole, cents): 1.0 if parted else UNPARTED_FRACTION}


def _whole_or_cents(body: str, has_nil_ending: bool, cents: Cents) -> dict[str, float]:
    """Meanings of what stands from the first to the last digit."""
    if RAISED in body:
        return _raised(body, cents)
    marks = [char for char in body if not char.isdigit()]
    groups = [group for group in re.split(r"\D+", body) if group]
    digits = "".join(groups)
    whole, with_cents = _decimal(digits, ""), _decimal(digits[:-DECIMALS], digits[-DECIMALS:].rjust(DECIMALS, "0"))
    if any(mark not in _SEPARATORS for mark in marks):
        return {whole: 0.5}
    is_grouped, is_decimal = _groups_thousands(groups), _ends_in_cents(groups)
    if cents is Cents.NEVER:
        if is_decimal and not is_grouped and marks:
            return {whole: 1 - PROMISE_BROKEN, with_cents: PROMISE_BROKEN}
        return {whole: 1.0 if is_grouped else 0.98}
    if cents is Cents.IMPLIED:
        breaks_promise = has_nil_ending or (is_grouped and len(groups) > 1)
        if breaks_promise:
            return {with_cents: 1 - PROMISE_BROKEN, whole: PROMISE_BROKEN}
        return {with_cents: 1.0 if is_decimal or not marks else 0.9}
    if has_nil_ending and not is_decimal:
        return {whole: 1.0 if is_grouped else BROKEN_GROUPS}
    if has_nil_ending and len(groups) == 2:
        return {with_cents: 1 - DASHED_GROUPS, whole: DASHED_GROUPS}
    return _as_written(groups, marks, whole, with_cents)


def _as_written(groups: list[str], marks: list[str], whole: str, with_cents: str) -> dict[str, float]:
    """Only the marks say where the cents begin, if there are any."""
    if not marks:
        doubt = UNMARKED_CENTS if len(groups[0]) > DECIMALS else 0.0
        return {whole: 1 - doubt, with_cents: doubt} if doubt else {whole: 1.0}
    if _ends_in_cents(groups):
        doubt = LONE_MARK_GROUPS if len(groups) == 2 else SAME_MARKS_GROUP if marks[-1] in marks[:-1] else 0.005
        return {with_cents: 1 - doubt, whole: doubt}
    if _groups_thousands(groups):
        return {whole: 0.995, with_cents: 0.005}
    if len(groups[-1]) == 1:
        return {_decimal("".join(groups[:-1]), groups[-1]): ONE_DECIMAL, whole: 1 - ONE_DECIMAL}
    if len(groups[-1]) == DECIMALS:
        return {with_cents: 0.5, whole: 0.5}
    return {whole: BROKEN_GROUPS, with_cents: 0.1}


def _raised(body: str, cents: Cents) -> dict[str, float]:
    before, _, behind = body.rpartition(RAISED)
    whole, small = ("".join(c for c in part if c.isdigit()) for part in (before, behind))
    plain = _decimal(whole + small, "")
    if cents is Cents.NEVER:
        return {plain: 1.0 if not small.strip("0") else PROMISE_BROKEN}
    if len(small) != DECIMALS:
        return {plain: 0.5}
    is_open = cents is Cents.AS_WRITTEN and small == "00" and before[-1:].isdigit()
    share = RAISED_ZEROS_ARE_CENTS if is_open else RAISED_ARE_CENTS
    return {_decimal(whole, small): share, plain: 1 - share}


def _groups_thousands(groups: list[str]) -> bool:
    """Whether groups are those of 1,234,567 or of the Indian 12,34,567; an undivided number is one group."""
    if len(groups) == 1:
        return True
    if len(groups[-1]) != 3:
        return False
    first, inner = len(groups[0]), [len(group) for group in groups[1:-1]]
    return (first <= 3 and all(n == 3 for n in inner)) or (first <= 2 and all(n == 2 for n in inner))


def _ends_in_cents(groups: list[str]) -> bool:
    return len(groups) > 1 and len(groups[-1]) == DECIMALS and _groups_thousands(groups[:-1])


def _decimal(whole: str, cents: str) -> str:
    return f"{whole.lstrip('0') or '0'}.{cents.ljust(DECIMALS, '0')}"
