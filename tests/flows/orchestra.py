"""A Prefect server and workers of our own on loopback, gone without a trace when the test ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_docs"
PREFECT = (sys.executable, "-m", "prefect")
FIELDREADER = (sys.executable, "-c", "from pipeline.cli import main; main()")
START_S = 240
"""A server needs 9-15 s on a free machine of two cores, several times that on a busy one."""
PATIENCE_S = 600
"""A run starts within 15 s on a free machine; where ten others compute, within minutes."""
STOP_S = 15
SERVICE_UNAVAILABLE = 503
ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Orchestra:
    """Server, workers and command line, all with the same private home. Workers need what `deploy` makes.

    Args:
        home: Prefect's folder, and ours.
        database_url: of the review queue; an SQLite file when None.

    Attributes:
        inbox, out: folders of the night run.
    """

    def __init__(self, home: Path, database_url: str | None = None) -> None:
        self.home = home
        self.inbox = home / "inbox"
        self.out = home / "out"
        self.queue_url = database_url or f"sqlite:///{home}/state/fieldreader.db"
        port = free_port()
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
            "FIELDREADER_STATE_DIR": str(home / "state"),
            "FIELDREADER_DATABASE_URL": self.queue_url,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self.inbox.mkdir()
        self.launch("server", *PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(self._port))
        self._wait_for_server()

    def start_workers(self, count: int = 2) -> None:
        for number in range(1, count + 1):
            asked = ("worker", "start", "--pool", "default", "--name", f"reader-{number}", "--limit", "2")
            self.launch(f"worker-{number}", *PREFECT, *asked)

    def kill_workers_and_runs(self) -> None:
        """SIGKILL to the workers and to whatever they started; the server lives on."""
        workers = [process for name, process in self._processes.items() if name.startswith("worker-")]
        spared = {process.pid for process in self._processes.values()} - {worker.pid for worker in workers}
        for pid in self._stragglers():
            with contextlib.suppress(OSError):
                if os.getsid(pid) not in spared:  # a run has a session of its own
                    os.kill(pid, signal.SIGKILL)
        for worker in workers:
            worker.wait(STOP_S)

    def stop(self) -> None:
        """Worker before server, so that it can say goodbye; then whatever a killed flow run left behind."""
        for process in reversed(self._processes.values()):
            self.end(process)
        for pid in self._stragglers():
            os.kill(pid, signal.SIGKILL)

    def prefect(self, *arguments: str, timeout_s: float = 300) -> str:
        """Run a command as a user would and return what it printed; fails the test when the command fails."""
        return self._run([*PREFECT, *arguments], timeout_s)

    def fieldreader(self, *arguments: str) -> str:
        """Run a command of ours, as `prefect` does one of Prefect's."""
        return self._run([*FIELDREADER, *arguments], timeout_s=600)

    def deploy(self, cron: str = "0 2 * * *") -> list[dict[str, str]]:
        """The steps of `fieldreader deploy` with the night run's folders."""
        said = self.fieldreader(
            "deploy", str(self.inbox), "--output", str(self.out), "--templates", str(SAMPLES / "templates"),
            "--cron", cron, "--time-zone", "Europe/Berlin", "--json",
        )  # fmt: skip
        steps: list[dict[str, str]] = json.loads(said)
        return steps

    def _run(self, command: list[str], timeout_s: float) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}\n{self.log('worker-1')}"
        return done.stdout

    def ask(self, path: str, method: str = "POST", **body: Any) -> Any:
        """What the server's API has at `path`, such as flow_runs/filter."""
        data = json.dumps(body, default=str).encode() if method == "POST" else None
        request = urllib.request.Request(
            f"{self.api}/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                    said = answer.read()
                return json.loads(said) if said else None
            except urllib.error.HTTPError as error:
                # The server's own SQLite was locked for too long; Prefect's clients ask again, too.
                if error.code != SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                    raise
                time.sleep(2)

    def log(self, name: str) -> str:
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def launch(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start something that ends with the orchestra; its output goes to a log under its name."""
        around = self._environment | environment
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=around, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._processes[name] = process
        return process

    def pid_of(self, name: str) -> int:
        """The process launched under a name."""
        return self._processes[name].pid

    def begin(self, deployment: str, env: dict[str, str] | None = None, **parameters: object) -> str:
        """Ask for a run of a deployment, such as `nightly/nightly`; returns its id.

        What `prefect deployment run --job-variable env=... --param ...` does, without its seconds of import.
        """
        found = self.ask(f"deployments/name/{deployment}", method="GET")
        asked = {
            "parameters": {**found["parameters"], **parameters},
            "job_variables": {"env": env or {}},
            "state": {"type": "SCHEDULED"},
        }
        identity: str = self.ask(f"deployments/{found['id']}/create_flow_run", **asked)["id"]
        return identity

    def pause(self, deployment: str) -> None:
        """Let the clock start no more runs of a deployment."""
        found = self.ask(f"deployments/name/{deployment}", method="GET")
        self.ask(f"deployments/{found['id']}/pause_deployment")

    def wait(self, run: str, state: str, timeout_s: float = PATIENCE_S, poll_s: float = 0.5) -> dict[str, Any]:
        """A run, as soon as it is in a state; fails when it ends in another."""
        deadline = time.monotonic() + timeout_s
        while True:
            found: dict[str, Any] = self.ask(f"flow_runs/{run}", method="GET")
            if found["state_type"] == state:
                return found
            said = f"{found['state']}\n{self.log('worker-1')}\n{self.log('worker-2')}"
            assert found["state_type"] not in ENDS, said
            assert time.monotonic() < deadline, said
            time.sleep(poll_s)

    def wait_for_sign_of_life(self, run: str) -> None:
        """Until a run has said that it lives and the server knows: from then on its silence is noticed."""
        heartbeats = {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run}"]},
        }
        deadline = time.monotonic() + PATIENCE_S
        while not self.ask("events/filter", filter=heartbeats, limit=1)["events"]:
            assert time.monotonic() < deadline, f"{self.log('worker-1')}\n{self.log('worker-2')}"
            time.sleep(0.5)

    @staticmethod
    def end(process: subprocess.Popen[bytes]) -> None:
        """End one process and what it started; gently, then not."""
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

    def wait_for_runs(self, deployment: str, *states: str) -> list[dict[str, Any]]:
        """Runs of a deployment in one of some states, as soon as there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            runs = self.ask(
                "flow_runs/filter",
                deployments={"name": {"any_": [deployment]}},
                flow_runs={"state": {"type": {"any_": states}}},
            )
            if runs:
                return runs
            time.sleep(1)
        raise AssertionError(f"no run of {deployment} became {states}\n{self.log('worker-1')}\n{self.log('server')}")

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
