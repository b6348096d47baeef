"""How a file was read: every page with what each stage made of it, kept while it is read and not worked out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from pipeline.assembly import file_status
from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import (
    DocumentResult,
    ErrorItem,
    FieldReading,
    FormTemplate,
    Page,
    PageFacts,
    Registration,
    ResultStatus,
)
from pipeline.process import FieldTrace, PageTrace, ReadingOptions, read_pages
from recognizer.readings import GrayImage, Recognizer

SHOWN_PX = 1600
"""Longer side of a page's picture: small print can be read, and a page takes some hundred kilobytes."""


@dataclass(frozen=True)
class ExplainedField:
    """One field: what became of it, and what every stage made of it on the way.

    Attributes:
        reading: as in the result, after the rules over several fields.
        trace: None for a field of a page that fits no form; nothing was cut out of it.
    """

    reading: FieldReading
    trace: FieldTrace | None


@dataclass(frozen=True)
class ExplainedPage:
    """One page.

    Attributes:
        picture: (h, w) uint8, the page as scanned, at most `SHOWN_PX` long.
        document: the filled-in form it belongs to.
    """

    facts: PageFacts
    registration: Registration
    picture: GrayImage = field(repr=False)
    document: DocumentResult
    fields: tuple[ExplainedField, ...]


@dataclass(frozen=True)
class Explanation:
    """One file as it was read."""

    status: ResultStatus
    pages: tuple[ExplainedPage, ...]
    errors: tuple[ErrorItem, ...]


def explain_pages(
    pages: Iterator[Page],
    templates: Sequence[FormTemplate],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions,
    only_page: int | None = None,
) -> Explanation:
    """Read a file as a batch does, and keep what was thought on the way.

    Args:
        pages: in order, as for `read_pages`.
        only_page: keep this page only; the others are read for the sake of forms of several pages.
    """
    kept = _Kept(pages, only_page)
    traces: list[PageTrace] = []

    def keep(trace: PageTrace) -> None:
        if only_page in (None, trace.facts.number):
            traces.append(trace)

    reading = read_pages(kept, templates, recognizer, operating_point, options, on_trace=keep)
    owners = {number: document for document in reading.documents for number in document.pages}
    explained = tuple(
        ExplainedPage(
            facts=trace.facts,
            registration=trace.registration,
            picture=kept.pictures[trace.facts.number],
            document=owners[trace.facts.number],
            fields=_fields(owners[trace.facts.number], trace),
        )
        for trace in traces
    )
    return Explanation(file_status(reading), explained, reading.errors)


def _fields(document: DocumentResult, trace: PageTrace) -> tuple[ExplainedField, ...]:
    traced = {field.reading.name: field for field in trace.fields}
    mine = [reading for reading in document.fields if reading.page == trace.facts.number]
    return tuple(ExplainedField(reading, traced.get(reading.name)) for reading in mine)


class _Kept(Iterator[Page]):
    """Hands pages on, errors included, and keeps a picture of each."""

    def __init__(self, pages: Iterator[Page], only_page: int | None) -> None:
        self._pages = pages
        self._only_page = only_page
        self.pictures: dict[int, GrayImage] = {}

    def __next__(self) -> Page:
        page = next(self._pages)
        if self._only_page in (None, page.number):
            scale = min(1.0, SHOWN_PX / max(page.gray.shape))
            reduced = cv2.resize(page.gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self.pictures[page.number] = np.asarray(reduced, np.uint8)
        return page
