"""A Prefect server as a program asks it: JSON over HTTP, and Prefect's own command line. Imports no Prefect.

Prefect reads its settings when it is imported, and its import takes seconds; a question over HTTP takes milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError

LOCAL_API = "http://127.0.0.1:4200/api"
"""Where `prefect server start` listens unless told otherwise."""
ANSWER_S = 60.0
COMMAND_S = 600.0
"""A command needs seconds; on a machine at its limit, ten times that."""
SHOWN_LINES = 12
TOO_BUSY = 503
BUSY_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""Between two tries while the server's own database is locked, which passes within seconds."""

QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
"""No usage data leaves the machine."""

Json = dict[str, Any]


class PrefectServer:
    """One server, and the command line that talks to it.

    Args:
        api: its address, such as `http://127.0.0.1:4200/api`.
        folder: where commands run.
    """

    def __init__(self, api: str, folder: Path) -> None:
        self.api = api.rstrip("/")
        self._folder = folder

    def version(self) -> str:
        """The server's version.

        Raises:
            SettingsError: nobody answers there; the message says how to start a server.
        """
        return str(self._ask("GET", "/admin/version"))

    def find(self, path: str) -> Json | None:
        """One thing by its path; None when there is none."""
        try:
            found = self._ask("GET", path)
        except FileNotFoundError:
            return None
        assert isinstance(found, dict)
        return found

    def search(self, path: str, **filters: object) -> list[Json]:
        """All things at a path such as `/deployments/filter`."""
        found = self._ask("POST", path, filters)
        assert isinstance(found, list)
        return found

    def create(self, path: str, thing: Json) -> None:
        """Make a thing."""
        self._ask("POST", path, thing)

    def replace(self, path: str, thing: Json) -> None:
        """Put a thing in the place of the one that is there."""
        self._ask("PUT", path, thing)

    def command(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run `prefect` and return what it printed.

        Raises:
            SettingsError: it failed; with the end of what it said.
        """
        asked = {**os.environ, **QUIET, "PREFECT_API_URL": self.api, "NO_COLOR": "1", **(environment or {})}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=self._folder, env=asked, capture_output=True, text=True, timeout=COMMAND_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SettingsError(f"`prefect {' '.join(arguments)}` took longer than {COMMAND_S:.0f} s") from error
        if done.returncode != 0:
            said = "\n".join((done.stderr + done.stdout).strip().splitlines()[-SHOWN_LINES:])
            raise SettingsError(f"`prefect {' '.join(arguments)}` failed:\n{said}")
        return done.stdout

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer as plain data, None for an empty one.

        Raises:
            FileNotFoundError: there is no such thing.
            SettingsError: nobody answers, or the server refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.api + path, data, {"Content-Type": "application/json"}, method=method
        )  # fmt: skip
        try:
            text = _answer(request)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise FileNotFoundError(path) from error
            raise SettingsError(f"the Prefect server at {self.api} refuses {method} {path}: {error}") from error
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"no Prefect server answers at {self.api}: start one with `prefect server start`, in another terminal "
                "or as a service, or name yours with --api"
            ) from error
        return json.loads(text) if text else None


def _answer(request: urllib.request.Request) -> bytes:
    """What the server says; asked again while it is too busy to say anything, as Prefect's own clients do."""
    for pause_s in (*BUSY_PAUSES_S, None):
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                text: bytes = answer.read()
                return text
        except urllib.error.HTTPError as error:
            if error.code != TOO_BUSY or pause_s is None:
                raise
        time.sleep(pause_s)
    raise AssertionError("the last try returns or raises")
