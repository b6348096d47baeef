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

DRIVER = "psycopg"
START_S = 60
UNPRIVILEGED = "postgres"
"""PostgreSQL refuses to run as root; Debian's package makes this user."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of this test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/database.db"
    server: str = request.getfixturevalue("postgres_server")
    name = f"test_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres", f"/{name}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of the database `postgres` of a server that lives as long as the tests; skips where none can be started."""
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
    port = _free_port()

    def control(*command: str) -> None:
        done = subprocess.run(
            command, user=user, cwd=folder, capture_output=True, text=True, timeout=START_S, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"

    data, log = str(folder / "data"), str(folder / "log")
    try:
        control(f"{programs}/initdb", "-D", data, "--auth=trust", "--username=tester", "--no-sync", "--encoding=UTF8")
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        # With its output elsewhere: the server would keep our pipe open.
        control("sh", "-c", f'"{programs}/pg_ctl" -D "{data}" -l "{log}" -w -o "{settings}" start > /dev/null 2>&1')
        yield f"postgresql+{DRIVER}://tester@127.0.0.1:{port}/postgres"
        control(f"{programs}/pg_ctl", "-D", data, "-m", "immediate", "stop")
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
