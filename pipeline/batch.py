"""Many files: plan them, read them in one process or in several, sum up. Plain Python; needs no server."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import cv2

from pipeline.batch_count import BatchCount
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
from pipeline.summary import BatchSummary, FileOutcome
from pipeline.workers import Event, Lost, PageDone, ReadingProcesses, Started
from recognizer.bundle import Bundle
from recognizer.classifier import has_gpu_driver
from recognizer.reader import load_recognizer, open_gpu_engine, recognizer_with
from recognizer.readings import Recognizer

logger = logging.getLogger(__name__)

__all__ = ["BatchOptions", "BatchPlan", "Crew", "open_reader", "plan_batch", "run_batch"]

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


class Crew:
    """Those who read a batch: this process, or several. What they have loaded they keep from one portion to the next.

    Args:
        options: of the batch.
        files: in the whole batch; for few files, few processes.
        open_with: makes the reader in every process; picklable.
    """

    def __init__(
        self, options: BatchOptions, files: int, open_with: Callable[[BatchOptions], SourceReader] = open_reader
    ) -> None:
        self.jobs = process_count(files, options.jobs)
        self._options = options
        self._open_with = open_with
        self._reader: SourceReader | None = None
        self._processes: ReadingProcesses | None = None
        self._at_end = ExitStack()

    def close(self) -> None:
        """Let go of everything; reading more loads it anew."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._processes = None
        self._at_end.close()

    def read(self, files: Sequence[PlannedFile], on_event: Callable[[Event], None] = lambda event: None) -> BatchCount:
        """Read a portion of the batch, or all of it.

        Args:
            on_event: told what happens, for a progress bar.

        Raises:
            ReadingError: something that fails every file; results written so far stay. The same portion may be tried
                again.
        """
        count = BatchCount()
        _make_folder(self._options.out)

        def tell(event: Event) -> None:
            if isinstance(event, FileOutcome):
                count.add(event)
                _log(event)
            on_event(event)

        try:
            (self._read_here if self.jobs == 1 else self._read_elsewhere)(files, tell)
        except BaseException:
            self.close()
            raise
        count.arrange_failures(file.names for file in files)
        return count

    def _read_here(self, files: Sequence[PlannedFile], tell: Callable[[Event], None]) -> None:
        for file in files:
            if self._reader is None:
                self._reader = self._open_with(self._options)
            tell(Started(file))
            tell(read_file(file, self._reader, partial(_tell_page, tell, file)))

    def _read_elsewhere(self, files: Sequence[PlannedFile], tell: Callable[[Event], None]) -> None:
        if self._processes is None:
            shared = self._at_end.enter_context(_one_gpu_owner(self._options))
            processes = ReadingProcesses(partial(self._open_with, shared), self.jobs)
            self._processes = self._at_end.enter_context(closing(processes))
        with closing(self._processes.read(files)) as events:
            for event in events:
                if isinstance(event, Lost):
                    limits = self._options.limits
                    event = record_failure(event.file, event.error, self._options.out, limits, event.provenance)
                tell(event)


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
    with closing(Crew(options, len(plan.files), open_with)) as crew:
        count = crew.read(plan.files, on_event)
    return count.summary(time.perf_counter() - began, len(plan.unsettled))


def _log(outcome: FileOutcome) -> None:
    """Log what became of a file, never what is written in it."""
    facts = {
        "file": outcome.names[0],
        "result": outcome.result,
        "status": "left" if outcome.was_left else outcome.status.value,
        "skipped": outcome.was_skipped,
        "pages": outcome.pages,
        "review": sum(form.review for form in outcome.forms),
        "errors": [error.code for error in outcome.errors],
        "seconds": round(outcome.seconds, 3),
    }
    logger.info("%s: %s", facts["file"], facts["status"], extra={"facts": facts})


def process_count(files: int, jobs: int | None) -> int:
    """Processes for so many files: as asked, else one a core, as far as starting them pays off."""
    if jobs is not None:
        return max(1, min(jobs, files))
    return max(1, min(len(os.sched_getaffinity(0)), files // FILES_PER_PROCESS))


def _tell_page(tell: Callable[[Event], None], file: PlannedFile, page: int) -> None:
    tell(PageDone(file, page))


@contextmanager
def _one_gpu_owner(options: BatchOptions) -> Iterator[BatchOptions]:
    """Options for several processes: where digits are read on a GPU, one more process owns it."""
    if options.device != "gpu" and not (options.device == "auto" and has_gpu_driver()):
        yield options
        return
    bundle = open_model(options.model_store).bundle
    with engine_process(partial(open_gpu_engine, bundle, options.device)) as address:
        yield replace(options, engine=address) if address else replace(options, device="cpu")


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the output folder {out}: {error.strerror}") from error
