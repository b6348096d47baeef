"""Many files: plan them, read them in one process or in several, sum up. Plain Python; needs no server."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import cv2

from pipeline.errors import OutputError, SettingsError
from pipeline.fingerprint import reading_fingerprint
from pipeline.plan import BatchPlan, PlannedFile, plan_batch
from pipeline.process import ReadingOptions
from pipeline.reading_model import open_model
from pipeline.routing import Routing
from pipeline.shared_engine import EngineAddress, SharedEngine, engine_process
from pipeline.source_reader import Provenance, SourceReader, read_file, record_failure
from pipeline.storage.cross_check import poppler_is_installed
from pipeline.storage.earlier_results import EarlierResults
from pipeline.storage.limits import ScanLimits
from pipeline.storage.result_json import software_version
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.scans import warm_up
from pipeline.storage.templates import load_templates
from pipeline.summary import BatchSummary, FileOutcome, summarise
from pipeline.workers import Event, Lost, OpenReader, PageDone, Started, read_in_processes
from recognizer.bundle import Bundle
from recognizer.classifier import has_gpu_driver
from recognizer.reader import load_recognizer, open_gpu_engine, recognizer_with
from recognizer.readings import Recognizer

logger = logging.getLogger(__name__)

__all__ = ["BatchOptions", "BatchPlan", "open_reader", "plan_batch", "run_batch"]

FILES_PER_PROCESS = 8
"""A process takes about a second to start, as long as eight one-page files take to read."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What a batch needs to know; picklable, so that every process opens its own reader from it.

    Attributes:
        out: folder of the results, made when missing.
        templates: folder of form templates; None to read whatever boxes are found.
        model_store: folder of the user's own models; None for the shipped one.
        queue_url: database of the review queue; None to put nothing there.
        overlays: folder for pictures of the pages with the readings drawn in; None for none.
        again: read also what has been read in the same way before.
        jobs: processes; None for one a processor core, fewer for few files.
        run: name under which fields enter the queue; None for none.
        archive: folder that originals move to once they are read; None to leave them where they are.
        routing: which fields go to people beyond those in review.
        engine: of the process that owns the GPU and reads digits for all others; None where each loads the network.
    """

    out: Path
    templates: Path | None = None
    model_store: Path | None = None
    queue_url: str | None = None
    device: Literal["auto", "cpu", "gpu", "onnx"] = "auto"
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    limits: ScanLimits = field(default_factory=ScanLimits)
    overlays: Path | None = None
    again: bool = False
    jobs: int | None = None
    run: str | None = None
    archive: Path | None = None
    routing: Routing = field(default_factory=Routing)
    engine: EngineAddress | None = None


def open_reader(options: BatchOptions) -> SourceReader:
    """Load everything that reading takes, once a process.

    Raises:
        ReadingError: the model, a template, the queue or the output folder cannot be used.
    """
    if options.limits.cross_check and not poppler_is_installed():
        raise SettingsError("a cross-check takes poppler: install poppler-utils, or do without")
    warm_up()
    cv2.setNumThreads(1)  # one process a core reads more pages than many threads a page
    templates = load_templates(options.templates) if options.templates else ()
    model = open_model(options.model_store)
    fingerprint = reading_fingerprint(model.identity, templates, options.reading, options.limits, software_version())
    return SourceReader(
        recognizer=_recognizer(model.bundle, options),
        operating_point=model.operating_point,
        templates=templates,
        reading=options.reading,
        limits=options.limits,
        provenance=Provenance(fingerprint, model.identity),
        out=options.out,
        earlier=EarlierResults(options.out),
        queue=ReviewQueue.open(options.queue_url, options.routing) if options.queue_url else None,
        overlays=options.overlays,
        again=options.again,
        run=options.run,
        archive=options.archive,
    )


def _recognizer(bundle: Bundle, options: BatchOptions) -> Recognizer:
    if options.engine is not None:
        return recognizer_with(bundle, SharedEngine(options.engine))
    return load_recognizer(bundle, options.device)


def run_batch(
    plan: BatchPlan,
    options: BatchOptions,
    on_event: Callable[[Event], None] = lambda event: None,
    open_with: Callable[[BatchOptions], SourceReader] = open_reader,
) -> BatchSummary:
    """Read every file of a plan, in this process or in several.

    Args:
        on_event: told what happens, for a progress bar.
        open_with: makes the reader in every process; picklable.

    Raises:
        ReadingError: something that fails every file; results written so far stay, and the next run goes on.
    """
    began = time.perf_counter()
    on_event = partial(_log_and_tell, on_event)
    _make_folder(options.out)
    jobs = process_count(len(plan.files), options.jobs)
    if not plan.files:
        outcomes = []
    elif jobs == 1:
        with closing(open_with(options)) as reader:
            outcomes = _read_here(plan.files, reader, on_event)
    else:
        with _one_gpu_owner(options) as shared:
            outcomes = _read_elsewhere(plan.files, partial(open_with, shared), shared, jobs, on_event)
    return summarise(_in_plan_order(outcomes, plan), time.perf_counter() - began, len(plan.unsettled))


def _log_and_tell(on_event: Callable[[Event], None], event: Event) -> None:
    """Log what became of a file, never what is written in it, and pass the event on."""
    if isinstance(event, FileOutcome):
        facts = {
            "file": event.names[0],
            "result": event.result,
            "status": "left" if event.was_left else event.status.value,
            "skipped": event.was_skipped,
            "pages": event.pages,
            "review": sum(form.review for form in event.forms),
            "errors": [error.code for error in event.errors],
            "seconds": round(event.seconds, 3),
        }
        logger.info("%s: %s", facts["file"], facts["status"], extra={"facts": facts})
    on_event(event)


def process_count(files: int, jobs: int | None) -> int:
    """Processes for so many files: as asked, else one a core, as far as starting them pays off."""
    if jobs is not None:
        return max(1, min(jobs, files))
    return max(1, min(len(os.sched_getaffinity(0)), files // FILES_PER_PROCESS))


def _read_here(
    files: Sequence[PlannedFile], reader: SourceReader, on_event: Callable[[Event], None]
) -> list[FileOutcome]:
    outcomes = []
    for file in files:
        on_event(Started(file))
        outcome = read_file(file, reader, partial(_tell_page, on_event, file))
        on_event(outcome)
        outcomes.append(outcome)
    return outcomes


def _tell_page(on_event: Callable[[Event], None], file: PlannedFile, page: int) -> None:
    on_event(PageDone(file, page))


def _read_elsewhere(
    files: Sequence[PlannedFile],
    open_here: OpenReader,
    options: BatchOptions,
    jobs: int,
    on_event: Callable[[Event], None],
) -> list[FileOutcome]:
    outcomes = []
    with closing(read_in_processes(files, open_here, jobs)) as events:
        for event in events:
            if isinstance(event, Lost):
                event = record_failure(event.file, event.error, options.out, options.limits, event.provenance)
            on_event(event)
            if isinstance(event, FileOutcome):
                outcomes.append(event)
    return outcomes


@contextmanager
def _one_gpu_owner(options: BatchOptions) -> Iterator[BatchOptions]:
    """Options for several processes: where digits are read on a GPU, one more process owns it."""
    if options.device != "gpu" and not (options.device == "auto" and has_gpu_driver()):
        yield options
        return
    bundle = open_model(options.model_store).bundle
    with engine_process(partial(open_gpu_engine, bundle, options.device)) as address:
        yield replace(options, engine=address) if address else replace(options, device="cpu")


def _in_plan_order(outcomes: Sequence[FileOutcome], plan: BatchPlan) -> list[FileOutcome]:
    place = {file.names: number for number, file in enumerate(plan.files)}
    return sorted(outcomes, key=lambda outcome: place[outcome.names])


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the output folder {out}: {error.strerror}") from error
