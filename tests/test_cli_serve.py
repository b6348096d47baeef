"""`fieldreader serve` as a process: it starts on loopback with a token, answers, and ends in order."""

import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import SettingsError


def ask(method, url, **request):
    return httpx.request(method, url, timeout=60, **request)


@contextmanager
def started(*options):
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = [process.stderr.readline() for _ in range(2)]
        yield process, lines[1].strip()
    finally:
        process.kill()
        process.communicate()


def test_it_prints_a_random_token_and_answers_with_it_until_interrupted():
    with started() as (process, address):
        url, token = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/docs\?token=(\S{32})", address).groups()
        assert ask("GET", f"{url}/health").status_code == 200
        assert ask("POST", f"{url}/predict").status_code == 401
        assert ask("POST", f"{url}/predict", headers={"Authorization": f"Bearer {token}"}).status_code == 422
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (130, "", "")


def test_the_token_may_be_given():
    with started("--token", "not so secret") as (_, address):
        assert address.endswith("/docs?token=not%20so%20secret")


def test_a_port_that_is_taken_is_a_plain_error():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"cannot listen at 127\.0\.0\.1, port {port}: .*--port"):
            CliRunner().invoke(app, ["serve", "--port", str(port)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--token", ""), ("--port", "70000"), ("--host", "no.such.host.invalid")],
    ids=["empty token", "port out of range", "unknown host"],
)
def test_options_that_cannot_be_are_refused(option, value):
    with pytest.raises(SettingsError):
        CliRunner().invoke(app, ["serve", option, value], catch_exceptions=False)
