"""How results come into the review queue: which fields become items, follow a newer reading, and go again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.document import FieldKind, FieldSpec, FormTemplate, Polygon, SourceResult
from pipeline.routing import Routing
from pipeline.storage.database import lock_name
from pipeline.storage.review_item import ItemState, Keying, item_id
from pipeline.storage.review_rows import keep_crop, propose
from pipeline.storage.tables import ReviewItemRow
from recognizer.readings import GrayImage

AUDIT_PRIORITY = -1
"""Audits hold nothing up: what documents wait for comes first."""

Crops = Mapping[tuple[int, str], GrayImage]
"""Upright picture of a field by document number and field name."""

FLUSHED_ITEMS = 20
"""Items whose pictures are held at a time while a result is put into the queue."""


def put_into_queue(
    session: Session,
    result: SourceResult,
    crops: Crops,
    templates: Sequence[FormTemplate],
    run: str | None,
    routing: Routing,
    at: str,
) -> int:
    """Bring the items of one file in line with its result.

    Args:
        result, crops, templates, run: as for `ReviewQueue.put_result`.
        at: the time, for items that are new: ISO 8601, UTC.

    Returns:
        Number of pending items of this source afterwards.
    """
    specs = {(form.identity.name, spec.name): spec for form in templates for spec in form.fields}
    lock_name(session.connection(), result.source_id)
    query = select(ReviewItemRow).where(ReviewItemRow.source_id == result.source_id)
    left_over = {row.id: row for row in session.scalars(query)}
    accounts = _accounts_by_page(result)
    pending = 0
    for document in result.documents:
        form = document.template.name if document.template else ""
        for position, reading in enumerate(document.fields):
            identity = item_id(result.source_id, document.number, reading.name)
            keying = routing.route(reading, form, identity)
            if keying is None:
                continue
            row = left_over.pop(identity, None) or _new_row(session, identity, at)
            if row.state != ItemState.PENDING:
                continue
            pending += 1
            row.source_names = sorted({*row.source_names, *result.source_names})
            if row.fingerprint == result.fingerprint and row.keying == keying:
                continue
            spec = specs.get((form, reading.name), FieldSpec(reading.name, reading.kind))
            others = [place for item, place in accounts.get(reading.page, ()) if item != identity]
            propose(row, result, document, position, reading, spec, others)
            row.run, row.keying = run, keying
            row.priority = AUDIT_PRIORITY if keying is Keying.AUDIT else 0
            keep_crop(row, crops.get((document.number, reading.name)))
            if pending % FLUSHED_ITEMS == 0:
                session.flush()  # lets go of their pictures
    for row in left_over.values():
        # Where pages could not be read, their fields are not known to need nobody.
        if row.state == ItemState.PENDING and not result.errors:
            session.delete(row)
    return pending


def _accounts_by_page(result: SourceResult) -> Mapping[int, Sequence[tuple[str, Polygon]]]:
    """Places of account numbers by page, each with the item it is or would be."""
    found: dict[int, list[tuple[str, Polygon]]] = {}
    for document in result.documents:
        for reading in document.fields:
            if reading.kind is FieldKind.ACCOUNT:
                identity = item_id(result.source_id, document.number, reading.name)
                found.setdefault(reading.page, []).append((identity, reading.polygon_px))
    return found


def _new_row(session: Session, identity: str, at: str) -> ReviewItemRow:
    row = ReviewItemRow(
        id=identity,
        state=ItemState.PENDING,
        created_at=at,
        source_names=[],
        fingerprint="",
        crop=None,
        skips=0,
    )
    session.add(row)
    return row
