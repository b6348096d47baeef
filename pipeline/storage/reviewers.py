"""Who may sign in to the review station, and who is signed in."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select

from pipeline.errors import QueueError
from pipeline.storage.state_store import StateStore
from pipeline.storage.tables import ReviewerRow, ReviewSessionRow

SCRYPT = {"n": 2**14, "r": 8, "p": 5}
"""One of the equivalent minimum settings of OWASP's password storage cheat sheet; 16 MiB and some 0.2 s a try."""
_SCRYPT_BYTES = 2**26
LEAST_PASSWORD = 12
"""Characters; NIST SP 800-63B asks for 8, OWASP ASVS 2.1.1 for 12."""
MOST_PASSWORD = 128
SESSION_BYTES = 32
IDLE_S = 30 * 60.0
"""OWASP ASVS 3.3.2 asks for 30 minutes where data is sensitive."""
LONGEST_S = 12 * 3600.0
_NAME = re.compile(r"[\w.@-]{1,64}")


class Role(StrEnum):
    """What a person may do at the station."""

    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    """Decides what was escalated, sees account numbers in full, and the monitor."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person at the station."""

    name: str
    role: Role = Role.REVIEWER

    @property
    def is_supervisor(self) -> bool:
        return self.role is Role.SUPERVISOR


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session: who, since when (ISO 8601, UTC), and the token that forms and scripts must send along."""

    reviewer: Reviewer
    began: str
    form_token: str


class Reviewers(StateStore):
    """Accounts and sessions, in the database of the queue, so that a restart of the server signs nobody out."""

    CALLED = "the reviewers"

    # --- accounts --------------------------------------------------------------------------------

    def add(self, reviewer: Reviewer, password: str) -> None:
        """Add a person, or give one a new role and password; his sessions end.

        Raises:
            QueueError: the name or the password will not do.
        """
        if not _NAME.fullmatch(reviewer.name):
            raise QueueError("a reviewer's name has letters, digits and . _ @ - only, 64 at most")
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise QueueError(f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters")
        hashed = hash_password(password)
        with self._write() as session:
            row = session.get(ReviewerRow, reviewer.name)
            if row is None:
                row = ReviewerRow(name=reviewer.name, created_at=self._clock())
                session.add(row)
            row.role, row.password = reviewer.role, hashed
            session.execute(delete(ReviewSessionRow).where(ReviewSessionRow.reviewer == reviewer.name))

    def remove(self, name: str) -> None:
        """Take a person's access away; his answers stay.

        Raises:
            QueueError: there is nobody of this name.
        """
        with self._write() as session:
            row = session.get(ReviewerRow, name)
            if row is None:
                raise QueueError(f"there is no reviewer {name}")
            session.delete(row)
            session.execute(delete(ReviewSessionRow).where(ReviewSessionRow.reviewer == name))

    def everybody(self) -> tuple[Reviewer, ...]:
        """All people, by name."""
        with self._read() as session:
            rows = session.scalars(select(ReviewerRow).order_by(ReviewerRow.name))
            return tuple(Reviewer(row.name, Role(row.role)) for row in rows)

    def has_accounts(self) -> bool:
        """Whether anybody has a password; if not, the token of the start is the only way in."""
        with self._read() as session:
            return bool(session.scalar(select(func.count()).select_from(ReviewerRow)))

    def check_password(self, name: str, password: str) -> Reviewer | None:
        """The person; None when name or password is wrong, after the same time in both cases."""
        with self._read() as session:
            row = session.get(ReviewerRow, name)
            stored = row.password if row else _NOBODYS_PASSWORD
            role = row.role if row else Role.REVIEWER
        is_right = password_fits(password[:MOST_PASSWORD], stored) and len(password) <= MOST_PASSWORD
        return Reviewer(name, Role(role)) if is_right and row else None

    # --- sessions --------------------------------------------------------------------------------

    def sign_in(self, reviewer: Reviewer) -> str:
        """Begin a session; returns what the browser is to carry."""
        secret = secrets.token_urlsafe(SESSION_BYTES)
        now = self._clock()
        with self._write() as session:
            session.execute(delete(ReviewSessionRow).where(ReviewSessionRow.seen < self._clock(-IDLE_S)))
            session.add(
                ReviewSessionRow(
                    digest=_digest(secret),
                    reviewer=reviewer.name,
                    role=reviewer.role,
                    form_token=secrets.token_urlsafe(SESSION_BYTES),
                    began=now,
                    seen=now,
                )
            )
        return secret

    def who_is(self, secret: str) -> SignedIn | None:
        """Whose session it is; None when it is unknown or has run out. Being seen keeps it alive."""
        with self._read() as session:
            row = session.get(ReviewSessionRow, _digest(secret))
            if row is None or row.seen < self._clock(-IDLE_S) or row.began < self._clock(-LONGEST_S):
                return None
            found = SignedIn(Reviewer(row.reviewer, Role(row.role)), row.began, row.form_token)
            is_stale = row.seen < self._clock(-60)  # a write a minute, not one a request
        if is_stale:
            with self._write() as session:
                kept = session.get(ReviewSessionRow, _digest(secret))
                if kept is not None:
                    kept.seen = self._clock()
        return found

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self._write() as session:
            session.execute(delete(ReviewSessionRow).where(ReviewSessionRow.digest == _digest(secret)))


def hash_password(password: str) -> str:
    """Salted scrypt of a password, with its parameters: `scrypt$n$r$p$salt$key`."""
    salt = secrets.token_bytes(16)
    key = hashlib.scrypt(password.encode(), salt=salt, maxmem=_SCRYPT_BYTES, **SCRYPT)
    return "$".join(["scrypt", *(str(SCRYPT[name]) for name in "nrp"), salt.hex(), key.hex()])


def password_fits(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed."""
    _, n, r, p, salt, key = stored.split("$")
    tried = hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=bytes.fromhex(salt), n=int(n), r=int(r), p=int(p),
        maxmem=_SCRYPT_BYTES,
    )  # fmt: skip
    return secrets.compare_digest(tried, bytes.fromhex(key))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


_NOBODYS_PASSWORD = "$".join(["scrypt", *(str(SCRYPT[name]) for name in "nrp"), "00" * 16, "00" * 64])
"""Fits no password; checking it takes as long as checking a real one."""
