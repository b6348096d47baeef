"""The queue as reviewers use it, several at once: claim fields, answer, skip, leave to a supervisor, take back."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, Select, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from pipeline.errors import QueueError
from pipeline.seeded_errors import NOT_SEEDED, Seeding
from pipeline.storage.database import open_database, reading_session, writing_session
from pipeline.storage.review_item import OPEN_STATES, Answer, ItemState, Keying, ReviewItem
from pipeline.storage.review_log import Event, lock_log, record
from pipeline.storage.review_rows import to_item
from pipeline.storage.review_seeding import (
    find_seeded,
    pass_on_seeded,
    reopen_seeded,
    seed_beside,
    seeded_counts,
    seeded_in_hand,
    settle_seeded,
)
from pipeline.storage.review_settling import escalate_row, reopen_row, settle_row
from pipeline.storage.review_verify import Verification, verify_log
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.tables import ReviewCropRow, ReviewItemRow, ReviewKeyRow, ReviewLogRow, ReviewSeedRow

CLAIM_S = 300.0
"""A field takes seconds. Who went to lunch gives his fields back after five minutes."""

HAND = 4
"""Fields claimed at a time: the one on the screen and three loaded ahead, enough for the fastest typist."""

COUNTED = 1000
"""Waiting fields that are counted after every answer: work for an hour. Counting all would take longer than it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items a reviewer wants to see; None for any.

    Attributes:
        template: name of the form.
        reason: one of those for which items are in the queue.
    """

    template: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How it goes.

    Attributes:
        waiting: open items that fit the filter, whoever has them; at most `COUNTED`.
        are_more_waiting: than `COUNTED`.
        keyed: fields that this reviewer keyed since a time.
        settled: of those keyed.
        corrected, blank, unreadable: of those that are settled.
    """

    waiting: int
    are_more_waiting: bool
    keyed: int
    settled: int
    corrected: int
    blank: int
    unreadable: int


class ReviewDesk:
    """Where reviewers work; safe to use from several threads, processes and machines at once."""

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        claim_s: float = CLAIM_S,
        seeding: Seeding = NOT_SEEDED,
    ) -> None:
        self._engine = engine
        self._now = now
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

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # --- fields in hand --------------------------------------------------------------------------

    def hand(self, reviewer: Reviewer, wanted: Wanted = Wanted(), count: int = HAND) -> tuple[ReviewItem, ...]:
        """The fields a reviewer has claimed, filled up to a number; nobody else gets them while the claim lasts.

        Asking again gives the same fields, in the same order, so that a page loaded anew loses nothing. Claims on
        fields that do not fit the filter are given up. Seeded errors may come along.
        """
        with self._write() as session:
            return self._hand(session, reviewer, wanted, count)

    def _hand(self, session: Session, reviewer: Reviewer, wanted: Wanted, count: int) -> tuple[ReviewItem, ...]:
        now, until, soon = self._clock(), self._clock(self._claim_s), self._clock(self._claim_s / 2)
        fits = and_(*_conditions(reviewer, wanted))
        mine = and_(ReviewItemRow.claimed_by == reviewer.name, ReviewItemRow.claimed_until > now)
        held = list(session.scalars(_in_turn(select(ReviewItemRow).where(mine, fits))))
        for row in session.scalars(select(ReviewItemRow).where(mine, ~fits)):
            row.claimed_by = row.claimed_until = None
        if len(held) < count:
            free = or_(ReviewItemRow.claimed_until.is_(None), ReviewItemRow.claimed_until <= now)
            query = _in_turn(select(ReviewItemRow).where(fits, free)).limit(count - len(held))
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
            row = self._latest_of(session, reviewer)
            if row is None:
                return None
            now = self._clock()
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

    def _latest_of(self, session: Session, reviewer: Reviewer) -> ReviewItemRow | ReviewSeedRow | None:
        undone: Counter[str] = Counter()
        entries = select(ReviewLogRow).where(ReviewLogRow.actor == reviewer.name).order_by(ReviewLogRow.number.desc())
        for entry in session.scalars(entries):
            if entry.event == Event.REOPENED:
                undone[entry.item_id] += 1
            elif undone[entry.item_id]:
                undone[entry.item_id] -= 1
            else:
                row = session.get(ReviewItemRow, entry.item_id, with_for_update=True)
                if row is not None and _may_take_back(session, row, entry, reviewer, self._clock()):
                    return row
                seed = None if row else session.get(ReviewSeedRow, entry.item_id)
                if seed is not None and seed.state != ItemState.PENDING:
                    return seed
        return None

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
        fits = and_(*_conditions(reviewer, wanted))
        mine = and_(ReviewItemRow.reviewer == reviewer.name, ReviewItemRow.keyed_at >= since)
        keys = and_(ReviewKeyRow.reviewer == reviewer.name, ReviewKeyRow.keyed_at >= since)
        with self._read() as session:
            counted = select(literal(1)).select_from(ReviewItemRow).where(fits).limit(COUNTED + 1).subquery()
            waiting = session.scalar(select(func.count()).select_from(counted)) or 0
            by_state = session.execute(
                select(ReviewItemRow.state, func.count()).where(mine).group_by(ReviewItemRow.state)
            ).tuples()
            states: Counter[str] = Counter(dict(by_state.all()))
            open_keys = session.scalar(
                select(func.count())
                .select_from(ReviewKeyRow)
                .join(ReviewItemRow, ReviewItemRow.id == ReviewKeyRow.item_id)
                .where(keys, or_(ReviewItemRow.reviewer.is_(None), ReviewItemRow.reviewer != reviewer.name))
            )
            seeded_waiting, seeded_states = seeded_counts(session, reviewer, since)
        states += seeded_states
        waiting += seeded_waiting
        settled = sum(states.values())
        of_state = (states[state] for state in (ItemState.CORRECTED, ItemState.BLANK, ItemState.UNREADABLE))
        return Progress(min(waiting, COUNTED), waiting > COUNTED, settled + (open_keys or 0), settled, *of_state)

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Forms and reasons among the open items, for the filters."""
        columns = ReviewItemRow.template, ReviewItemRow.keying, cast(ReviewItemRow.reasons, String)
        with self._read() as session:
            found = session.execute(select(*columns).where(_is_open()).distinct()).tuples().all()
        templates = sorted({template for template, _, _ in found if template})
        shown = [json.loads(reasons) for _, keying, reasons in found if keying == Keying.SHOWN]
        reasons = {str(reason) for listed in shown for reason in listed}
        return tuple(templates), tuple(sorted(reasons))

    def verify(self, known_head: str | None = None) -> Verification:
        """Check the audit log and the items against it; see `verify_log`."""
        with self._read() as session:
            return verify_log(session, known_head)

    # --- sessions --------------------------------------------------------------------------------

    def _clock(self, ahead_s: float = 0.0) -> str:
        moment = self._now().astimezone(dt.UTC) + dt.timedelta(seconds=ahead_s)
        return moment.isoformat(timespec="milliseconds")

    def _read(self) -> AbstractContextManager[Session]:
        return reading_session(self._engine, "the review queue")

    def _write(self) -> AbstractContextManager[Session]:
        return writing_session(self._engine, "the review queue")


def _is_open() -> ColumnElement[bool]:
    return ReviewItemRow.state.in_((ItemState.PENDING, ItemState.ESCALATED))


def _conditions(reviewer: Reviewer, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """What a reviewer may be given: what waits, fits his filter, and was not keyed blindly by himself."""
    keyed = exists().where(ReviewKeyRow.item_id == ReviewItemRow.id, ReviewKeyRow.reviewer == reviewer.name)
    pending = and_(ReviewItemRow.state == ItemState.PENDING, ~keyed)
    yield or_(pending, ReviewItemRow.state == ItemState.ESCALATED) if reviewer.is_supervisor else pending
    if wanted.template is not None:
        yield ReviewItemRow.template == wanted.template
    if wanted.reason is not None:
        # Of a field keyed blindly not even the reason may be known.
        yield or_(ReviewItemRow.keying == Keying.SHOWN, ReviewItemRow.state == ItemState.ESCALATED)
        yield cast(ReviewItemRow.reasons, String).contains(f'"{wanted.reason}"', autoescape=True)


def _in_turn(query: Select[tuple[ReviewItemRow]]) -> Select[tuple[ReviewItemRow]]:
    return query.order_by(
        ReviewItemRow.priority.desc(), ReviewItemRow.skips, ReviewItemRow.created_at, ReviewItemRow.source_id,
        ReviewItemRow.document, ReviewItemRow.position,
    )  # fmt: skip


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
