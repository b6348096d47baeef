"""JSON text in pieces, so that a result of thousands of pages is written without being held as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

INDENT = "  "

OPEN_DEPTH = 4
"""Down to here objects and lists have a line for each member: in a result, as far as the fields of a document."""

_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object whose members are made as they are written."""

    items: Iterable[tuple[str, object]]


def json_text(value: object, depth: int = 0) -> Iterator[str]:
    """JSON text of a value; of objects and lists line by line, but on one line where they hold plain values only.

    Args:
        value: what `json` knows; also an iterator for a list, and `Members` for an object, made as they are written.
        depth: number of objects and lists round it.

    Raises:
        ValueError: a number is not finite.
    """
    if depth == OPEN_DEPTH or _is_flat(value):
        yield _ONE_LINE(value)
        return
    opening, closing = "{}" if isinstance(value, dict | Members) else "[]"
    before = opening
    for name, member in _members(value):
        yield f"{before}\n{INDENT * (depth + 1)}{name}"
        yield from json_text(member, depth + 1)
        before = ","
    yield f"\n{INDENT * depth}{closing}" if before == "," else opening + closing


def _is_flat(value: object) -> bool:
    if not isinstance(value, dict | list):
        return not isinstance(value, Members | Iterator)
    members = value.values() if isinstance(value, dict) else value
    return not any(
        isinstance(member, Members | Iterator) or (isinstance(member, dict | list) and member) for member in members
    )


def _members(value: Any) -> Iterator[tuple[str, object]]:
    """Members with what stands before each: its name, and nothing in a list."""
    if isinstance(value, list | Iterator):
        return (("", member) for member in value)
    items = value.items if isinstance(value, Members) else value.items()
    return ((f"{_ONE_LINE(name)}: ", member) for name, member in items)
