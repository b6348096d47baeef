"""Retraining as a flow: the same function as `fieldreader retrain`, with its report shown on the run."""

from __future__ import annotations

import datetime as dt

from prefect import flow

from flows.artifacts import publish_page
from pipeline.retraining import RetrainingOptions, report_page
from pipeline.retraining import retrain as retrain_from_corrections
from pipeline.settings import load_settings
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog, new_run_id
from pipeline.summary import summarise


@flow(name="retrain", persist_result=False)
def retrain() -> str:
    """Fine-tune on the review queue's corrections; promote the challenger if it is not worse.

    Returns:
        The verdict: promoted, refused or not trained.
    """
    settings = load_settings()
    identity = new_run_id(dt.datetime.now(dt.UTC))
    with ReviewQueue.open(settings.queue_url) as queue, RunLog.open(settings.queue_url) as log:
        log.begin(identity, "retrain")  # the next night counts corrections from here on
        report = retrain_from_corrections(queue, settings.model_store, RetrainingOptions(data=settings.data))
        log.finish(identity, summarise([], 0.0))
    publish_page("retraining", report_page(report))
    return report.verdict.value
