"""One answer to one item, in a transaction that holds the audit log; the same for the station and the spreadsheet."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.errors import QueueError
from pipeline.second_key import Step, weigh_keys
from pipeline.storage.review_item import (
    BLANK,
    CONFIRMS,
    OPEN_STATES,
    UNREADABLE,
    Answer,
    ItemState,
    Keying,
    ReviewItem,
    judge,
)
from pipeline.storage.review_log import Event, record, standing
from pipeline.storage.review_rows import to_item
from pipeline.storage.tables import ReviewerRow, ReviewItemRow, ReviewKeyRow


def settle_row(
    session: Session, answer: Answer, reviewer: str, at: str, is_supervisor: bool = False, note: str | None = None
) -> ItemState | None:
    """Take an answer; taking the same one again changes nothing.

    Args:
        at: now, ISO 8601 in UTC.
        is_supervisor: may decide what was escalated.
        note: why the reviewer insisted on a value that breaks a rule.

    Returns:
        The item's new state; None when the answer changed nothing.

    Raises:
        QueueError: the answer does not fit its field, its item is unknown or not this reviewer's to answer.
    """
    row = session.get(ReviewItemRow, answer.item_id, with_for_update=True)
    if row is None:
        raise QueueError(f"{answer.place}: there is no item {answer.item_id} in this queue")
    item = to_item(row, at)
    is_blind = item.keying is not Keying.SHOWN and item.state is not ItemState.ESCALATED
    if is_blind and answer.text.strip() == CONFIRMS:
        raise QueueError(f"{answer.place}: this field is keyed without its proposal; key the value, '?' or 'blank'")
    state, value = judge(answer, item)
    if (row.state, row.human_value) == (state, value):
        return None
    _refuse_other_hands(item, answer, reviewer, is_supervisor)
    row.claimed_by = row.claimed_until = None
    if is_blind:
        key = BLANK if state is ItemState.BLANK else value
        return _second_key(session, row, item, replace(answer, text=key or UNREADABLE), reviewer, at, note)
    return _settle(session, row, state, value, reviewer, at, note)


def _refuse_other_hands(item: ReviewItem, answer: Answer, reviewer: str, is_supervisor: bool) -> None:
    if item.state not in OPEN_STATES and item.reviewer != reviewer:
        raise QueueError(f"{answer.place}: {item.reviewer} has answered this item differently")
    if item.state not in OPEN_STATES and item.keying is not Keying.SHOWN:
        raise QueueError(f"{answer.place}: this item has been keyed; take it back first")
    if item.state is ItemState.ESCALATED and not is_supervisor:
        raise QueueError(f"{answer.place}: this item waits for a supervisor")
    if item.claimed_by not in (None, reviewer):
        raise QueueError(f"{answer.place}: {item.claimed_by} is at this item now")


def _second_key(
    session: Session, row: ReviewItemRow, item: ReviewItem, answer: Answer, reviewer: str, at: str, note: str | None
) -> ItemState | None:
    value = None if answer.text == UNREADABLE else answer.text
    earlier = list(session.scalars(select(ReviewKeyRow).where(ReviewKeyRow.item_id == row.id)))
    if any(key.reviewer == reviewer for key in earlier):
        raise QueueError(f"{answer.place}: {reviewer} has keyed this item already; another person has to")
    earlier.sort(key=lambda key: key.keyed_at)
    people = session.scalar(select(func.count()).select_from(ReviewerRow)) or 1
    # Of what a machine is sure enough of, no value means that it saw a blank; it counts as its key like any other.
    machine = item.machine_value if item.machine_value is not None else BLANK
    agreement = weigh_keys(machine, [*(key.value for key in earlier), value], people)
    session.add(ReviewKeyRow(item_id=row.id, reviewer=reviewer, value=value, keyed_at=at))
    if agreement.step is Step.SETTLED:
        state, settled = judge(replace(answer, text=agreement.value or UNREADABLE), item)
        return _settle(session, row, state, settled, reviewer, at, note)
    record(session, at, reviewer, Event.KEYED, row.id, {"value": value, "note": note})
    if agreement.step is Step.SUPERVISOR:
        escalate_row(session, row, reviewer, at, "the keys differ")
        return ItemState.ESCALATED
    return ItemState.PENDING


def _settle(
    session: Session, row: ReviewItemRow, state: ItemState, value: str | None, reviewer: str, at: str, note: str | None
) -> ItemState:
    row.state, row.human_value, row.reviewer, row.keyed_at = state, value, reviewer, at
    record(session, at, reviewer, Event.SETTLED, row.id, {**standing(row), "keying": row.keying, "note": note})
    return state


def escalate_row(session: Session, row: ReviewItemRow, reviewer: str, at: str, note: str | None) -> None:
    """Leave an open item to a supervisor."""
    row.state = ItemState.ESCALATED
    row.claimed_by = row.claimed_until = None
    record(session, at, reviewer, Event.ESCALATED, row.id, {**standing(row), "note": note})


def reopen_row(session: Session, row: ReviewItemRow, reviewer: str, at: str) -> None:
    """Take an answer back; the log keeps that it was given."""
    before = standing(row)
    own_key = session.get(ReviewKeyRow, (row.id, reviewer))
    if own_key is not None:
        session.delete(own_key)
    row.state = ItemState.PENDING
    row.human_value = row.reviewer = row.keyed_at = None
    record(session, at, reviewer, Event.REOPENED, row.id, {**standing(row), "before": before})
