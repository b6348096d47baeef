"""A picture of a page with what was read drawn in, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Decision, FieldReading, ResultStatus, SourceResult
from pipeline.storage.marked_page import Caption, Colour, Mark, draw_marked_page
from recognizer.readings import GrayImage

COLOURS: dict[Decision, Colour] = {
    Decision.ACCEPTED: (26, 127, 55),
    Decision.REVIEW: (188, 76, 0),
    Decision.BLANK: (87, 96, 106),
}
"""RGB. Green, orange and gray of different brightness: told apart by colour-blind eyes and in a gray print too."""

WORDS = {Decision.ACCEPTED: "accepted", Decision.REVIEW: "for review", Decision.BLANK: "blank"}


def draw_overlay(page_gray: GrayImage, result: SourceResult, page_number: int) -> NDArray[np.uint8]:
    """Draw every field of a page with its value, confidence and, where it waits for a person, the reasons.

    Args:
        page_gray: (H, W) uint8, the page as scanned.
        result: of the file the page is from.
        page_number: in the file, from 1.

    Returns:
        (h, w, 3) uint8 BGR, at most 1600 pixels wide; a band with the legend is added below the page.
    """
    fields = tuple(_fields_on(result, page_number))
    marks = [Mark(field.polygon_px, " · ".join(_label_parts(field)), COLOURS[field.decision]) for field in fields]
    caption = Caption(_title(result, page_number), _legend(fields), tuple(_notes(result, page_number)))
    return draw_marked_page(page_gray, marks, caption)


def _fields_on(result: SourceResult, page_number: int) -> Iterator[FieldReading]:
    for document in result.documents:
        if page_number in document.pages:
            yield from (field for field in document.fields if field.page == page_number)


def _label_parts(field: FieldReading) -> Iterator[str]:
    yield field.name
    if field.decision is Decision.BLANK:
        yield "blank"
    elif field.value is None:
        yield "unread"
    else:
        yield field.value if field.decision is Decision.ACCEPTED else f"{field.value} ?"
        yield f"{_percent(field.confidence)} %"
    yield from field.reasons[:1]
    if len(field.reasons) > 1:
        yield f"+{len(field.reasons) - 1}"


def _percent(confidence: float) -> str:
    """One decimal, and never 100.0 for what is not certain."""
    return f"{min(confidence * 100, 99.9 if confidence < 1 else 100):.1f}"


def _title(result: SourceResult, page_number: int) -> str:
    name = PurePath(result.source_names[0]).name
    place = f"page {page_number} of {len(result.pages)}" if result.pages else f"page {page_number}"
    return f"{name} · {place} · {result.status.value.replace('_', ' ')}"


def _legend(fields: Sequence[FieldReading]) -> tuple[tuple[str, Colour], ...]:
    return tuple(
        (f"{word} {sum(field.decision is decision for field in fields)}", COLOURS[decision])
        for decision, word in WORDS.items()
    )


def _notes(result: SourceResult, page_number: int) -> Iterator[str]:
    """What went wrong on this page or with the whole file."""
    for item in result.errors:
        if item.page in (None, page_number):
            yield f"{item.code}: {item.message}"
    for document in result.documents:
        if document.status is ResultStatus.FAILED and page_number in document.pages:
            yield f"form {document.number} could not be read (registration {document.registration.value})"
