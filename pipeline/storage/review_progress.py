"""What the head of the station's page shows: how far a reviewer has come, and what he may choose among."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import String, and_, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from pipeline.storage.review_item import OPEN_STATES, ItemState, Keying
from pipeline.storage.review_seeding import seeded_counts
from pipeline.storage.review_turn import Wanted, may_be_given
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.tables import ReviewItemRow, ReviewKeyRow

COUNTED = 1000
"""Waiting fields that are counted after every answer: work for an hour. Counting all would take longer than it."""


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


def count_progress(session: Session, reviewer: Reviewer, wanted: Wanted, since: str) -> Progress:
    """Counts for the head of the page; `since` is ISO 8601 in UTC."""
    fits = may_be_given(reviewer, wanted)
    mine = and_(ReviewItemRow.reviewer == reviewer.name, ReviewItemRow.keyed_at >= since)
    keys = and_(ReviewKeyRow.reviewer == reviewer.name, ReviewKeyRow.keyed_at >= since)
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


def list_choices(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Forms and reasons among the open items, for the filters."""
    columns = ReviewItemRow.template, ReviewItemRow.keying, cast(ReviewItemRow.reasons, String)
    found = session.execute(select(*columns).where(ReviewItemRow.state.in_(OPEN_STATES)).distinct()).tuples().all()
    templates = sorted({template for template, _, _ in found if template})
    shown = [json.loads(reasons) for _, keying, reasons in found if keying == Keying.SHOWN]
    reasons = {str(reason) for listed in shown for reason in listed}
    return tuple(templates), tuple(sorted(reasons))
