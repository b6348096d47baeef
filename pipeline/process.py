"""The recipe: pages of one file to read forms, one line a stage. Plain functions; no path, clock or setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np

from pipeline.document import (
    Decision,
    DocumentResult,
    ErrorItem,
    FieldKind,
    FieldReading,
    FieldRegion,
    FieldSpec,
    FormTemplate,
    Page,
    PageFacts,
    Reason,
    Registration,
    RegistrationStatus,
    ResultStatus,
)
from pipeline.operating_point import OperatingPoint, Threshold
from pipeline.page_stream import sound_pages
from pipeline.stage_clock import StageClock
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import Decoded, decode_field
from pipeline.stages.field_crop import regions_of_crops
from pipeline.stages.locate import find_fields, locate_fields
from pipeline.stages.plane import angle_deg
from pipeline.stages.quality import QualityOptions, find_flaws, measure_quality
from pipeline.stages.read import Evidence, read_fields
from pipeline.stages.reconcile import reconcile
from pipeline.stages.register import register_page
from pipeline.stages.segment import Segmentation, segment_field
from recognizer.readings import GrayImage, Recognizer

THUMBNAIL_PX = 1600
"""Longer side of the page picture that a person sees of a page without a template."""
CHUNK_PAGES = 8
"""Pages whose crops are read by one call: a batch of some hundred digits, and a bounded number of pages in memory."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the caller asks of the reading.

    Attributes:
        max_error: share of accepted values that may be wrong, 0 to 1.
        decide: how strict acceptance is.
        quality: from when on the picture of a page is too poor for anything on it to be accepted.
    """

    max_error: float = 0.01
    decide: DecideOptions = field(default_factory=DecideOptions)
    quality: QualityOptions = field(default_factory=QualityOptions)


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


@dataclass(frozen=True)
class FieldTrace:
    """What every stage made of one field, for whoever wants to see how it was read.

    Attributes:
        threshold: of the operating point; the field's own wins over it.
        reading: before the rules over several fields.
    """

    segmentation: Segmentation
    evidence: Evidence
    decoded: Decoded
    threshold: Threshold
    reading: FieldReading


@dataclass(frozen=True)
class PageTrace:
    """What every stage made of one page."""

    facts: PageFacts
    registration: Registration
    fields: tuple[FieldTrace, ...]


@dataclass(frozen=True)
class _PageFields:
    """One page on its way: how it lies, and its fields ready to be read.

    `unplaced` are the fields of a page that fits no template or shows no box: they wait for a person, with `thumbnail`
    to key from. `doubts` keep every field of the page from being accepted.
    """

    facts: PageFacts
    registration: Registration
    fields: tuple[Segmentation, ...]
    doubts: tuple[Reason, ...] = ()
    unplaced: tuple[FieldReading, ...] = ()
    thumbnail: GrayImage | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _PageReadings:
    facts: PageFacts
    registration: Registration
    readings: tuple[FieldReading, ...]


def read_pages(
    pages: Iterable[Page],
    templates: Sequence[FormTemplate],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions = ReadingOptions(),
    on_page: Callable[[int], None] | None = None,
    on_trace: Callable[[PageTrace], None] | None = None,
    pictures: MutableMapping[tuple[int, str], GrayImage] | None = None,
    clock: StageClock | None = None,
) -> PagesReading:
    """Read every form on the pages of one file.

    Args:
        pages: in order; may decode as it goes. A `SourceError` it raises becomes an error item; when that names a page,
            the pages after it are read too.
        templates: forms that may occur; none to read whatever boxes are found.
        recognizer: digit and strip network.
        operating_point: calibration and thresholds.
        options: what the caller asks.
        on_page: told the number of every page that was segmented, for a progress bar.
        on_trace: handed what each stage made of every page, in order.
        pictures: where pictures of fields are kept, by page number and name, until it is known which of them a person
            needs: a file may have thousands of pages. The result looks them up there.
        clock: told how long `decode`, `register`, `segment` and `read` take.
    """
    kept = {} if pictures is None else pictures
    clock = clock or StageClock()
    errors: list[ErrorItem] = []
    read: list[_PageReadings] = []
    stream = _prepared(clock.timed("decode", pages), templates, options.quality, errors, on_page, clock)
    while chunk := tuple(islice(stream, CHUNK_PAGES)):
        with clock.stage("read"):
            read.extend(_read_chunk(chunk, recognizer, operating_point, options, on_trace, kept))
    documents = _assemble(read, templates, options.decide)
    return PagesReading(tuple(page.facts for page in read), documents, tuple(errors), _ReviewCrops(documents, kept))


def read_crops(
    images: Sequence[GrayImage],
    specs: Sequence[FieldSpec],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions = ReadingOptions(),
) -> tuple[FieldReading, ...]:
    """Read fields that are already cut out, one (h, w) uint8 picture and one spec a field, in order."""
    fields = [segment_field(region) for region in regions_of_crops(images, specs, recognizer)]
    return tuple(trace.reading for trace in _decide_all(fields, recognizer, operating_point, options))


def read_crop(
    image: GrayImage,
    spec: FieldSpec,
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions = ReadingOptions(),
) -> FieldReading:
    """Read one field that is already cut out, see `read_crops`."""
    return read_crops([image], [spec], recognizer, operating_point, options)[0]


def _prepared(
    pages: Iterable[Page],
    templates: Sequence[FormTemplate],
    quality: QualityOptions,
    errors: list[ErrorItem],
    on_page: Callable[[int], None] | None,
    clock: StageClock,
) -> Iterator[_PageFields]:
    for page in sound_pages(pages, lambda e: errors.append(ErrorItem(e.code, str(e), e.page))):
        with clock.stage("register"):
            registration = register_page(page, templates)
        with clock.stage("segment"):
            regions = _regions(page, registration)
            fields = tuple(segment_field(region) for region in regions)
        facts = PageFacts(
            number=page.number,
            width_px=page.gray.shape[1],
            height_px=page.gray.shape[0],
            dpi=page.dpi,
            rotation_deg=_rotation_deg(regions, registration),
            skew_deg=registration.skew_deg,
            flaws=tuple(map(str, find_flaws(measure_quality(page, registration), quality))),
        )
        doubts = (Reason.IMAGE_QUALITY,) * bool(facts.flaws) + (Reason.RENDERERS_DIFFER,) * page.renderers_differ
        if on_page is not None:
            on_page(page.number)
        # A page that fits no form, or shows no box to read, is never passed over in silence.
        is_lost = not fields and (registration.status is not RegistrationStatus.OK)
        unplaced = _unplaced(facts, templates) if is_lost else ()
        yield _PageFields(facts, registration, fields, doubts, unplaced, _thumbnail(page.gray) if is_lost else None)


def _regions(page: Page, registration: Registration) -> tuple[FieldRegion, ...]:
    if registration.status is RegistrationStatus.OK:
        return locate_fields(page, registration)
    return find_fields(page) if registration.status is RegistrationStatus.NOT_NEEDED else ()


def _rotation_deg(regions: Sequence[FieldRegion], registration: Registration) -> int:
    """Quarter turns of the page: of its form, or without a template as the boxes found on it lie; 0 without any."""
    if registration.status is not RegistrationStatus.NOT_NEEDED or not regions:
        return registration.rotation_deg
    return round(angle_deg(regions[0].region_to_page) / 90) * 90 % 360


def _unplaced(facts: PageFacts, templates: Sequence[FormTemplate]) -> tuple[FieldReading, ...]:
    """What a person must key from a page where nothing was found: its fields when only one form can be meant."""
    width, height = float(facts.width_px), float(facts.height_px)
    specs = templates[0].fields if len(templates) == 1 else (FieldSpec(f"p{facts.number}", FieldKind.DIGITS),)
    return tuple(
        FieldReading(
            name=spec.name,
            kind=spec.kind,
            page=facts.number,
            polygon_px=((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)),
            value=None,
            raw=None,
            confidence=0.0,
            threshold=1.0,
            decision=Decision.REVIEW,
            reasons=(str(Reason.REGISTRATION_FAILED),),
        )
        for spec in specs
    )


def _thumbnail(gray: GrayImage) -> GrayImage:
    scale = min(1.0, THUMBNAIL_PX / max(gray.shape))
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _read_chunk(
    chunk: Sequence[_PageFields],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions,
    on_trace: Callable[[PageTrace], None] | None,
    pictures: MutableMapping[tuple[int, str], GrayImage],
) -> Iterator[_PageReadings]:
    traces = iter(_decide_all([f for page in chunk for f in page.fields], recognizer, operating_point, options))
    for page in chunk:
        traced = tuple(islice(traces, len(page.fields)))
        if on_trace is not None:
            on_trace(PageTrace(page.facts, page.registration, traced))
        mine = tuple(trace.reading for trace in traced)
        readings = tuple(_doubted(reading, page.doubts) for reading in (*mine, *page.unplaced))
        images = (*(segmentation.region.image for segmentation in page.fields), *[page.thumbnail] * len(page.unplaced))
        for reading, image in zip(readings, images, strict=True):
            if image is not None and _may_need_person(reading, page.registration):
                # A copy, where it is a part of the page: it would keep the whole page in memory.
                pictures[page.facts.number, reading.name] = image if image.base is None else image.copy()
        yield _PageReadings(page.facts, page.registration, readings)


def _may_need_person(reading: FieldReading, registration: Registration) -> bool:
    """Rules over several fields may send any of them to review later."""
    has_rules = registration.template is not None and bool(registration.template.cross_rules)
    return reading.decision is Decision.REVIEW or has_rules


def _doubted(reading: FieldReading, doubts: Sequence[Reason]) -> FieldReading:
    """A field of a page that is not to be trusted: for review, also when it looks blank."""
    if not doubts:
        return reading
    return replace(reading, decision=Decision.REVIEW, reasons=(*reading.reasons, *map(str, doubts)))


def _decide_all(
    fields: Sequence[Segmentation], recognizer: Recognizer, operating_point: OperatingPoint, options: ReadingOptions
) -> tuple[FieldTrace, ...]:
    traces = []
    for segmentation, evidence in zip(fields, read_fields(fields, recognizer), strict=True):
        decoded = decode_field(segmentation, evidence, operating_point)
        spec = segmentation.region.spec
        max_error = spec.max_error if spec.max_error is not None else options.max_error
        threshold = operating_point.threshold(decoded.reader, max_error, spec.kind)
        reading = decide_field(segmentation, decoded, threshold, options.decide)
        traces.append(FieldTrace(segmentation, evidence, decoded, threshold, reading))
    return tuple(traces)


# --- pages to documents --------------------------------------------------------------------------


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


def _assemble(
    pages: Sequence[_PageReadings], templates: Sequence[FormTemplate], options: DecideOptions
) -> tuple[DocumentResult, ...]:
    """Documents in page order."""
    groups = _grouped(pages) if templates else [list(pages)] if pages else []
    return tuple(_document(number, group, options) for number, group in enumerate(groups, start=1))


def _grouped(pages: Sequence[_PageReadings]) -> list[list[_PageReadings]]:
    """Pages of one filled-in form together: following pages of the same template, in its page order."""
    groups: list[list[_PageReadings]] = []
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


def _document(number: int, pages: Sequence[_PageReadings], options: DecideOptions) -> DocumentResult:
    registration = pages[0].registration
    fields = tuple(reading for page in pages for reading in page.readings)
    if registration.template is not None:
        fields = reconcile(fields, registration.template.cross_rules, options.accept_uncertified)
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
