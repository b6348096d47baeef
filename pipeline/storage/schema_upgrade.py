"""Brings the schema of a state database up to date by Alembic, which is imported for this alone: it takes its time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from pipeline.errors import QueueError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade_schema(connection: Connection, database: str) -> None:
    """Run the migrations that the database lacks, within the transaction of a connection.

    Args:
        database: what it is called in an error.

    Raises:
        QueueError: the database is of a newer fieldreader.
    """
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise QueueError(f"cannot use {database}: {error}") from error


def head() -> str | None:
    """The newest revision, as the migrations themselves say which follows which."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
