"""From pages that were read to the filled-in forms they make up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.document import (
    Decision,
    DocumentResult,
    ErrorItem,
    FieldReading,
    PageFacts,
    Registration,
    RegistrationStatus,
    ResultStatus,
)
from pipeline.packed_fields import PackedFields, joined
from pipeline.stages.decide import DecideOptions
from pipeline.stages.reconcile import reconcile
from recognizer.readings import GrayImage


@dataclass(frozen=True)
class PageReadings:
    """One page with its fields read, as small as may be: a file may have thousands.

    Attributes:
        registration: without the places that were matched.
    """

    facts: PageFacts
    registration: Registration
    readings: Sequence[FieldReading]


@dataclass(frozen=True)
class PagesReading:
    """What was read on the pages of one file.

    Attributes:
        review_crops: (document number, field name) to the upright picture of every field that waits for a person.
    """

    pages: tuple[PageFacts, ...]
    documents: tuple[DocumentResult, ...]
    errors: tuple[ErrorItem, ...]
    review_crops: Mapping[tuple[int, str], GrayImage] = field(default_factory=dict, repr=False)


def page_readings(facts: PageFacts, registration: Registration, readings: Sequence[FieldReading]) -> PageReadings:
    """What is kept of a page until its file ends."""
    return PageReadings(facts, replace(registration, mm_to_page=None, anchors=()), readings)


def packed(page: PageReadings) -> PageReadings:
    """The same page in less memory, slower to look at."""
    return replace(page, readings=PackedFields([page.readings]))


def assemble(
    pages: Sequence[PageReadings],
    are_forms: bool,
    options: DecideOptions,
    errors: Sequence[ErrorItem],
    pictures: Mapping[tuple[int, str], GrayImage],
) -> PagesReading:
    """Put the pages of a file together to documents.

    Args:
        pages: in order.
        are_forms: they were read with templates; else they are one document.
        errors: of pages that could not be read.
        pictures: of fields, by page number and name.
    """
    groups = _grouped(pages) if are_forms else [list(pages)] if pages else []
    documents = tuple(_document(number, group, options) for number, group in enumerate(groups, start=1))
    return PagesReading(
        tuple(page.facts for page in pages), documents, tuple(errors), _ReviewCrops(documents, pictures)
    )


class _ReviewCrops(Mapping[tuple[int, str], GrayImage]):
    """Pictures of the fields that wait for a person, by document number and name, fetched when they are looked at."""

    def __init__(self, documents: Sequence[DocumentResult], pictures: Mapping[tuple[int, str], GrayImage]) -> None:
        self._pictures = pictures
        self._pages = {
            (document.number, reading.name): reading.page
            for document in documents
            for reading in document.fields
            if reading.decision is Decision.REVIEW
        }

    def __getitem__(self, key: tuple[int, str]) -> GrayImage:
        return self._pictures[self._pages[key], key[1]]

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self._pages)

    def __len__(self) -> int:
        return len(self._pages)


def _grouped(pages: Sequence[PageReadings]) -> list[list[PageReadings]]:
    """Pages of one filled-in form together: following pages of the same template, in its page order."""
    groups: list[list[PageReadings]] = []
    for page in pages:
        here = page.registration
        last = groups[-1][-1].registration if groups else None
        continues = (
            last is not None
            and here.template is not None
            and here.template is last.template
            and here.template_page == last.template_page + 1
        )
        if continues:
            groups[-1].append(page)
        else:
            groups.append([page])
    return groups


def _document(number: int, pages: Sequence[PageReadings], options: DecideOptions) -> DocumentResult:
    registration = pages[0].registration
    fields = joined([page.readings for page in pages])
    if registration.template is not None and registration.template.cross_rules:
        reconciled = reconcile(fields, registration.template.cross_rules, options.accept_uncertified)
        fields = PackedFields([reconciled]) if isinstance(fields, PackedFields) else reconciled
    return DocumentResult(
        number=number,
        pages=tuple(page.facts.number for page in pages),
        status=_status(fields, registration),
        template=registration.template.identity if registration.template is not None else None,
        registration=registration.status,
        residual_px=registration.residual_px,
        fields=fields,
    )


def _status(fields: Sequence[FieldReading], registration: Registration) -> ResultStatus:
    """A page that no template fits has no fields, and still needs a person."""
    waits = registration.status is RegistrationStatus.FAILED or any(f.decision is Decision.REVIEW for f in fields)
    return ResultStatus.NEEDS_REVIEW if waits else ResultStatus.ACCEPTED


def file_status(reading: PagesReading) -> ResultStatus:
    """Status of a whole file: failed when nothing could be read, never accepted beside an error."""
    if not reading.documents:
        return ResultStatus.FAILED
    waits = reading.errors or any(d.status is not ResultStatus.ACCEPTED for d in reading.documents)
    return ResultStatus.NEEDS_REVIEW if waits else ResultStatus.ACCEPTED
