"""One round of retraining with its traces: a record among the runs, and a page for people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch_count import summarise
from pipeline.errors import ReadingError
from pipeline.learning.challengers import OnProgress
from pipeline.learning.report import write_retraining_page
from pipeline.learning.retraining import RetrainingOptions, RetrainingReport, retrain
from pipeline.settings import Settings
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RETRAINING, RunLog, new_run_id
from pipeline.storage.training_set import TrainingSet


@dataclass(frozen=True)
class Round:
    """What a round came to, and the page that shows it."""

    report: RetrainingReport
    page: Path


def retraining_options(settings: Settings) -> RetrainingOptions:
    """What the settings say about retraining."""
    return RetrainingOptions(learn_from=settings.learn_from, data=settings.data, reading=settings.reading)


def retraining_round(
    url: str, store: Path, pages: Path, options: RetrainingOptions, on_progress: OnProgress = lambda progress: None
) -> Round:
    """Retrain, write down that it was done, and leave the page `PAGES/<time>-<digits>/retraining.html`.

    Args:
        url: database of queue, training set and runs.
        store: folder of the user's models.
        pages: folder of the pages of all rounds.
        on_progress: told while networks learn, which takes minutes.

    Raises:
        ReadingError: the database, the model in service or the benchmark cannot be used, or the page not be written.
    """
    identity = new_run_id(dt.datetime.now(dt.UTC))
    with RunLog.open(url) as log, ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        log.begin(identity, RETRAINING)
        try:
            report = retrain(queue, training_set, store, options, on_progress)
            page = write_retraining_page(pages / identity, report, queue)
        except BaseException as error:
            log.stop(identity, error.code if isinstance(error, ReadingError) else type(error).__name__)
            raise
        log.finish(identity, summarise([], 0.0))
    return Round(report, page)
