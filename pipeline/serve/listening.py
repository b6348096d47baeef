"""The socket and the server process: loopback unless asked otherwise, no access log, an orderly end."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket

import uvicorn
from fastapi import FastAPI

from pipeline.errors import SettingsError

_TOKEN_BYTES = 24
"""As many as Jupyter takes; 192 bits cannot be guessed."""
_END_WITHIN_S = 5


def new_token() -> str:
    """A random token that can stand in a URL."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket, so that a port of 0 is known, and a taken one reported, before anything is printed.

    Raises:
        SettingsError: the address is none of this machine's, or the port is taken or not allowed.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise SettingsError(
            f"cannot listen at {host}, port {port}: {error.strerror}; choose others with --host and --port"
        ) from error


def url_of(listening: socket.socket) -> str:
    """Where a browser finds the server."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_this_machine_only(listening: socket.socket) -> bool:
    """Whether only programs on this machine can reach the socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def run_server(app: FastAPI, listening: socket.socket) -> None:
    """Serve until the process is told to end; requests under way are finished.

    Logs neither requests, whose addresses may hold the token, nor what they carry.
    """
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it tells which bytes it did not like
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_END_WITHIN_S,
    )
    uvicorn.Server(config).run(sockets=[listening])
