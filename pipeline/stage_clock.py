"""How long each stage took, for the summary of a batch. Handed into the recipe, so that stages know no clock."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class StageClock:
    """Adds up wall clock time by stage."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens within."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - began

    def timed(self, name: str, things: Iterable[T]) -> Iterator[T]:
        """Time how long things take to come; after an error it goes on where `things` goes on."""
        return _Timed(self, name, iter(things))

    def seconds(self) -> tuple[tuple[str, float], ...]:
        """Stages in the order in which they were first met."""
        return tuple(self._seconds.items())


class _Timed(Generic[T]):
    """An iterator and no generator: that would end with the first error, and pages after a damaged one are read too."""

    def __init__(self, clock: StageClock, name: str, things: Iterator[T]) -> None:
        self._clock, self._name, self._things = clock, name, things

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._clock.stage(self._name):
            return next(self._things)
