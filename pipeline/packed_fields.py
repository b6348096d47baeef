"""Readings of many fields in little memory: packed page by page, and unpacked as they are looked at."""

from __future__ import annotations

import operator
import pickle
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import overload

from pipeline.document import FieldReading


class PackedFields(Sequence[FieldReading]):
    """A sequence of readings; goes through them at about a tenth of the speed of a tuple."""

    def __init__(self, portions: Iterable[Sequence[FieldReading]]) -> None:
        """Pack readings.

        Args:
            portions: in order; those of a page together. Packed ones are taken as they are.
        """
        blobs: list[tuple[int, bytes]] = []
        for portion in portions:
            if isinstance(portion, PackedFields):
                blobs.extend(portion._blobs)
            elif portion:
                blobs.append((len(portion), pickle.dumps(tuple(portion), pickle.HIGHEST_PROTOCOL)))
        self._blobs: tuple[tuple[int, bytes], ...] = tuple(blobs)

    def __len__(self) -> int:
        return sum(count for count, _ in self._blobs)

    def __iter__(self) -> Iterator[FieldReading]:
        for _, blob in self._blobs:
            yield from _unpacked(blob)

    @overload
    def __getitem__(self, place: int) -> FieldReading: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[FieldReading, ...]: ...
    def __getitem__(self, place: int | slice) -> FieldReading | tuple[FieldReading, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        ends = list(accumulate(count for count, _ in self._blobs))
        from_start = range(len(self))[place]
        blob = bisect_right(ends, from_start)
        count, packed = self._blobs[blob]
        return _unpacked(packed)[from_start - ends[blob] + count]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(operator.eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))


def joined(portions: Sequence[Sequence[FieldReading]]) -> Sequence[FieldReading]:
    """Readings of several pages as one sequence, packed when one of them is."""
    if any(isinstance(portion, PackedFields) for portion in portions):
        return PackedFields(portions)
    return tuple(reading for portion in portions for reading in portion)


def _unpacked(blob: bytes) -> tuple[FieldReading, ...]:
    """Only what was packed in this process comes here, nothing from a file."""
    readings: tuple[FieldReading, ...] = pickle.loads(blob)
    return readings
