"""Damages files the ways disks, networks and attackers do, by chance and repeatably."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST_CHANGES = 12
INTERESTING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\x01\0\0\0")
"""Numbers at which sizes and counts overflow, in either byte order."""


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """A damaged copy: one to a dozen changes, most of them near the start, where headers are."""
    changed = bytearray(content)
    for _ in range(random.integers(1, MOST_CHANGES + 1)):
        if len(changed) < len(INTERESTING[0]) + 1:
            break
        _CHANGES[random.integers(len(_CHANGES))](changed, random)
    return bytes(changed)


def _place(content: bytearray, random: np.random.Generator) -> int:
    reach = min(len(content), 512) if random.random() < 0.5 else len(content)
    return int(random.integers(reach))


def _set_byte(content: bytearray, random: np.random.Generator) -> None:
    content[_place(content, random)] = random.integers(256)


def _flip_bit(content: bytearray, random: np.random.Generator) -> None:
    content[_place(content, random)] ^= 1 << int(random.integers(8))


def _set_number(content: bytearray, random: np.random.Generator) -> None:
    place = _place(content, random)
    number = INTERESTING[random.integers(len(INTERESTING))]
    content[place : place + len(number)] = number


def _set_digits(content: bytearray, random: np.random.Generator) -> None:
    """PDF and PNM write their numbers out."""
    digits = [place for place, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if digits:
        content[digits[random.integers(len(digits))]] = 48 + int(random.integers(10))


def _cut_out(content: bytearray, random: np.random.Generator) -> None:
    place = _place(content, random)
    del content[place : place + int(random.integers(1, 64))]


def _repeat(content: bytearray, random: np.random.Generator) -> None:
    place = _place(content, random)
    content[place:place] = content[place : place + int(random.integers(1, 64))]


def _truncate(content: bytearray, random: np.random.Generator) -> None:
    del content[-int(random.integers(1, max(2, len(content) // 4))) :]


def _blank(content: bytearray, random: np.random.Generator) -> None:
    """A block that was never written."""
    place = _place(content, random)
    count = min(512, len(content) - place)
    content[place : place + count] = bytes(count)


_CHANGES: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    _set_byte,
    _flip_bit,
    _set_number,
    _set_digits,
    _cut_out,
    _repeat,
    _truncate,
    _blank,
)
