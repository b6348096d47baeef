"""Wrong values put before reviewers on purpose: whoever confirms one would have let a machine's error through. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.document import CharacterReading, FieldKind
from pipeline.errors import QueueError
from pipeline.storage.review_item import Answer, ReviewItem, judge
from pipeline.values.grammar import digits_of, normalise

MISREAD = {
    "0": "68", "1": "72", "2": "73", "3": "58", "4": "91", "5": "36", "6": "05", "7": "12", "8": "36", "9": "47",
}  # fmt: skip
"""Digits that one is commonly misread as, so that an error looks like one of the machine's."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """How many of the fields that reviewers get carry a wrong value on purpose.

    Attributes:
        share: of the fields handed out, so many are followed by one that is settled already, its value made wrong.
        seed: of the lot.
    """

    share: float = 0.0
    seed: int = 1


NOT_SEEDED = Seeding()


@dataclass(frozen=True, slots=True)
class SeededError:
    """A reading with one digit made wrong: value and characters agree with each other, and not with the ink."""

    value: str
    raw: str
    characters: tuple[CharacterReading, ...]


def seed_error(item: ReviewItem, lot: str) -> SeededError | None:
    """Make one digit of a settled field wrong.

    Args:
        item: one whose proposal a person has confirmed.
        lot: picks the digit and what it becomes; the same lot gives the same error.

    Returns:
        A value that fits the field as well as the true one does; None when there is none.
    """
    truth = item.machine_value
    if truth is None or item.human_value != truth:
        return None
    for raw, characters in _misread(item.characters, random.Random(lot)):
        value = _value(item, raw)
        if value is not None and value != truth and _fits(item, value):
            return SeededError(value, raw, characters)
    return None


def _misread(
    characters: tuple[CharacterReading, ...], chance: random.Random
) -> Iterator[tuple[str, tuple[CharacterReading, ...]]]:
    """Every way to misread one digit, in an order drawn by lot."""
    places = [place for place, one in enumerate(characters) if one.char in MISREAD]
    ways = [(place, digit) for place in places for digit in MISREAD[characters[place].char]]
    chance.shuffle(ways)
    for place, digit in ways:
        changed = (*characters[:place], replace(characters[place], char=digit), *characters[place + 1 :])
        yield "".join(one.char for one in changed), changed


def _value(item: ReviewItem, raw: str) -> str | None:
    """The value that the misread characters mean; None where they do not tell it for sure."""
    truth, written = item.machine_value or "", "".join(one.char for one in item.characters)
    if item.spec.kind is FieldKind.DATE:
        return normalise(raw, item.spec) if normalise(written, item.spec) == truth else None
    if not digits_of(truth).startswith(digits_of(written)):
        return None
    changed = iter(digits_of(raw) + digits_of(truth)[len(digits_of(raw)) :])
    return "".join(next(changed) if char.isdigit() else char for char in truth)


def _fits(item: ReviewItem, value: str) -> bool:
    if item.spec.kind is FieldKind.AMOUNT and value.startswith("0") and not (item.machine_value or "").startswith("0"):
        return False  # nobody writes an amount so
    try:
        return judge(Answer(item.id, value, ""), item)[1] == value
    except QueueError:
        return False
