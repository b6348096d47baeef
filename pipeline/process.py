"""The recipe: pages of one file to read forms, one line a stage. Plain functions; no path, clock or setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from pipeline.assembly import PageReadings, PagesReading, assemble, packed, page_readings
from pipeline.confidence.operating_point import OperatingPoint, Threshold
from pipeline.document import (
    Decision,
    ErrorItem,
    FieldReading,
    FieldSpec,
    FormTemplate,
    Page,
    PageFacts,
    Reason,
    Registration,
)
from pipeline.page_fields import PageFields, prepare_pages
from pipeline.stage_clock import StageClock
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import Decoded, decode_field
from pipeline.stages.field_crop import regions_of_crops
from pipeline.stages.quality import QualityOptions
from pipeline.stages.read import Evidence, read_fields
from pipeline.stages.segment import Segmentation, segment_field
from recognizer.readings import GrayImage, Recognizer

LONG_FILE_PAGES = 64
"""Beyond, readings are kept packed: a page of 64 digits takes 27 kB of memory, packed 4 kB."""
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
        clock: told how long `decode`, `register`, `segment`, `quality` and `read` take.
    """
    kept = {} if pictures is None else pictures
    clock = clock or StageClock()
    errors: list[ErrorItem] = []
    read: list[PageReadings] = []
    stream = prepare_pages(clock.timed("decode", pages), templates, options.quality, errors, on_page, clock)
    while chunk := tuple(islice(stream, CHUNK_PAGES)):
        with clock.stage("read"):
            for page in _read_chunk(chunk, recognizer, operating_point, options, on_trace, kept):
                read.append(page if len(read) < LONG_FILE_PAGES else packed(page))
    return assemble(read, bool(templates), options.decide, errors, kept)


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


def _read_chunk(
    chunk: Sequence[PageFields],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    options: ReadingOptions,
    on_trace: Callable[[PageTrace], None] | None,
    pictures: MutableMapping[tuple[int, str], GrayImage],
) -> Iterator[PageReadings]:
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
        yield page_readings(page.facts, page.registration, readings)


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
