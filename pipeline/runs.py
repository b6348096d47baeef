"""A batch that leaves its traces: a record in the state database, and a page beside the results."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.batch import BatchOptions
from pipeline.confidence.drift import profile_of_fields
from pipeline.errors import ReadingError
from pipeline.metrics_file import write_metrics
from pipeline.reading_model import open_model
from pipeline.run_page import RUNS_FOLDER, write_run_page
from pipeline.storage.atomic import sweep
from pipeline.storage.results import read_result
from pipeline.storage.review_item import ItemState
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog, new_run_id
from pipeline.summary import BatchSummary
from recognizer.drift import DRIFT_REFERENCE, Shift, compare_profiles, load_profile

logger = logging.getLogger(__name__)

LOGGED = ("seen", "skipped", "accepted", "needs_review", "failed", "unsettled", "pages", "seconds")
"""Counts of a run in its line of the log."""


@dataclass(slots=True)
class Run:
    """A run at work.

    Attributes:
        title: heading of its page.
        kind: which command or flow.
        began: seconds since the epoch.
        metrics: where figures for monitoring go; None for none.
        options: of the batch; fields that it puts into the queue carry the id of the run.
        page: HTML page, once the run is done.
        shifts: how its readings differ from the model's reference.
        backlog: fields that wait for a person, of all runs, once this one is done; None without a queue.
    """

    id: str
    title: str
    options: BatchOptions
    kind: str
    began: float
    metrics: Path | None = None
    page: Path | None = None
    backlog: int | None = None
    summary: BatchSummary | None = None
    shifts: tuple[Shift, ...] = ()

    def done(self, summary: BatchSummary) -> None:
        """Tell what came of it, and leave the page and, when asked for, the figures.

        Raises:
            ReadingError: the output folder or the database cannot be used.
        """
        self.backlog = _count_waiting(self.options.queue_url)
        self.page = write_run_page(self.options.out, self.id, self.title, summary, self.backlog)
        self.shifts = _drift(self.options, self.began)
        if self.metrics is not None:
            write_metrics(self.metrics, self.kind, summary, self.backlog, self.shifts)
        self.summary = summary
        logger.info(
            "run %s: %d files, %d read before, %d accepted, %d for review, %d failed; %d pages in %.1f s",
            self.id, summary.seen, summary.skipped, summary.accepted, summary.needs_review, summary.failed,
            summary.pages, summary.seconds,
            extra={"facts": {"run": self.id, "kind": self.kind, **{name: getattr(summary, name) for name in LOGGED}}},
        )  # fmt: skip


@contextmanager
def recorded(kind: str, options: BatchOptions, title: str | None = None, metrics: Path | None = None) -> Iterator[Run]:
    """Do a batch within this, and its record says when it ran and what came of it, or what stopped it.

    Args:
        kind: which command or flow.
        options: of the batch; without a queue there is no record, and still a page.
        title: heading of the page; kind and time when None.
        metrics: file for Prometheus; None for none.

    Raises:
        ReadingError: the database cannot be used.
    """
    now = dt.datetime.now(dt.UTC)
    heading = title or f"{kind.capitalize()} of {now:%Y-%m-%d %H:%M} UTC"
    identity = new_run_id(now)
    for folder in (options.out, options.out / RUNS_FOLDER, options.archive):
        if folder is not None and (swept := sweep(folder, now.timestamp())):
            logger.info("removed %d half-written files of a killed run", swept)
    with ExitStack() as stack:
        log = stack.enter_context(RunLog.open(options.queue_url)) if options.queue_url else None
        run = Run(identity, heading, replace(options, run=identity), kind, now.timestamp(), metrics)
        if log is not None:
            log.begin(identity, kind)
        try:
            yield run
        except BaseException as error:
            if log is not None and run.summary is None:
                log.stop(identity, error.code if isinstance(error, ReadingError) else type(error).__name__)
            raise
        finally:
            if log is not None and run.summary is not None:
                log.finish(identity, run.summary, open_model(options.model_store).identity, run.shifts)


def _count_waiting(queue_url: str | None) -> int | None:
    if queue_url is None:
        return None
    with ReviewQueue.open(queue_url) as queue:
        return queue.count()[ItemState.PENDING]


def _drift(options: BatchOptions, began: float) -> tuple[Shift, ...]:
    """How the readings of this run differ from the model's own reference; nothing when it has none."""
    bundle = open_model(options.model_store).bundle
    if not bundle.has(DRIFT_REFERENCE):
        return ()
    fields = (
        field
        for path in options.out.glob("*.json")
        if path.stat().st_mtime >= began and (result := read_result(path)) is not None
        for document in result.documents
        for field in document.fields
    )
    return compare_profiles(load_profile(bundle.file(DRIFT_REFERENCE)), profile_of_fields(fields))
