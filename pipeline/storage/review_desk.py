"""The queue as reviewers use it, several at once: claim fields, answer, skip, leave to a supervisor, take back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Engine, and_, or_, select
from sqlalchemy.orm import Session

from pipeline.errors import QueueError
from pipeline.seeded_errors import NOT_SEEDED, Seeding
from pipeline.storage.database import open_database
from pipeline.storage.review_item import OPEN_STATES, Answer, ItemState, ReviewItem
from pipeline.storage.review_log import Event, lock_log, record
from pipeline.storage.review_progress import Progress, count_progress, list_choices
from pipeline.storage.review_rows import to_item
from pipeline.storage.review_seeding import (
    find_seeded,
    pass_on_seeded,
    reopen_seeded,
    seed_beside,
    seeded_in_hand,
    settle_seeded,
)
from pipeline.storage.review_settling import escalate_row, reopen_row, settle_row
from pipeline.storage.review_turn import ANY_FIELD, Wanted, in_turn, may_be_given
from pipeline.storage.review_undo import latest_of
from pipeline.storage.review_verify import Verification, verify_log
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.state_store import StateStore, utc_now
from pipeline.storage.tables import ReviewCropRow, ReviewItemRow, ReviewKeyRow, ReviewSeedRow

CLAIM_S = 300.0
"""A field takes seconds. Who went to lunch gives his fields back after five minutes."""

HAND = 4
"""Fields claimed at a time: the one on the screen and three loaded ahead, enough for the fastest typist."""


class ReviewDesk(StateStore):
    """Where reviewers work; safe to use from several threads, processes and machines at once."""

    CALLED = "the review queue"

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], dt.datetime] = utc_now,
        claim_s: float = CLAIM_S,
        seeding: Seeding = NOT_SEEDED,
    ) -> None:
        super().__init__(engine, now)
        self._claim_s = claim_s
        self._seeding = seeding

    @classmethod
    def open(cls, url: str, seeding: Seeding = NOT_SEEDED) -> ReviewDesk:
        """Open the queue at a database URL.

        Args:
            seeding: how many wrong values are put before reviewers on purpose.

        Raises:
            QueueError: the database cannot be used.
        """
        return cls(open_database(url), seeding=seeding)

    # --- fields in hand --------------------------------------------------------------------------

    def hand(self, reviewer: Reviewer, wanted: Wanted = ANY_FIELD, count: int = HAND) -> tuple[ReviewItem, ...]:
        """The fields a reviewer has claimed, filled up to a number; nobody else gets them while the claim lasts.

        Asking again gives the same fields, in the same order, so that a page loaded anew loses nothing. Claims on
        fields that do not fit the filter are given up. Seeded errors may come along.
        """
        with self._write() as session:
            return self._hand(session, reviewer, wanted, count)

    def _hand(self, session: Session, reviewer: Reviewer, wanted: Wanted, count: int) -> tuple[ReviewItem, ...]:
        now, until, soon = self._clock(), self._clock(self._claim_s), self._clock(self._claim_s / 2)
        fits = may_be_given(reviewer, wanted)
        mine = and_(ReviewItemRow.claimed_by == reviewer.name, ReviewItemRow.claimed_until > now)
        held = list(session.scalars(in_turn(select(ReviewItemRow).where(mine, fits))))
        for row in session.scalars(select(ReviewItemRow).where(mine, ~fits)):
            row.claimed_by = row.claimed_until = None
        if len(held) < count:
            free = or_(ReviewItemRow.claimed_until.is_(None), ReviewItemRow.claimed_until <= now)
            query = in_turn(select(ReviewItemRow).where(fits, free)).limit(count - len(held))
            # Others' claims under way are passed over; on SQLite a writer is alone anyway.
            held += session.scalars(query.with_for_update(skip_locked=True))
        for row in held:
            if row.claimed_by != reviewer.name:
                seed_beside(session, reviewer, row, self._seeding, now)
            # Claims with half their time left are not written anew: most calls only add one field.
            if row.claimed_by != reviewer.name or (row.claimed_until or "") < soon:
                row.claimed_by, row.claimed_until = reviewer.name, until
        held.sort(key=lambda row: (-row.priority, row.skips, row.created_at, row.source_id, row.document, row.position))
        seeded = seeded_in_hand(session, reviewer, wanted.template, now) if wanted.reason is None else []
        return (*(to_item(row, now) for row in held), *seeded)

    def answer(self, reviewer: Reviewer, answer: Answer, note: str | None = None) -> ItemState | None:
        """Take an answer; the same one twice changes nothing.

        Returns:
            The item's new state, `PENDING` when another person has to key it too; None when nothing changed.

        Raises:
            QueueError: it does not fit, or the item is not this reviewer's to answer.
        """
        with self._write() as session:
            lock_log(session)
            if session.get(ReviewSeedRow, answer.item_id):
                return settle_seeded(session, answer, reviewer, self._clock())
            return settle_row(session, answer, reviewer.name, self._clock(), reviewer.is_supervisor, note)

    def skip(self, reviewer: Reviewer, item_id: str) -> None:
        """Put a field back behind all others.

        Raises:
            QueueError: it is not this reviewer's.
        """
        with self._write() as session:
            lock_log(session)
            if session.get(ReviewSeedRow, item_id):
                pass_on_seeded(session, item_id, reviewer, Event.SKIPPED, self._clock())
                return
            row = self._own(session, reviewer, item_id)
            row.skips += 1
            row.claimed_by = row.claimed_until = None
            record(session, self._clock(), reviewer.name, Event.SKIPPED, row.id, {})

    def escalate(self, reviewer: Reviewer, item_id: str, note: str | None = None) -> None:
        """Leave a field to a supervisor.

        Raises:
            QueueError: it is not this reviewer's.
        """
        with self._write() as session:
            lock_log(session)
            if session.get(ReviewSeedRow, item_id):
                pass_on_seeded(session, item_id, reviewer, Event.ESCALATED, self._clock())
                return
            row = self._own(session, reviewer, item_id)
            if row.state != ItemState.ESCALATED:
                escalate_row(session, row, reviewer.name, self._clock(), note)

    def take_back(self, reviewer: Reviewer) -> ReviewItem | None:
        """Undo this reviewer's latest answer, skip or escalation that still stands, and claim the field anew.

        Returns:
            The field; None when there is nothing to undo.
        """
        with self._write() as session:
            lock_log(session)
            now = self._clock()
            row = latest_of(session, reviewer, now)
            if row is None:
                return None
            if isinstance(row, ReviewSeedRow):
                return reopen_seeded(session, row, now)
            reopen_row(session, row, reviewer.name, now)
            row.skips = 0
            row.claimed_by, row.claimed_until = reviewer.name, self._clock(self._claim_s)
            return to_item(row, now)

    def _own(self, session: Session, reviewer: Reviewer, item_id: str) -> ReviewItemRow:
        row = session.get(ReviewItemRow, item_id, with_for_update=True)
        item = to_item(row, self._clock()) if row else None
        if row is None or item is None or item.state not in OPEN_STATES:
            raise QueueError("this field needs nobody any more")
        if item.claimed_by not in (None, reviewer.name):
            raise QueueError(f"{item.claimed_by} is at this field now")
        return row

    # --- how it stands ---------------------------------------------------------------------------

    def find(self, item_id: str) -> ReviewItem | None:
        """One item, or what looks like one."""
        with self._read() as session:
            row = session.get(ReviewItemRow, item_id)
            return to_item(row, self._clock()) if row else find_seeded(session, item_id, self._clock())

    def crop_png(self, item_id: str) -> bytes | None:
        """PNG of an item's field; None when the queue holds no picture of it."""
        with self._read() as session:
            seed = session.get(ReviewSeedRow, item_id)
            crop = session.get(ReviewCropRow, seed.item_id if seed else item_id)
            return crop.png if crop else None

    def keys(self, item_id: str) -> tuple[tuple[str, str | None], ...]:
        """Who keyed what for an item that the keys did not settle."""
        query = select(ReviewKeyRow).where(ReviewKeyRow.item_id == item_id).order_by(ReviewKeyRow.keyed_at)
        with self._read() as session:
            return tuple((row.reviewer, row.value) for row in session.scalars(query))

    def progress(self, reviewer: Reviewer, wanted: Wanted, since: str) -> Progress:
        """Counts for the head of the page; `since` is ISO 8601 in UTC."""
        with self._read() as session:
            return count_progress(session, reviewer, wanted, since)

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Forms and reasons among the open items, for the filters."""
        with self._read() as session:
            return list_choices(session)

    def verify(self, known_head: str | None = None) -> Verification:
        """Check the audit log and the items against it; see `verify_log`."""
        with self._read() as session:
            return verify_log(session, known_head)
