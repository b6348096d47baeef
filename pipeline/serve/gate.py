"""Stands before the application: without the token, or with too large a body, nothing is parsed at all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset({"/health", "/docs", "/openapi.json"})
"""What anybody may ask for: none of it says anything about a document."""


class Gate:
    """ASGI middleware that checks the token and the size of the body."""

    def __init__(self, app: ASGIApp, token: str, max_bytes: int) -> None:
        self._app = app
        self._token = token.encode()
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"] not in OPEN_PATHS and not self._knows_token(scope, headers):
            refusal = refuse(401, "unauthorized", "send the token that `fieldreader serve` printed at its start")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            await refusal(scope, receive, send)
        elif _announced_bytes(headers) > self._max_bytes:
            await refuse(413, "too_large", self._too_large())(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return secrets.compare_digest(given.strip().encode(), self._token)

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


def refuse(status: int, code: str, message: str, headers: Mapping[str, Any] | None = None) -> JSONResponse:
    """An error in the shape that all errors of the server have."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def _announced_bytes(headers: Headers) -> int:
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isascii() and announced.isdigit() else 0
