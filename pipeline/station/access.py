"""Who may come in: a session in a cookie, begun with the token of the start or with a name and password."""

from __future__ import annotations

import getpass
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serve.gate import token_in_address
from pipeline.storage.reviewers import Reviewer, Reviewers, Role, SignedIn

COOKIE = "fieldreader_session"
SIGN_IN = "/sign-in"
OPEN_PREFIX = "/static/"
"""Style and script; they say nothing about a document."""
FORM_TOKEN = "x-form-token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

SIGN_IN_TRIES, SIGN_IN_WINDOW_S = 5, 300.0
"""Wrong passwords a name, then five minutes' wait: 1,440 guesses a day do not find 12 characters."""
REQUESTS, REQUESTS_WINDOW_S = 600, 10.0
"""A fast typist makes ten requests a second when every key is checked; six times as many are no person."""
KNOWN_CALLERS = 10_000

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class SafeHeaders:
    """ASGI middleware that puts the protective headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and complete its answer."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, completed if scope["type"] == "http" else send)


class Limit:
    """So many tries in a window of time, for each caller."""

    def __init__(self, tries: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries, self._window_s, self._clock = tries, window_s, clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_spent(self, caller: str) -> bool:
        """Whether a caller has to wait."""
        began, count = self._seen.get(caller, (0.0, 0))
        return count >= self._tries and self._clock() - began < self._window_s

    def note(self, caller: str) -> None:
        """Count a try."""
        now = self._clock()
        began, count = self._seen.pop(caller, (now, 0))
        self._seen[caller] = (now, 1) if now - began >= self._window_s else (began, count + 1)
        while len(self._seen) > KNOWN_CALLERS:
            self._seen.popitem(last=False)


class Access:
    """Lets people in; one a server."""

    def __init__(self, reviewers: Reviewers, token: str) -> None:
        self.reviewers = reviewers
        self._token = token
        self._wrong_passwords = Limit(SIGN_IN_TRIES, SIGN_IN_WINDOW_S)
        self._requests = Limit(REQUESTS, REQUESTS_WINDOW_S)

    async def allows(self, scope: Scope) -> bool:
        """Whether a request may pass the gate; notes in the scope who makes it."""
        if scope["path"] == SIGN_IN or scope["path"].startswith(OPEN_PREFIX):
            return True
        secret = Request(scope).cookies.get(COOKIE, "")
        found = await run_in_threadpool(self.reviewers.who_is, secret) if secret else None
        scope["signed_in"] = found
        return found is not None or (scope["path"] == "/" and self.is_token(token_in_address(scope)))

    def is_token(self, given: str) -> bool:
        """Whether it is the token of the start; where people have passwords, no token lets anybody in."""
        is_right = secrets.compare_digest(given.encode(), self._token.encode())
        return is_right and not self.reviewers.has_accounts()

    def sign_in_by_token(self) -> str:
        """Begin a session of the person at this machine; returns the cookie."""
        return self.reviewers.sign_in(Reviewer(getpass.getuser(), Role.SUPERVISOR))

    def sign_in_by_password(self, name: str, password: str) -> str | None:
        """Begin a session; returns the cookie, None when name or password is wrong.

        Raises:
            PermissionError: too many wrong passwords for this name; wait.
        """
        if self._wrong_passwords.is_spent(name):
            raise PermissionError
        reviewer = self.reviewers.check_password(name, password)
        if reviewer is None:
            self._wrong_passwords.note(name)
            return None
        return self.reviewers.sign_in(reviewer)

    def is_too_fast(self, person: str) -> bool:
        """Count a request of somebody signed in; whether there were too many."""
        self._requests.note(person)
        return self._requests.is_spent(person)


def is_from_here(request: Request) -> bool:
    """Whether a page of this server sent the request; browsers say so, and no other page can make them lie."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.url.netloc}"


def carries_form_token(request: Request, person: SignedIn) -> bool:
    """Whether a changing request carries the token of its session, which other sites cannot know."""
    given = request.headers.get(FORM_TOKEN, "")
    return is_from_here(request) and secrets.compare_digest(given.encode(), person.form_token.encode())
