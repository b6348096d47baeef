"""What all tests share: nobody's own settings, state or colours get into a test."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pipeline.storage.reviewers import SCRYPT
from tests.databases import (
    bare_database_url,
    database_url,
    postgres,
    postgres_template,
    sqlite_template,
    sqlite_url,
)

__all__ = [
    "bare_database_url",
    "database_url",
    "postgres",
    "postgres_template",
    "sqlite_template",
    "sqlite_url",
]

REAL_DATA = "FIELDREADER_DATA"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Jobs that a shell started in the background ignore Ctrl-C, and so would the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A state folder for this test only, and no other setting from the environment."""
    for variable in [name for name in os.environ if name.startswith("FIELDREADER_") and name != REAL_DATA]:
        monkeypatch.delenv(variable)
    state = tmp_path / "state"
    monkeypatch.setenv("FIELDREADER_STATE_DIR", str(state))
    monkeypatch.setenv("NO_COLOR", "1")
    return state


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed in no time; that the real ones are slow is asked in tests/storage/test_reviewers.py."""
    monkeypatch.setitem(SCRYPT, "n", 2)
    monkeypatch.setitem(SCRYPT, "p", 1)


@pytest.fixture
def real_data() -> Path:
    """Folder with data sets that are not part of the repository."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} is not set")
    return Path(folder)
