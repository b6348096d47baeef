"""What every part of the state database shares: how it is opened and closed, its clock, and its sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import ClassVar, Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipeline.storage.database import open_database, reading_session, writing_session


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


class StateStore:
    """Base of the queue, the desk and the rest; several processes may use one at once, each with its own object.

    Attributes:
        CALLED: what errors say cannot be used.
    """

    CALLED: ClassVar[str]

    def __init__(self, engine: Engine, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._engine = engine
        self._now = now

    @classmethod
    def open(cls, url: str) -> Self:
        """Open it at a database URL (`sqlite:///path` or PostgreSQL), making and migrating what is needed.

        Raises:
            QueueError: the database cannot be used.
        """
        return cls(open_database(url))

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _clock(self, ahead_s: float = 0.0) -> str:
        """The time as the tables keep it: ISO 8601, UTC, milliseconds."""
        moment = self._now().astimezone(dt.UTC) + dt.timedelta(seconds=ahead_s)
        return moment.isoformat(timespec="milliseconds")

    def _read(self) -> AbstractContextManager[Session]:
        return reading_session(self._engine, self.CALLED)

    def _write(self) -> AbstractContextManager[Session]:
        return writing_session(self._engine, self.CALLED)
