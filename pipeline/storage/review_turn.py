"""Which fields a reviewer may be given, and in what turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, or_

from pipeline.storage.review_item import ItemState, Keying
from pipeline.storage.reviewers import Reviewer
from pipeline.storage.tables import ReviewItemRow, ReviewKeyRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items a reviewer wants to see; None for any.

    Attributes:
        template: name of the form.
        reason: one of those for which items are in the queue.
    """

    template: str | None = None
    reason: str | None = None


ANY_FIELD = Wanted()
"""Whatever waits."""


def may_be_given(reviewer: Reviewer, wanted: Wanted) -> ColumnElement[bool]:
    """What waits, fits a reviewer's filter, and was not keyed blindly by himself."""
    return and_(*_conditions(reviewer, wanted))


def in_turn(query: Select[tuple[ReviewItemRow]]) -> Select[tuple[ReviewItemRow]]:
    """In the order in which fields are handed out."""
    return query.order_by(
        ReviewItemRow.priority.desc(), ReviewItemRow.skips, ReviewItemRow.created_at, ReviewItemRow.source_id,
        ReviewItemRow.document, ReviewItemRow.position,
    )  # fmt: skip


def _conditions(reviewer: Reviewer, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    keyed = exists().where(ReviewKeyRow.item_id == ReviewItemRow.id, ReviewKeyRow.reviewer == reviewer.name)
    pending = and_(ReviewItemRow.state == ItemState.PENDING, ~keyed)
    yield or_(pending, ReviewItemRow.state == ItemState.ESCALATED) if reviewer.is_supervisor else pending
    if wanted.template is not None:
        yield ReviewItemRow.template == wanted.template
    if wanted.reason is not None:
        # Of a field keyed blindly not even the reason may be known.
        yield or_(ReviewItemRow.keying == Keying.SHOWN, ReviewItemRow.state == ItemState.ESCALATED)
        yield cast(ReviewItemRow.reasons, String).contains(f'"{wanted.reason}"', autoescape=True)
