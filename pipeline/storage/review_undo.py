"""Which of a reviewer's acts is undone next: the latest one that still stands and that nobody has gone on from."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.storage.review_item import ItemState
from pipeline.storage.review_log import Event
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.tables import ReviewItemRow, ReviewKeyRow, ReviewLogRow, ReviewSeedRow


def latest_of(session: Session, reviewer: Reviewer, now: str) -> ReviewItemRow | ReviewSeedRow | None:
    """The row that a reviewer's latest standing act is about; None where there is nothing to undo."""
    undone: Counter[str] = Counter()
    entries = select(ReviewLogRow).where(ReviewLogRow.actor == reviewer.name).order_by(ReviewLogRow.number.desc())
    for entry in session.scalars(entries):
        if entry.event == Event.REOPENED:
            undone[entry.item_id] += 1
        elif undone[entry.item_id]:
            undone[entry.item_id] -= 1
        else:
            row = session.get(ReviewItemRow, entry.item_id, with_for_update=True)
            if row is not None and _may_take_back(session, row, entry, reviewer, now):
                return row
            seed = None if row else session.get(ReviewSeedRow, entry.item_id)
            if seed is not None and seed.state != ItemState.PENDING:
                return seed
    return None


def _may_take_back(session: Session, row: ReviewItemRow, entry: ReviewLogRow, reviewer: Reviewer, now: str) -> bool:
    """Whether nobody else has gone on from there."""
    if row.claimed_by not in (None, reviewer.name) and (row.claimed_until or "") > now:
        return False
    if entry.event == Event.SETTLED:
        return row.reviewer == reviewer.name
    if entry.event == Event.ESCALATED:
        return row.state == ItemState.ESCALATED
    if entry.event == Event.KEYED:
        return row.state == ItemState.PENDING and session.get(ReviewKeyRow, (row.id, reviewer.name)) is not None
    return row.state == ItemState.PENDING
