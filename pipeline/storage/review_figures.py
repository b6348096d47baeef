"""What a supervisor wants to know of the queue: how much waits and for how long, who keys how fast."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine, String, cast, func, select
from sqlalchemy.orm import Session

from pipeline.storage.database import reading_session
from pipeline.storage.review_item import OPEN_STATES, ItemState, Keying
from pipeline.storage.review_log import Event
from pipeline.storage.review_seeding import Vigilance, vigilance
from pipeline.storage.tables import ReviewItemRow, ReviewLogRow
from pipeline.summary import NO_TEMPLATE

BREAK_S = 60.0
"""Longer between two answers is a break, not work."""
RECENT = timedelta(days=7)
RUNS = 30
"""A month of nights."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Open items of one form: how many, of those for a supervisor, and since when the oldest waits."""

    template: str
    waiting: int
    escalated: int
    oldest: str


@dataclass(frozen=True, slots=True)
class Pace:
    """What one reviewer did in the last days.

    Attributes:
        keyed: answers given.
        corrected, blank, unreadable: of those that stand.
        per_hour: answers an hour of work, breaks left out; None for too few.
    """

    reviewer: str
    keyed: int
    corrected: int
    blank: int
    unreadable: int
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Fields that a run put before people, and how many of them are still open."""

    run: str
    fields: int
    waiting: int


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Figures of the queue.

    Attributes:
        reasons: why open items wait, with their number, commonest first.
        watch: who caught how many of the errors seeded on purpose.
    """

    backlog: tuple[Backlog, ...]
    reasons: tuple[tuple[str, int], ...]
    paces: tuple[Pace, ...]
    runs: tuple[RunFigures, ...]
    watch: tuple[Vigilance, ...] = ()


def queue_figures(engine: Engine, now: datetime) -> QueueFigures:
    """Count what the monitor shows.

    Raises:
        QueueError: the database cannot be used.
    """
    with reading_session(engine, "the review queue") as session:
        return QueueFigures(
            _backlog(session), _reasons(session), _paces(session, now), _runs(session), vigilance(session)
        )


def _backlog(session: Session) -> tuple[Backlog, ...]:
    columns = ReviewItemRow.template, ReviewItemRow.state, func.count(), func.min(ReviewItemRow.created_at)
    query = (
        select(*columns)
        .where(ReviewItemRow.state.in_(OPEN_STATES))
        .group_by(ReviewItemRow.template, ReviewItemRow.state)
    )
    found: dict[str, Backlog] = {}
    for template, state, count, oldest in session.execute(query):
        name = template or NO_TEMPLATE
        before = found.get(name, Backlog(name, 0, 0, oldest))
        escalated = count if state == ItemState.ESCALATED else 0
        found[name] = Backlog(name, before.waiting + count, before.escalated + escalated, min(before.oldest, oldest))
    return tuple(sorted(found.values(), key=lambda one: -one.waiting))


def _reasons(session: Session) -> tuple[tuple[str, int], ...]:
    reasons = cast(ReviewItemRow.reasons, String)
    query = select(reasons, func.count()).where(
        ReviewItemRow.state.in_(OPEN_STATES), ReviewItemRow.keying == Keying.SHOWN
    )
    counts: Counter[str] = Counter()
    for listed, count in session.execute(query.group_by(reasons)):
        for reason in json.loads(listed):
            counts[reason] += count
    return tuple(counts.most_common())


def _paces(session: Session, now: datetime) -> tuple[Pace, ...]:
    since = (now - RECENT).isoformat()
    entries = (
        select(ReviewLogRow.actor, ReviewLogRow.at)
        .where(ReviewLogRow.at >= since, ReviewLogRow.event.in_((Event.SETTLED, Event.KEYED, Event.SEEDED)))
        .order_by(ReviewLogRow.at)
    )
    times: dict[str, list[datetime]] = {}
    for actor, at in session.execute(entries):
        times.setdefault(actor, []).append(datetime.fromisoformat(at))
    states = (
        select(ReviewItemRow.reviewer, ReviewItemRow.state, func.count())
        .where(ReviewItemRow.keyed_at >= since)
        .group_by(ReviewItemRow.reviewer, ReviewItemRow.state)
    )
    standing = {(reviewer, state): count for reviewer, state, count in session.execute(states)}
    return tuple(
        Pace(
            reviewer,
            len(keyed),
            standing.get((reviewer, ItemState.CORRECTED), 0),
            standing.get((reviewer, ItemState.BLANK), 0),
            standing.get((reviewer, ItemState.UNREADABLE), 0),
            per_hour(keyed),
        )
        for reviewer, keyed in sorted(times.items())
    )


def per_hour(times: Iterable[datetime]) -> float | None:
    """Answers an hour, from the times at which they were given, in order; None for fewer than five in a row."""
    ordered = list(times)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    worked = [gap for gap in gaps if gap < BREAK_S]
    return 3600 * len(worked) / sum(worked) if len(worked) >= 4 and sum(worked) > 0 else None


def _runs(session: Session) -> tuple[RunFigures, ...]:
    query = select(ReviewItemRow.run, ReviewItemRow.state, func.count()).where(ReviewItemRow.run.is_not(None))
    found: dict[str, RunFigures] = {}
    for run, state, count in session.execute(query.group_by(ReviewItemRow.run, ReviewItemRow.state)):
        before = found.get(run, RunFigures(run, 0, 0))
        found[run] = RunFigures(run, before.fields + count, before.waiting + (count if state in OPEN_STATES else 0))
    return tuple(sorted(found.values(), key=lambda one: one.run, reverse=True)[:RUNS])
