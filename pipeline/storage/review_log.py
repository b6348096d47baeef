"""The audit log of the review queue: it only grows, and every entry carries the hash of all before it.

The hash covers a digest of what an entry says, not the words themselves. So retention can blank the words, which may be
what stands on a form, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.storage.database import lock_name
from pipeline.storage.review_item import OPEN_STATES, ItemState
from pipeline.storage.tables import ReviewItemRow, ReviewLogRow, ReviewSeedRow

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
    SEEDED = "seeded"
    """The answer to a seeded error, which is no item."""


def lock_log(session: Session) -> None:
    """Take turns at writing to the log. Before any item is locked, so that nobody waits for each other."""
    lock_name(session.connection(), LOG_LOCK)


def record(session: Session, at: str, actor: str, event: Event, item_id: str, detail: Mapping[str, object]) -> None:
    """Add an entry, in the transaction of what it tells of; the caller holds `lock_log`."""
    last = session.scalars(select(ReviewLogRow).order_by(ReviewLogRow.number.desc()).limit(1)).first()
    words = json.dumps({**detail, "salt": secrets.token_hex(_SALT_BYTES)}, sort_keys=True, ensure_ascii=True)
    row = ReviewLogRow(
        number=last.number + 1 if last else 1, at=at, actor=actor, event=event.value, item_id=item_id,
        detail=words, detail_hash=digest(words), hash="",
    )  # fmt: skip
    row.hash = chained(last.hash if last else FIRST_HASH, row)
    session.add(row)
    session.flush()


def standing(row: ReviewItemRow) -> dict[str, object]:
    """What the log says of an item, for good: the machine's value beside the person's."""
    if ItemState(row.state) in OPEN_STATES:  # the machine may read it anew
        return {"state": row.state, "machine_value": None, "human_value": None, "reviewer": None}
    return {
        "state": row.state, "machine_value": row.machine_value, "human_value": row.human_value,
        "reviewer": row.reviewer,
    }  # fmt: skip


def seed_standing(row: ReviewSeedRow) -> dict[str, object]:
    """What the log says of a seeded error; no value, so that retention has nothing to blank."""
    return {"seeded": row.item_id, "state": str(row.state), "is_right": row.keyed == row.truth}


def digest(words: str) -> str:
    """What stands for the words of an entry in the chain."""
    return hashlib.sha256(words.encode()).hexdigest()


def chained(previous: str, row: ReviewLogRow) -> str:
    """Hash of an entry, over that of the one before it."""
    parts = [previous, row.number, row.at, row.actor, row.event, row.item_id, row.detail_hash]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
