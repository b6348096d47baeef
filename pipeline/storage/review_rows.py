"""Between the rows of the database and the records of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from pipeline.document import (
    Alternative,
    Box,
    CharacterReading,
    DocumentResult,
    FieldKind,
    FieldReading,
    FieldSpec,
    Polygon,
    SourceResult,
)
from pipeline.storage.review_item import ItemState, Keying, ReviewItem
from pipeline.storage.tables import ReviewCropRow, ReviewItemRow
from recognizer.readings import GrayImage


def propose(
    row: ReviewItemRow,
    result: SourceResult,
    document: DocumentResult,
    position: int,
    reading: FieldReading,
    spec: FieldSpec,
    accounts_px: Sequence[Polygon],
) -> None:
    """Write what the machine read into the row of an item.

    Args:
        position: of the field in its document, from 0.
        accounts_px: where account numbers of other fields stand on its page.
    """
    row.source_id, row.document, row.page = result.source_id, document.number, reading.page
    row.position = position
    row.template = document.template.name if document.template else None
    row.field, row.kind = reading.name, reading.kind
    row.length, row.country, row.date_order = spec.length, spec.country, spec.date_order
    row.polygon_px = [list(point) for point in reading.polygon_px]
    row.machine_value, row.raw = reading.value, reading.raw
    row.confidence, row.threshold = reading.confidence, reading.threshold
    row.reasons = list(reading.reasons)
    row.alternatives = [[other.value, other.confidence] for other in reading.alternatives]
    row.characters = characters_to_json(reading.characters)
    row.fingerprint = result.fingerprint
    row.accounts_px = [[list(point) for point in polygon] for polygon in accounts_px]


def characters_to_json(characters: Sequence[CharacterReading]) -> list[Any]:
    """Characters as a column keeps them."""
    return [[c.char, c.confidence, c.box_px.left, c.box_px.top, c.box_px.right, c.box_px.bottom] for c in characters]


def characters_from_json(kept: Sequence[Any]) -> tuple[CharacterReading, ...]:
    """Characters out of their column."""
    return tuple(CharacterReading(char, confidence, Box(*box)) for char, confidence, *box in kept)


def keep_crop(row: ReviewItemRow, image: GrayImage | None) -> None:
    """Give the row of an item its picture, or none."""
    if image is None or image.size == 0:
        row.crop = None
        return
    _, encoded = cv2.imencode(".png", image)
    if row.crop is None:
        row.crop = ReviewCropRow(png=encoded.tobytes())
    else:
        row.crop.png = encoded.tobytes()


def decode_crop(png: bytes) -> GrayImage:
    """(h, w) uint8 picture from the PNG that `keep_crop` made."""
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def to_item(row: ReviewItemRow, now: str) -> ReviewItem:
    """The record of an item, as it stands at a time (ISO 8601, UTC): claims run out."""
    kind = FieldKind(row.kind)
    state = ItemState(row.state)
    claimed_by = row.claimed_by if row.claimed_until and row.claimed_until > now else None
    return ReviewItem(
        id=row.id,
        state=ItemState.CLAIMED if claimed_by and state is ItemState.PENDING else state,
        created_at=row.created_at,
        source_id=row.source_id,
        source_names=tuple(row.source_names),
        document=row.document,
        page=row.page,
        template=row.template,
        spec=FieldSpec(row.field, kind, length=row.length, country=row.country, date_order=row.date_order),
        polygon_px=_polygon(row.polygon_px),
        machine_value=row.machine_value,
        raw=row.raw,
        confidence=row.confidence,
        threshold=row.threshold,
        reasons=tuple(row.reasons),
        alternatives=tuple(Alternative(value, confidence) for value, confidence in row.alternatives),
        characters=characters_from_json(row.characters),
        fingerprint=row.fingerprint,
        run=row.run,
        human_value=row.human_value,
        reviewer=row.reviewer,
        keyed_at=row.keyed_at,
        priority=row.priority,
        keying=Keying(row.keying),
        claimed_by=claimed_by,
        accounts_px=None if row.accounts_px is None else tuple(map(_polygon, row.accounts_px)),
    )


def _polygon(corners: list[list[float]]) -> Polygon:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
