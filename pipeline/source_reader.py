"""One file, from its bytes to its written result. Whatever is wrong with the file ends up in that result."""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.assembly import PagesReading, file_status
from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import Decision, ErrorItem, FormTemplate, ModelIdentity, ResultStatus, Source, SourceResult
from pipeline.errors import DecoderDiedError, InternalError, OutputError, ReadingError, SourceError
from pipeline.plan import PlannedFile
from pipeline.process import ReadingOptions, read_pages
from pipeline.routed_pictures import RoutedPictures
from pipeline.stage_clock import StageClock
from pipeline.storage.archive import move_to_archive
from pipeline.storage.earlier_results import EarlierResults
from pipeline.storage.intake import CHANGED, take_in, unread_source
from pipeline.storage.limits import ScanLimits
from pipeline.storage.overlay_files import save_overlays
from pipeline.storage.picture_spool import PictureSpool
from pipeline.storage.results import result_path, write_result
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.scans import open_pages
from pipeline.summary import FileOutcome, count_file, leave_file
from recognizer.readings import Recognizer

logger = logging.getLogger(__name__)

OnPage = Callable[[int], None]
"""Called with the number of each page read."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How results of this batch are come by."""

    fingerprint: str
    model: ModelIdentity


@dataclass(frozen=True, slots=True)
class SourceReader:
    """What a process holds to read files with, loaded once.

    Attributes:
        out: folder of the results.
        earlier: results written there before.
        queue: where fields for a person go; None to keep them in the results only.
        overlays: folder for pictures of the pages with the readings drawn in; None for none.
        again: read also what has been read in the same way before.
        run: name of the batch, for the queue.
        archive: where originals go once they are read; None to leave them where they are.
    """

    recognizer: Recognizer
    operating_point: OperatingPoint
    templates: tuple[FormTemplate, ...]
    reading: ReadingOptions
    limits: ScanLimits
    provenance: Provenance
    out: Path
    earlier: EarlierResults
    queue: ReviewQueue | None = None
    overlays: Path | None = None
    again: bool = False
    run: str | None = None
    archive: Path | None = None

    def close(self) -> None:
        """Let go of the queue's database."""
        if self.queue is not None:
            self.queue.close()


def read_file(file: PlannedFile, reader: SourceReader, on_page: OnPage | None = None) -> FileOutcome:
    """Read one file and write its result, unless it has been read in the same way before.

    The queue comes before the result: when the process dies in between, the next run finds no result, reads again
    and puts the same items, which changes nothing.

    Raises:
        ReadingError: something that would fail every other file as well (model, queue, output folder).
    """
    clock, started, stages = time.perf_counter(), _now(), StageClock()
    with stages.stage("intake"):
        source, refusal = _take_in(file, reader.limits)
    if refusal and (str(refusal) == CHANGED or not os.path.lexists(file.path)):
        return leave_file(file.names)
    earlier = reader.earlier.find(source)
    if earlier:
        source = replace(source, names=_merge(earlier.source_names, source.names))
        is_the_same = earlier.fingerprint == reader.provenance.fingerprint
        if is_the_same and not reader.again and not _is_unknown_to_people(earlier, reader):
            _archive(file, source, earlier, reader)
            return _skip(file, source, earlier, reader.out, clock)
    routed = RoutedPictures(PictureSpool()) if reader.queue and reader.queue.routing.asks_for_accepted else None
    pages = _failed_reading(refusal) if refusal else _read(source, reader, on_page, stages, routed)
    if any(error.code == DecoderDiedError.code for error in pages.errors):
        # Memory may have been short for a moment, or somebody killed the decoder; a second time, the file is to blame.
        pages = _read(source, reader, on_page, stages, routed)
    if any(error.message == CHANGED for error in pages.errors):
        return leave_file(file.names)
    result = _compose(source, pages, reader.provenance, started, time.perf_counter() - clock)
    try:
        with stages.stage("results"):
            path = _keep(result, pages, reader, routed)
    except ValueError as error:  # a result that contradicts itself
        logger.debug("defect in the result of source %s", source.id, exc_info=True)
        pages = _failed_reading(_defect(error))
        result = _compose(source, pages, reader.provenance, started, time.perf_counter() - clock)
        path = _keep(result, pages, reader)
    if refusal is None:
        reader.earlier.forget_refusal(file.path)
        reader.earlier.forget_failures(file.names[0], source.id)
        if reader.overlays:
            save_overlays(open_pages(source, reader.limits), result, reader.overlays, path.stem)
        _archive(file, source, result, reader)
    return count_file(result, file.names, path.name, time.perf_counter() - clock, stages=stages.seconds())


def _is_unknown_to_people(earlier: SourceResult, reader: SourceReader) -> bool:
    """Whether fields wait of which the queue knows nothing: it is in another database than when they were read."""
    waits = any(field.decision is Decision.REVIEW for form in earlier.documents for field in form.fields)
    return waits and reader.queue is not None and not reader.queue.knows(earlier.source_id)


def _archive(file: PlannedFile, source: Source, result: SourceResult, reader: SourceReader) -> None:
    """Move what was read, with its copies; what failed stays for somebody to look at."""
    if reader.archive is not None and result.status is not ResultStatus.FAILED:
        for path in (file.path, *file.copies):
            move_to_archive(path, source.id, reader.archive)


def record_failure(
    file: PlannedFile, error: SourceError, out: Path, limits: ScanLimits, provenance: Provenance
) -> FileOutcome:
    """Write the result of a file that could not be read by anyone, such as one that killed its process."""
    source, _ = _take_in(file, limits)
    result = _compose(source, _failed_reading(error), provenance, _now(), 0.0)
    return count_file(result, file.names, _write(out, result).name, 0.0)


def _take_in(file: PlannedFile, limits: ScanLimits) -> tuple[Source, SourceError | None]:
    """The file's bytes; or a stand-in without content, and why."""
    try:
        source, refusal = take_in(file.path, limits), None
    except SourceError as error:
        source, refusal = unread_source(file.path), error
    return replace(source, names=file.names), refusal


def _read(
    source: Source, reader: SourceReader, on_page: OnPage | None, clock: StageClock, routed: RoutedPictures | None
) -> PagesReading:
    try:
        return read_pages(
            open_pages(source, reader.limits),
            reader.templates,
            reader.recognizer,
            reader.operating_point,
            reader.reading,
            on_page,
            on_trace=routed.keep if routed else None,
            pictures=PictureSpool(),
            clock=clock,
        )
    except SourceError as error:
        return _failed_reading(error)
    except ReadingError:
        raise
    except Exception as error:
        logger.debug("defect while reading source %s", source.id, exc_info=True)
        return _failed_reading(_defect(error))


def _defect(error: Exception) -> InternalError:
    """Names the kind of the defect only: its message may hold what is written on the form."""
    return InternalError(f"met a defect of fieldreader ({type(error).__name__})")


def _keep(
    result: SourceResult, pages: PagesReading, reader: SourceReader, routed: RoutedPictures | None = None
) -> Path:
    """Put what needs a person into the queue, then write the result."""
    if reader.queue:
        crops = routed.beside(pages.review_crops, result.documents) if routed else pages.review_crops
        reader.queue.put_result(result, crops, reader.templates, reader.run)
    return _write(reader.out, result)


def _failed_reading(error: SourceError) -> PagesReading:
    return PagesReading(
        pages=(), documents=(), errors=(ErrorItem(error.code, str(error), error.page),), review_crops={}
    )


def _compose(source: Source, pages: PagesReading, provenance: Provenance, started: str, seconds: float) -> SourceResult:
    return SourceResult(
        status=file_status(pages),
        source_id=source.id,
        source_names=source.names,
        media_type=source.media_type,
        source_bytes=len(source.content),
        pages=pages.pages,
        documents=pages.documents,
        errors=pages.errors,
        fingerprint=provenance.fingerprint,
        model=provenance.model,
        started=started,
        seconds=seconds,
    )


def _skip(file: PlannedFile, source: Source, earlier: SourceResult, out: Path, clock: float) -> FileOutcome:
    """Leave a result alone, but for the names of copies that have turned up since."""
    if source.names != earlier.source_names:
        _write(out, replace(earlier, source_names=source.names))
    name = result_path(out, source).name
    return count_file(earlier, file.names, name, time.perf_counter() - clock, was_skipped=True)


def _write(out: Path, result: SourceResult) -> Path:
    try:
        return write_result(out, result)
    except OSError as error:
        raise OutputError(f"cannot write to {out}: {error.strerror}; free some space or pick another folder") from error


def _merge(known: tuple[str, ...], seen: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(known + seen))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
