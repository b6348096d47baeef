"""Figures that take long to count are kept for a while, so that a long queue makes no page slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Figure = TypeVar("Figure")

SHARE = 0.01
"""Of the time that may go into counting, so that a figure is as fresh as the queue's length allows."""
AT_ONCE_S = 0.25
"""Counting that takes no longer is done every time: nobody notices it."""


class Kept(Generic[Figure]):
    """A figure that is counted anew once it is old enough; for several threads at once.

    Args:
        count: finds it; what it raises is passed on.
        clock: seconds.
    """

    def __init__(self, count: Callable[[], Figure], clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._lock = Lock()
        self._good_until = 0.0
        self._figure: Figure | None = None

    def get(self) -> Figure:
        """The figure: while it is good as it was, else counted now. Who asks while somebody counts waits for that."""
        with self._lock:
            began = self._clock()
            if self._figure is None or began >= self._good_until:
                self._figure = self._count()
                ended = self._clock()
                took = ended - began
                self._good_until = ended + took / SHARE if took > AT_ONCE_S else ended
            return self._figure
