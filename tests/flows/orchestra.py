"""A Prefect server and a worker of our own on loopback, gone without a trace when the test ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
"""A server needs 9-15 s on a free machine of two cores, several times that on a busy one."""
STOP_S = 15


class Orchestra:
    """Server, worker and command line, all with the same private home."""

    def __init__(self, home: Path, state_dir: Path) -> None:
        self.home = home
        port = _free_port()
        self.api = f"http://127.0.0.1:{port}/api"
        self._port = port
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "FIELDREADER_"))},
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_UI_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
            "FIELDREADER_STATE_DIR": str(state_dir),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self) -> None:
        self._launch("server", "server", "start", "--host", "127.0.0.1", "--port", str(self._port))
        self._wait_for_server()
        self.prefect("work-pool", "create", "default", "--type", "process")
        self.start_worker()

    def start_worker(self) -> None:
        self._launch("worker", "worker", "start", "--pool", "default")

    def kill_worker_and_runs(self) -> None:
        """SIGKILL to the worker and to whatever it started; the server lives on."""
        (server,) = (process.pid for name, process in self._processes if name == "server")
        for pid in self._stragglers():
            with contextlib.suppress(OSError):
                if os.getsid(pid) != server:
                    os.kill(pid, signal.SIGKILL)
        for name, process in self._processes:
            if name == "worker":
                process.wait(STOP_S)

    def stop(self) -> None:
        """Worker before server, so that it can say goodbye; then whatever a killed flow run left behind."""
        for _, process in reversed(self._processes):
            _end_group(process)
        for pid in self._stragglers():
            os.kill(pid, signal.SIGKILL)

    def prefect(self, *arguments: str, timeout_s: float = 300) -> str:
        """Run a command as a user would and return what it printed; fails the test when the command fails."""
        return self._run([sys.executable, "-m", "prefect", *arguments], timeout_s)

    def fieldreader(self, *arguments: str) -> str:
        """Run a command of ours, as `prefect` does one of Prefect's."""
        return self._run([sys.executable, "-c", "from pipeline.cli import main; main()", *arguments], timeout_s=600)

    def _run(self, command: list[str], timeout_s: float) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}\n{self.log('worker')}"
        return done.stdout

    def ask(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        """Rows that the server's API has at `path`, such as flow_runs/filter."""
        request = urllib.request.Request(
            f"{self.api}/{path}", json.dumps(filters).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            rows: list[dict[str, Any]] = json.load(answer)
        return rows

    def log(self, name: str) -> str:
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace")[-8000:] if path.exists() else ""

    def _launch(self, name: str, *arguments: str) -> None:
        with (self.home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._processes.append((name, process))

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.5)
        raise AssertionError(f"the server did not start:\n{self.log('server')}")

    def _stragglers(self) -> list[int]:
        """Processes that still have our private home in their environment."""
        mark = f"PREFECT_HOME={self.home}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if mark in environment and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        return found


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
