"""Results with people's values in them, for the systems that come after; the machine's stay beside them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.document import Decision, DocumentResult, FieldKind, FieldReading, ResultStatus, SourceResult
from pipeline.storage.review_item import OPEN_STATES, ItemState, Keying, ReviewItem, item_id

Items = Mapping[str, ReviewItem]
"""Items of the queue by id."""


class Standing(StrEnum):
    """How far a document is."""

    FINAL = "final"
    WAITING = "waiting"
    """A field waits for a person."""
    FAILED = "failed"
    """It could not be read, so nobody knows its fields."""


class Origin(StrEnum):
    """Whose value a field has."""

    MACHINE = "machine"
    PERSON = "person"
    NOBODY = "nobody"
    """It is filled in, and nobody can read it."""


@dataclass(frozen=True, slots=True)
class FinalField:
    """One settled field.

    Attributes:
        value: None for a field that is blank, as the machine or a person (`state` blank) saw, and where nobody can
            read it.
        machine_value, confidence, decision: as read.
        state: of its item in the queue; None when it needed no person.
        reviewer, keyed_at: who settled it and when; None when nobody had to.
    """

    name: str
    kind: FieldKind
    value: str | None
    origin: Origin
    machine_value: str | None
    confidence: float
    decision: Decision
    state: ItemState | None = None
    reviewer: str | None = None
    keyed_at: str | None = None


@dataclass(frozen=True, slots=True)
class FinalDocument:
    """One filled-in form on its way out.

    Attributes:
        fields: those that are settled; all of them when the document is final.
        waiting: how many are not.
    """

    source_id: str
    source_names: tuple[str, ...]
    number: int
    template: str | None
    standing: Standing
    fields: tuple[FinalField, ...]
    waiting: int


def finalise(result: SourceResult, items: Items) -> Iterator[FinalDocument]:
    """The documents of a file, each as far as it is settled.

    Args:
        items: of this file, whatever their state.
    """
    for document in result.documents:
        fields = [_final(reading, _item(result, document, reading, items)) for reading in document.fields]
        settled = tuple(field for field in fields if field is not None)
        waiting = len(fields) - len(settled)
        yield FinalDocument(
            result.source_id,
            result.source_names,
            document.number,
            document.template.name if document.template else None,
            _standing(document, waiting),
            settled,
            waiting,
        )


def _standing(document: DocumentResult, waiting: int) -> Standing:
    if document.status is ResultStatus.FAILED:
        return Standing.FAILED
    return Standing.WAITING if waiting else Standing.FINAL


def _item(result: SourceResult, document: DocumentResult, reading: FieldReading, items: Items) -> ReviewItem | None:
    return items.get(item_id(result.source_id, document.number, reading.name))


def _final(reading: FieldReading, item: ReviewItem | None) -> FinalField | None:
    """The field with its value; None while it waits for a person."""
    settled = item if item is not None and item.state not in OPEN_STATES else None
    if settled is None and _needs_person(reading, item):
        return None
    if settled is None:
        return FinalField(
            reading.name, reading.kind, reading.value, Origin.MACHINE, reading.value, reading.confidence,
            reading.decision,
        )  # fmt: skip
    return FinalField(
        reading.name, reading.kind, settled.human_value, _origin(reading, settled), settled.machine_value,
        settled.confidence, reading.decision, settled.state, settled.reviewer, settled.keyed_at,
    )  # fmt: skip


def _needs_person(reading: FieldReading, item: ReviewItem | None) -> bool:
    """An audit measures what is accepted and holds nothing up; a second key does."""
    return reading.decision is Decision.REVIEW or (item is not None and item.keying is not Keying.AUDIT)


def _origin(reading: FieldReading, item: ReviewItem) -> Origin:
    if item.state is ItemState.UNREADABLE:
        return Origin.NOBODY
    seen_alike = ItemState.BLANK if reading.decision is Decision.BLANK else ItemState.CONFIRMED
    return Origin.MACHINE if item.state is seen_alike else Origin.PERSON


def document_to_json(document: FinalDocument) -> dict[str, Any]:
    """A final document as plain values; the same one gives the same bytes, whenever it is written."""
    return {
        "schema_version": "1",
        "source": {"id": document.source_id or None, "names": list(document.source_names)},
        "document": document.number,
        "template": document.template,
        "fields": {
            field.name: {
                "kind": field.kind.value,
                "value": field.value,
                "origin": field.origin.value,
                "machine_value": field.machine_value,
                "confidence": round(field.confidence, 6),
                "decision": field.decision.value,
                "review": None
                if field.state is None
                else {"state": field.state.value, "reviewer": field.reviewer, "keyed_at": field.keyed_at},
            }
            for field in document.fields
        },
    }
