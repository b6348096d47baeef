"""Two keys for one value: when independent keys agree, and what happens when they do not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_KEYS = 2
"""People who key a value blindly before a supervisor decides, who sees all keys."""


class Step(StrEnum):
    """What is to be done after a key."""

    SETTLED = "settled"
    ANOTHER = "another"
    """Somebody else keys it, too."""
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the keys come to; `value` is the one that two of them agree on, None for "nobody can read it"."""

    step: Step
    value: str | None = None


def weigh_keys(machine: str | None, keys: Sequence[str | None], people: int) -> Agreement:
    """Whether two independent keys agree on a value.

    Args:
        machine: what was read; a key like another, unless nothing was read.
        keys: what people keyed without seeing the others' keys, in order; None for "unreadable", a word for "blank".
            At least one.
        people: how many there are to key at all.
    """
    *earlier, newest = keys
    if newest in earlier or (newest is not None and newest == machine):
        return Agreement(Step.SETTLED, newest)
    if len(keys) < min(MOST_KEYS, people):
        return Agreement(Step.ANOTHER)
    return Agreement(Step.SUPERVISOR)
