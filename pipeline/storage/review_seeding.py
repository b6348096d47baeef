"""Seeded errors in the database: handed out among the other fields, answered like them, and apart from all results.

A seeded field is a row of its own beside the item it was made from; nothing that lists, exports or finalises items sees
it. Its id looks like any other, since reviewers are not to know.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from pipeline.errors import QueueError
from pipeline.routing import is_drawn
from pipeline.seeded_errors import Seeding, seed_error
from pipeline.storage.review_item import ID_LENGTH, OPEN_STATES, Answer, ItemState, Keying, ReviewItem, judge
from pipeline.storage.review_log import Event, record, seed_standing
from pipeline.storage.review_rows import characters_from_json, characters_to_json, to_item
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.tables import ReviewItemRow, ReviewSeedRow

TRIED_ITEMS = 20
"""Settled fields looked at for one that can be made wrong; nearly every one can."""


@dataclass(frozen=True, slots=True)
class Vigilance:
    """How many of the errors put before a reviewer he did not let through."""

    reviewer: str
    shown: int
    caught: int


def seeded_in_hand(session: Session, reviewer: Reviewer, template: str | None, now: str) -> list[ReviewItem]:
    """Seeded fields that a reviewer has not answered; of one form, when it is named."""
    fits = [] if template is None else [ReviewItemRow.template == template]
    query = select(ReviewSeedRow, ReviewItemRow).join(ReviewItemRow, ReviewItemRow.id == ReviewSeedRow.item_id)
    waiting = query.where(ReviewSeedRow.reviewer == reviewer.name, ReviewSeedRow.state == ItemState.PENDING, _is_true())
    return [_seeded(seed, row, now) for seed, row in session.execute(waiting.where(*fits))]


def seed_beside(session: Session, reviewer: Reviewer, row: ReviewItemRow, seeding: Seeding, now: str) -> None:
    """With a field newly handed out, perhaps hand out a seeded error of the same form as well."""
    if not is_drawn(f"{row.id} {reviewer.name}", seeding.share, seeding.seed):
        return
    had = select(ReviewSeedRow.item_id).where(ReviewSeedRow.reviewer == reviewer.name)
    settled = (
        select(ReviewItemRow)
        .where(
            ReviewItemRow.state == ItemState.CONFIRMED, ReviewItemRow.keying == Keying.SHOWN,
            ReviewItemRow.template == row.template, ReviewItemRow.reviewer != reviewer.name,
            ReviewItemRow.id.not_in(had),
        )
        .order_by(ReviewItemRow.created_at.desc())
        .limit(TRIED_ITEMS)
    )  # fmt: skip
    for other in session.scalars(settled):
        error = seed_error(to_item(other, now), f"{seeding.seed} {other.id} {reviewer.name}")
        if error is not None:
            session.add(
                ReviewSeedRow(
                    id=secrets.token_hex(ID_LENGTH // 2), item_id=other.id, reviewer=reviewer.name, seeded_at=now,
                    value=error.value, raw=error.raw, truth=other.human_value, state=ItemState.PENDING,
                    characters=characters_to_json(error.characters),
                )
            )  # fmt: skip
            return


def find_seeded(session: Session, seed_id: str, now: str) -> ReviewItem | None:
    """A seeded field as the reviewer sees it: like any other."""
    seed = session.get(ReviewSeedRow, seed_id)
    row = session.get(ReviewItemRow, seed.item_id) if seed else None
    return _seeded(seed, row, now) if seed and row else None


def settle_seeded(session: Session, answer: Answer, reviewer: Reviewer, at: str) -> ItemState | None:
    """Take the answer to a seeded field; taking the same one again changes nothing.

    Raises:
        QueueError: the answer does not fit, or it is not this reviewer's field.
    """
    seed = own_seed(session, answer.item_id, reviewer)
    row = session.get_one(ReviewItemRow, seed.item_id)
    state, value = judge(answer, _seeded(seed, row, at))
    if (seed.state, seed.keyed) == (state, value):
        return None
    _mark(session, seed, state, value, Event.SEEDED, at)
    return state


def pass_on_seeded(session: Session, seed_id: str, reviewer: Reviewer, event: Event, at: str) -> None:
    """A seeded field that is skipped or left to a supervisor counts for nothing."""
    _mark(session, own_seed(session, seed_id, reviewer), ItemState.ESCALATED, None, event, at)


def reopen_seeded(session: Session, seed: ReviewSeedRow, at: str) -> ReviewItem:
    """Take back what a reviewer did with a seeded field."""
    _mark(session, seed, ItemState.PENDING, None, Event.REOPENED, at)
    return _seeded(seed, session.get_one(ReviewItemRow, seed.item_id), at)


def own_seed(session: Session, seed_id: str, reviewer: Reviewer) -> ReviewSeedRow:
    """The row of a seeded field.

    Raises:
        QueueError: it is not this reviewer's.
    """
    seed = session.get(ReviewSeedRow, seed_id, with_for_update=True)
    if seed is None or seed.reviewer != reviewer.name:
        raise QueueError("this field needs nobody any more")
    return seed


def seeded_counts(session: Session, reviewer: Reviewer, since: str) -> tuple[int, Counter[str]]:
    """How many seeded fields a reviewer still has, and his answers to others since a time, by state."""
    mine = ReviewSeedRow.reviewer == reviewer.name
    waiting = session.scalar(
        select(func.count()).select_from(ReviewSeedRow).where(mine, ReviewSeedRow.state == ItemState.PENDING)
    )
    by_state = select(ReviewSeedRow.state, func.count()).where(mine, ReviewSeedRow.keyed_at >= since)
    counts: Counter[str] = Counter(dict(session.execute(by_state.group_by(ReviewSeedRow.state)).tuples().all()))
    for state in OPEN_STATES:
        counts.pop(state, None)
    return waiting or 0, counts


def vigilance(session: Session) -> tuple[Vigilance, ...]:
    """Who caught how many; a truth that was changed since makes no error of it."""
    answered = ReviewSeedRow.state.not_in(OPEN_STATES)
    missed = and_(ReviewSeedRow.keyed.is_not(None), ReviewSeedRow.keyed != ReviewSeedRow.truth)
    query = (
        select(ReviewSeedRow.reviewer, func.count(), func.count().filter(or_(~missed, ReviewSeedRow.keyed.is_(None))))
        .join(ReviewItemRow, ReviewItemRow.id == ReviewSeedRow.item_id)
        .where(answered, _is_true())
        .group_by(ReviewSeedRow.reviewer)
        .order_by(ReviewSeedRow.reviewer)
    )
    return tuple(Vigilance(*found) for found in session.execute(query).tuples())


def _mark(session: Session, seed: ReviewSeedRow, state: ItemState, keyed: str | None, event: Event, at: str) -> None:
    seed.state, seed.keyed = state, keyed
    seed.keyed_at = None if state is ItemState.PENDING else at
    record(session, at, seed.reviewer, event, seed.id, seed_standing(seed))


def _is_true() -> ColumnElement[bool]:
    """The field that the error was made from still stands as it did then."""
    return ReviewItemRow.human_value == ReviewSeedRow.truth


def _seeded(seed: ReviewSeedRow, row: ReviewItemRow, now: str) -> ReviewItem:
    item = to_item(row, now)
    is_open = seed.state == ItemState.PENDING
    return replace(
        item,
        id=seed.id,
        state=ItemState.CLAIMED if is_open else ItemState(seed.state),
        machine_value=seed.value,
        raw=seed.raw,
        characters=characters_from_json(seed.characters),
        alternatives=tuple(other for other in item.alternatives if other.value != seed.value),
        human_value=seed.keyed,
        reviewer=None if is_open else seed.reviewer,
        keyed_at=seed.keyed_at,
        claimed_by=seed.reviewer if is_open else None,
    )
