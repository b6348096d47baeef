from __future__ import annotations

import pytest

from pipeline.document import Box, CharacterReading, Decision, FieldKind, FieldReading
from pipeline.packed_fields import PackedFields, joined


def reading(number: int) -> FieldReading:
    character = CharacterReading(str(number % 10), 0.5, Box(number, 1, 2, 3))
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    return FieldReading(
        f"f{number}", FieldKind.DIGITS, 1, corners, "1", "1", 0.5, 0.9, Decision.REVIEW, characters=(character,)
    )


READINGS = tuple(reading(number) for number in range(7))
PACKED = PackedFields([READINGS[:3], (), READINGS[3:4], PackedFields([READINGS[4:]])])


def test_what_was_packed_comes_out_again() -> None:
    assert len(PACKED) == len(READINGS)
    assert tuple(PACKED) == READINGS
    assert PACKED == READINGS
    assert READINGS == PACKED
    assert hash(PACKED) == hash(READINGS)
    assert READINGS[:6] != PACKED
    assert READINGS[::-1] != PACKED


@pytest.mark.parametrize("place", [0, 2, 3, 4, 6, -1, -7])
def test_one_reading_is_found_by_its_place(place: int) -> None:
    assert PACKED[place] == READINGS[place]


def test_a_part_is_a_tuple() -> None:
    assert PACKED[1:5] == READINGS[1:5]


@pytest.mark.parametrize("place", [7, -8])
def test_there_is_nothing_beyond_the_ends(place: int) -> None:
    with pytest.raises(IndexError):
        PACKED[place]


def test_nothing_packs_to_nothing() -> None:
    assert list(PackedFields([])) == []
    assert not PackedFields([()])


def test_pages_are_joined_packed_only_where_one_of_them_is() -> None:
    assert joined([READINGS[:2], READINGS[2:]]) == READINGS
    assert isinstance(joined([READINGS[:2], READINGS[2:]]), tuple)
    both = joined([READINGS[:2], PackedFields([READINGS[2:]])])
    assert isinstance(both, PackedFields)
    assert both == READINGS
