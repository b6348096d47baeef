"""Both databases, for tests that hold on either: SQLite in a file, and a PostgreSQL of our own on loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.storage.database import open_database

DRIVER = "psycopg"
START_S = 120
UNPRIVILEGED = "postgres"
"""PostgreSQL refuses to run as root; Debian's package makes this user."""


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test's own, without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/database.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """A database of this test's own, with its tables and nothing in them."""
    if request.param == "sqlite":
        return sqlite_url
    server: Postgres = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    return server.new_database(template=template)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An SQLite file of this test's own, with its tables and nothing in them."""
    path = tmp_path / "database.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; copies of it cost next to nothing."""
    path = tmp_path_factory.mktemp("database") / "template.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """Name of a database that was migrated once."""
    url = postgres.new_database("template")
    open_database(url).dispose()
    return url.rpartition("/")[2]


class Postgres:
    """A PostgreSQL server of our own on loopback.

    Attributes:
        url: of its database `postgres`.
    """

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._port = _free_port()
        self.url = f"postgresql+{DRIVER}://tester@127.0.0.1:{self._port}/postgres"
        self._run(
            f"{programs}/initdb", "-D", f"{folder}/data", "--auth=trust", "--username=tester", "--no-sync",
            "--encoding=UTF8",
        )  # fmt: skip

    def start(self) -> None:
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        control = f'"{self._programs}/pg_ctl" -D "{self._folder}/data" -l "{self._folder}/log" -w'
        start = f'{control} -o "{settings} -c fsync=off" start'
        self._run("sh", "-c", f"{start} > /dev/null 2>&1")  # elsewhere: the server would keep our pipe open

    def stop(self) -> None:
        """At once, as in a crash."""
        self._run(f"{self._programs}/pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "stop")

    def new_database(self, prefix: str = "test", template: str = "template1") -> str:
        """URL of a new database: empty, or a copy of another one that nobody is connected to."""
        name = f"{prefix}_{secrets.token_hex(6)}"
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url.replace("/postgres", f"/{name}")

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, user=self._user, cwd=self._folder, capture_output=True, text=True, timeout=START_S, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that lives as long as the tests; skips where none can be started."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    if find_spec(DRIVER) is None:
        pytest.skip("the driver for PostgreSQL is not installed: pip install 'fieldreader[postgres]'")
    folder = Path(tempfile.mkdtemp(prefix="fieldreader-postgres-"))
    user = None
    if os.geteuid() == 0:
        user = UNPRIVILEGED
        try:
            shutil.chown(folder, user)
        except LookupError:
            pytest.skip(f"PostgreSQL does not run as root, and there is no user {user}")
    try:
        server = Postgres(programs, folder, user)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Folder of the server's programs; Debian keeps it out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
