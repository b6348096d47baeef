"""Open the state database: SQLite or PostgreSQL by URL, its schema brought up to date on the way."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pipeline.errors import QueueError

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another one. Writes take milliseconds; only a stopped process holds a lock this long."""


def open_database(url: str) -> Engine:
    """Connect, create what is missing and migrate to the newest schema; safe to call from many processes at once.

    Args:
        url: SQLAlchemy URL, `sqlite:///path/to/file.db` or `postgresql+psycopg://user@host/name`.

    Raises:
        QueueError: the URL is wrong, the database cannot be reached or is of a newer fieldreader.
    """
    parsed = _parse(url)
    called = f"the database {parsed.render_as_string(hide_password=True)}"
    with queue_errors(called):
        engine = _create_engine(parsed)
        _migrate(engine, called)
        return engine


def writing(engine: Engine) -> Engine:
    """The engine for transactions that write.

    On SQLite they take the write lock at once: a transaction that starts by reading and then writes fails without
    waiting when another one wrote in between.
    """
    return engine.execution_options(sqlite_begin="IMMEDIATE")


def lock_name(connection: Connection, name: str) -> None:
    """Let one transaction at a time write under a name; on SQLite a writer has the whole database to itself anyway."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def portions(values: Collection[str]) -> Iterator[Sequence[str]]:
    """Portions that a statement can name: SQLite takes 32,766 parameters, older ones 999."""
    ordered = list(values)
    for start in range(0, len(ordered), 500):
        yield ordered[start : start + 500]


def compact(url: str) -> None:
    """Give back the space of removed rows, so that nothing of them stays in the files of an SQLite database.

    PostgreSQL does so by itself, in its own time (autovacuum).

    Raises:
        QueueError: the database cannot be used, or somebody works in it for longer than the time-out.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return
    engine = _create_engine(parsed)
    with queue_errors("the database"):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise QueueError(f"cannot compact the database: {error}; try again when nobody works in it") from error
        finally:
            raw.close()
            engine.dispose()


@contextmanager
def queue_errors(what: str) -> Iterator[None]:
    """Turn the database's errors into a QueueError, without the statement: that may hold the contents of fields."""
    try:
        yield
    except ImportError as error:
        raise QueueError(f"cannot use {what}: {error.name} is missing; pip install 'fieldreader[postgres]'") from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        sentence = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise QueueError(f"cannot use {what}: {sentence}") from error


@contextmanager
def reading_session(engine: Engine, what: str) -> Iterator[Session]:
    """A session that reads; its errors say that `what` cannot be used."""
    with queue_errors(what), Session(engine) as session:
        yield session


@contextmanager
def writing_session(engine: Engine, what: str) -> Iterator[Session]:
    """A session in one transaction that writes; its errors say that `what` cannot be used."""
    with queue_errors(what), Session(writing(engine)) as session, session.begin():
        yield session


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (SQLAlchemyError, ValueError) as error:
        raise QueueError("the database URL is not one: write sqlite:///path or postgresql+psycopg://...") from error
    if backend not in ("sqlite", "postgresql"):
        raise QueueError(f"databases of kind {backend!r} are not supported: use sqlite or postgresql")
    return parsed


def _create_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True)
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # pictures of forms are sensitive
        except OSError as error:
            raise QueueError(f"cannot make the folder of the database {url.database}: {error.strerror}") from error
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver opens transactions on its own and too late; here `_begin_sqlite` does it.
    connection.isolation_level = None
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: Any) -> None:
    """Several that open a new database at once: SQLite refuses all but one here, without waiting its time-out."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _migrate(engine: Engine, database: str) -> None:
    if _revision_of(engine) == newest_revision():
        return
    from pipeline.storage.schema_upgrade import upgrade_schema  # with Alembic, a fifth of the start of a command

    with writing(engine).begin() as connection:
        lock_name(connection, "migrations")
        upgrade_schema(connection, database)


def newest_revision() -> str:
    """Revision of the last migration by file name."""
    source = max((Path(__file__).parent / "migrations" / "versions").glob("rev_*.py")).read_text(encoding="utf-8")
    return source.partition('\nrevision = "')[2].partition('"')[0]


def _revision_of(engine: Engine) -> str | None:
    """Revision of a database; None when it has no schema of ours yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision
