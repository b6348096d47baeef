"""Stands before an application: who may not enter, or brings too large a body, is answered before parsing."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset({"/health", "/docs", "/openapi.json"})
"""What anybody may ask `fieldreader serve` for: none of it says anything about a document."""

Allows = Callable[[Scope], Awaitable[bool]]
Refuses = Callable[[Scope], Response]


class Gate:
    """ASGI middleware that checks who asks, and the size of the body."""

    def __init__(self, app: ASGIApp, allows: Allows, refuses: Refuses, max_bytes: int) -> None:
        self._app = app
        self._allows = allows
        self._refuses = refuses
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not await self._allows(scope):
            await self._refuses(scope)(scope, receive, send)
        elif _announced_bytes(Headers(scope=scope)) > self._max_bytes:
            await refuse(413, "too_large", self._too_large())(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        """A body that announces no length, or a wrong one, is counted as it comes."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise HTTPException(413, self._too_large())
            return message

        return counted

    def _too_large(self) -> str:
        return f"the request has more than {self._max_bytes} bytes (setting serve_max_bytes)"


def knows_token(token: str) -> Allows:
    """Lets in who carries the token, in the header or in the address, and anybody to the open paths."""
    expected = token.encode()

    async def allows(scope: Scope) -> bool:
        return scope["path"] in OPEN_PATHS or secrets.compare_digest(_given_token(scope).encode(), expected)

    return allows


def ask_for_token(scope: Scope) -> Response:
    """The answer to who carries none."""
    return refuse(
        401,
        "unauthorized",
        "send the token that `fieldreader serve` printed at its start",
        {"WWW-Authenticate": "Bearer"},
    )


def _given_token(scope: Scope) -> str:
    scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else token_in_address(scope)


def token_in_address(scope: Scope) -> str:
    """What stands behind `?token=`; empty without."""
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("token", [""])[0].strip()


def refuse(status: int, code: str, message: str, headers: Mapping[str, Any] | None = None) -> JSONResponse:
    """An error in the shape that all errors of the server have."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def _announced_bytes(headers: Headers) -> int:
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isascii() and announced.isdigit() else 0
