"""The audit log of the review queue: it only grows, and every entry carries the hash of all before it.

The hash covers a digest of what an entry says, not the words themselves. So retention can blank the words, which may be
what stands on a form, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.storage.database import lock_name
from pipeline.storage.review_item import OPEN_STATES, ItemState
from pipeline.storage.tables import ReviewItemRow, ReviewLogRow

LOG_LOCK = "review_log"
FIRST_HASH = "0" * 64
_SALT_BYTES = 12
"""Without a salt, a digest of five digits could be undone by trying all hundred thousand."""


class Event(StrEnum):
    """What can happen to an item."""

    SETTLED = "settled"
    KEYED = "keyed"
    REOPENED = "reopened"
    SKIPPED = "skipped"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the log came to.

    Attributes:
        entries: in the log.
        blanked: entries whose words retention has removed.
        head: hash of the last entry. Kept elsewhere, it proves later that nothing was cut off the end.
        findings: everything that does not fit, a sentence each; empty when nothing was tampered with.
    """

    entries: int
    blanked: int
    head: str
    findings: tuple[str, ...]


def lock_log(session: Session) -> None:
    """Take turns at writing to the log. Before any item is locked, so that nobody waits for each other."""
    lock_name(session.connection(), LOG_LOCK)


def record(session: Session, at: str, actor: str, event: Event, item_id: str, detail: Mapping[str, object]) -> None:
    """Add an entry, in the transaction of what it tells of; the caller holds `lock_log`."""
    last = session.scalars(select(ReviewLogRow).order_by(ReviewLogRow.number.desc()).limit(1)).first()
    words = json.dumps({**detail, "salt": secrets.token_hex(_SALT_BYTES)}, sort_keys=True, ensure_ascii=True)
    row = ReviewLogRow(
        number=last.number + 1 if last else 1, at=at, actor=actor, event=event.value, item_id=item_id,
        detail=words, detail_hash=_digest(words), hash="",
    )  # fmt: skip
    row.hash = _chained(last.hash if last else FIRST_HASH, row)
    session.add(row)
    session.flush()


def verify_log(session: Session, known_head: str | None = None) -> Verification:
    """Check the chain, and that every item is as its last entry says.

    Args:
        known_head: hash noted after an earlier check; it must still be in the log.
    """
    findings: list[str] = []
    previous, entries, blanked, first_at = FIRST_HASH, 0, 0, ""
    heads = {FIRST_HASH}
    told: dict[str, ReviewLogRow] = {}
    for row in session.scalars(select(ReviewLogRow).order_by(ReviewLogRow.number)):
        entries += 1
        first_at = first_at or row.at
        if row.number != entries:
            findings.append(f"entry {entries} is missing: number {row.number} follows")
            entries = row.number
        if row.hash != _chained(previous, row):
            findings.append(f"entry {row.number} was changed, or one before it taken out or put in")
        if row.detail is None:
            blanked += 1
        elif _digest(row.detail) != row.detail_hash:
            findings.append(f"what entry {row.number} says was changed")
        previous = row.hash
        heads.add(row.hash)
        if row.event in (Event.SETTLED, Event.REOPENED, Event.ESCALATED):
            told[row.item_id] = row
    if known_head is not None and known_head not in heads:
        findings.append("the log does not hold the hash noted earlier: entries were cut off or rewritten")
    findings += _compare_items(session, told, first_at)
    return Verification(entries, blanked, previous, tuple(findings))


def _compare_items(session: Session, told: Mapping[str, ReviewLogRow], log_began: str) -> Iterator[str]:
    """Items that are not as the log says."""
    seen = set()
    for row in session.scalars(select(ReviewItemRow)):
        entry = told.get(row.id)
        seen.add(row.id)
        if entry is None:
            # Answers older than the log itself came before there was one.
            if ItemState(row.state) not in OPEN_STATES and (not log_began or (row.keyed_at or "") >= log_began):
                yield f"item {row.id} is {row.state}, and the log does not know of it"
        elif entry.detail is not None and _standing(row) != _told(entry):
            yield f"item {row.id} is not as entry {entry.number} left it"
    for item_id, entry in told.items():
        if item_id not in seen and entry.event == Event.SETTLED and entry.detail is not None:
            yield f"item {item_id} is gone, and entry {entry.number} settled it"


def standing(row: ReviewItemRow) -> dict[str, object]:
    """What the log says of an item, for good: the machine's value beside the person's."""
    return dict(zip(("state", "machine_value", "human_value", "reviewer"), _standing(row), strict=True))


def _standing(row: ReviewItemRow) -> tuple[object, ...]:
    if ItemState(row.state) in OPEN_STATES:
        return row.state, None, None, None  # the machine may read it anew
    return row.state, row.machine_value, row.human_value, row.reviewer


def _told(entry: ReviewLogRow) -> tuple[object, ...]:
    try:
        words = json.loads(entry.detail or "")
        return words["state"], words["machine_value"], words["human_value"], words["reviewer"]
    except (ValueError, KeyError, TypeError):
        return ()


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _chained(previous: str, row: ReviewLogRow) -> str:
    parts = [previous, row.number, row.at, row.actor, row.event, row.item_id, row.detail_hash]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
