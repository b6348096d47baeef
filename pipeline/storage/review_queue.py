"""The review queue: fields that a person must settle, with the machine's proposal beside every answer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, exists, func, or_, select, update

from pipeline.document import Correction, FormTemplate, SourceResult
from pipeline.errors import QueueError
from pipeline.exchange_format import ExchangeFormat
from pipeline.routing import DOUBTFUL_ONLY, Routing
from pipeline.storage.database import open_database, portions
from pipeline.storage.review_exchange import EXCHANGES, read_exchanged
from pipeline.storage.review_filling import Crops, put_into_queue
from pipeline.storage.review_item import OPEN_STATES, Answer, ItemState, Keying, ReviewItem
from pipeline.storage.review_log import lock_log
from pipeline.storage.review_rows import decode_crop, to_item
from pipeline.storage.review_settling import settle_row
from pipeline.storage.state_store import StateStore, utc_now
from pipeline.storage.tables import ReviewCropRow, ReviewItemRow, ReviewLogRow
from recognizer.readings import GrayImage


class ReviewQueue(StateStore):
    """A queue in a database; many processes may use it at once, each with its own object."""

    CALLED = "the review queue"

    def __init__(
        self, engine: Engine, now: Callable[[], dt.datetime] = utc_now, routing: Routing = DOUBTFUL_ONLY
    ) -> None:
        super().__init__(engine, now)
        self._routing = routing

    @classmethod
    def open(cls, url: str, routing: Routing = DOUBTFUL_ONLY) -> ReviewQueue:
        """Open the queue at a database URL (`sqlite:///path` or PostgreSQL), making and migrating what is needed.

        Args:
            routing: what else is to be keyed than fields in review.

        Raises:
            QueueError: the database cannot be used.
        """
        return cls(open_database(url), routing=routing)

    @property
    def routing(self) -> Routing:
        """What is to be keyed beyond fields in review."""
        return self._routing

    # --- the machine's side ----------------------------------------------------------------------

    def put_result(
        self, result: SourceResult, crops: Crops, templates: Sequence[FormTemplate] = (), run: str | None = None
    ) -> int:
        """Bring the queue in line with one result, in one transaction; doing it twice changes nothing.

        Fields in review, and others that the routing asks for, become pending items. A pending item follows a newer
        reading of its field and goes when the field no longer needs a person; a settled item stays as it is.

        Args:
            result: one file's result.
            crops: (h, w) uint8 picture of each field in review; a field may lack one.
            templates: the forms that were read with; they tell how long a value may be.
            run: name of the batch run.

        Returns:
            Number of pending items of this source afterwards.
        """
        with self._write() as session:
            return put_into_queue(session, result, crops, templates, run, self._routing, self._clock())

    # --- what stands in it -----------------------------------------------------------------------

    def list_items(
        self,
        state: ItemState | None = ItemState.PENDING,
        template: str | None = None,
        source_id: str | None = None,
        limit: int | None = None,
    ) -> tuple[ReviewItem, ...]:
        """Items, oldest first, those of a document together.

        Args:
            state: only items in this state; None for all.
            template: only items of this form.
            source_id: only items of this file.
            limit: at most so many.
        """
        query = _in_order(select(ReviewItemRow)).limit(limit)
        now = self._clock()
        if state is not None:
            query = query.where(_stands(state, now))
        if template is not None:
            query = query.where(ReviewItemRow.template == template)
        if source_id is not None:
            query = query.where(ReviewItemRow.source_id == source_id)
        with self._read() as session:
            return tuple(to_item(row, now) for row in session.scalars(query))

    def knows(self, source_id: str) -> bool:
        """Whether there are items of a file, open or settled."""
        with self._read() as session:
            return bool(session.scalar(select(exists().where(ReviewItemRow.source_id == source_id))))

    def count(self) -> Mapping[ItemState, int]:
        """Number of items by state, 0 where there are none."""
        now = self._clock()
        stored = select(ReviewItemRow.state, func.count()).group_by(ReviewItemRow.state)
        claimed = select(func.count()).select_from(ReviewItemRow).where(_stands(ItemState.CLAIMED, now))
        with self._read() as session:
            found = {ItemState(state): count for state, count in session.execute(stored)}
            on_screens = session.scalar(claimed) or 0
        found[ItemState.PENDING] = found.get(ItemState.PENDING, 0) - on_screens
        found[ItemState.CLAIMED] = on_screens
        return {state: found.get(state, 0) for state in ItemState}

    def crop_png(self, identity: str) -> bytes | None:
        """PNG of an item's field; None when it has no picture or there is no such item."""
        with self._read() as session:
            crop = session.get(ReviewCropRow, identity)
            return crop.png if crop else None

    def crop(self, identity: str) -> GrayImage | None:
        """(h, w) uint8 picture of an item's field; None when it has none."""
        png = self.crop_png(identity)
        return None if png is None else decode_crop(png)

    def corrections(self) -> tuple[Correction, ...]:
        """Every answer so far, oldest item first; `human_value` is None where it is blank or unreadable."""
        query = _in_order(select(ReviewItemRow).where(ReviewItemRow.reviewer.is_not(None)))
        with self._read() as session:
            return tuple(
                Correction(row.id, row.machine_value, row.human_value, row.reviewer or "", row.keyed_at or "")
                for row in session.scalars(query)
            )

    def audited(self, template: str | None = None, called_blank: bool = False) -> tuple[tuple[bool, ...], int]:
        """Whether each audited field was wrong, in the order they were settled; and how many are still to settle.

        Args:
            template: only fields of this form.
            called_blank: fields that the machine called blank, instead of those whose value it accepted. They are
                counted apart: on sparse forms they are many, and would make the accepted values look better.
        """
        of_sort = ReviewItemRow.machine_value.is_(None) if called_blank else ReviewItemRow.machine_value.is_not(None)
        query = select(ReviewItemRow.state).where(ReviewItemRow.keying == Keying.AUDIT, of_sort)
        if template is not None:
            query = query.where(ReviewItemRow.template == template)
        with self._read() as session:
            states = [ItemState(state) for state in session.scalars(query.order_by(ReviewItemRow.keyed_at))]
        settled = [state for state in states if state not in OPEN_STATES]
        right = ItemState.BLANK if called_blank else ItemState.CONFIRMED
        return tuple(state is not right for state in settled), len(states) - len(settled)

    def audited_templates(self) -> tuple[str, ...]:
        """Forms of which fields were drawn for an audit, in order of their names."""
        query = select(ReviewItemRow.template).where(ReviewItemRow.keying == Keying.AUDIT).distinct()
        with self._read() as session:
            return tuple(sorted(template for template in session.scalars(query) if template is not None))

    # --- the person's side -----------------------------------------------------------------------

    def settle(self, answers: Sequence[Answer], reviewer: str) -> Mapping[ItemState, int]:
        """Take a person's answers, all of them or, on an error, none; answers already taken change nothing.

        Reviewers may change their own answers, never somebody else's. A field that is keyed blindly may stay open.

        Returns:
            How many items came to each state by this call.

        Raises:
            QueueError: an answer does not fit its field, its item is unknown or somebody else answered differently;
                the message names the answer's place.
        """
        if not reviewer.strip():
            raise QueueError("a reviewer needs a name")
        settled: Counter[ItemState] = Counter()
        with self._write() as session:
            lock_log(session)
            for answer in answers:
                state = settle_row(session, answer, reviewer, self._clock())
                if state is not None:
                    settled[state] += 1
        return settled

    # --- retention -------------------------------------------------------------------------------

    def count_of(self, source_ids: Sequence[str]) -> Mapping[ItemState, int]:
        """Number of items of some files, by state."""
        counts: Counter[ItemState] = Counter()
        with self._read() as session:
            for some in portions(source_ids):
                query = select(ReviewItemRow.state, func.count()).where(ReviewItemRow.source_id.in_(some))
                counts.update(
                    {ItemState(state): n for state, n in session.execute(query.group_by(ReviewItemRow.state))}
                )
        return counts

    def forget(self, source_ids: Sequence[str]) -> None:
        """Remove all items of some files, answers and pictures included; the log keeps when and by whom, no values."""
        with self._write() as session:
            lock_log(session)
            for some in portions(source_ids):
                items = select(ReviewItemRow.id).where(ReviewItemRow.source_id.in_(some))
                session.execute(update(ReviewLogRow).where(ReviewLogRow.item_id.in_(items)).values(detail=None))
                session.execute(delete(ReviewItemRow).where(ReviewItemRow.source_id.in_(some)))

    # --- by spreadsheet and other programs -------------------------------------------------------

    def export(self, folder: Path, limit: int | None = None, form: ExchangeFormat = ExchangeFormat.CSV) -> int:
        """Write the pending items into a folder: one file, such as `queue.csv`, and `crops/*.png`.

        Args:
            folder: made when missing; an older export there is replaced, unless it holds answers not yet imported.
            limit: at most so many items.
            form: which file.

        Returns:
            Number of items written.

        Raises:
            QueueError: the folder cannot be written or holds answers that would be lost.
        """
        # A table shows the proposal; what is keyed without it is left to the review station.
        pending = [item for item in self.list_items() if item.keying is Keying.SHOWN][:limit]
        exchange = EXCHANGES[form]
        older = folder / exchange.file
        if older.exists():
            waiting = {item.id for item in self.list_items()}
            if any(answer.item_id in waiting for answer in exchange.read(older)):
                raise QueueError(f"{older} holds answers that were not imported: import it first, or export elsewhere")
        return exchange.write(folder, ((item, self.crop_png(item.id)) for item in pending))

    def import_answers(self, path: Path, reviewer: str) -> Mapping[ItemState, int]:
        """Settle items from a file that was exported and filled in, all answers or none; see `settle` and `Answer`.

        Raises:
            QueueError: the message names the file and the row.
        """
        return self.settle(read_exchanged(path), reviewer)


def _in_order(query: Select[tuple[ReviewItemRow]]) -> Select[tuple[ReviewItemRow]]:
    return query.order_by(
        ReviewItemRow.created_at, ReviewItemRow.source_id, ReviewItemRow.document, ReviewItemRow.position
    )


def _stands(state: ItemState, now: str) -> ColumnElement[bool]:
    """Items in a state; those of reviewers at work are claimed, until their claim runs out."""
    is_claimed = and_(ReviewItemRow.claimed_by.is_not(None), ReviewItemRow.claimed_until > now)
    if state is ItemState.CLAIMED:
        return and_(ReviewItemRow.state == ItemState.PENDING, is_claimed)
    if state is ItemState.PENDING:
        return and_(
            ReviewItemRow.state == state, or_(ReviewItemRow.claimed_until.is_(None), ReviewItemRow.claimed_until <= now)
        )
    return ReviewItemRow.state == state
