"""One Prefect server for all tests of flows: it takes longer to start than most of them to run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Postgres
from tests.flows.orchestra import SAMPLES, Orchestra


@pytest.fixture(scope="session")
def orchestra(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestra]:
    """Server and two workers, everything deployed; on PostgreSQL where there is one, as with several machines."""
    home = tmp_path_factory.mktemp("prefect")
    started = Orchestra(home, _database_on_a_server(request))
    try:
        started.start()
        started.deploy()
        started.start_workers()
        yield started
    finally:
        started.stop()


def _database_on_a_server(request: pytest.FixtureRequest) -> str | None:
    """URL of a new database; None where no server can be started, for the one in a file."""
    try:
        server: Postgres = request.getfixturevalue("postgres")
    except pytest.skip.Exception:
        return None
    return server.new_database("flows")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder for a run on demand."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    put_both_ends(folder)
    return folder


def put_both_ends(folder: Path) -> None:
    """A sample with a field for a person and one without, and a broken file: enough to see both ends."""
    shutil.copy(SAMPLES / "inbox" / "cheque-lakh.png", folder)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
