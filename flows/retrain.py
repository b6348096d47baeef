"""Retraining as a flow: the same function as `fieldreader retrain`, with its report shown on the run."""

from __future__ import annotations

from prefect import flow

from flows.read_folder import publish
from pipeline.retraining import RetrainingOptions, report_page
from pipeline.retraining import retrain as retrain_from_corrections
from pipeline.settings import load_settings
from pipeline.storage.review_queue import ReviewQueue


@flow(name="retrain", persist_result=False)
def retrain() -> str:
    """Fine-tune on the review queue's corrections; promote the challenger if it is not worse.

    Returns:
        The verdict: promoted, refused or not trained.
    """
    settings = load_settings()
    with ReviewQueue.open(settings.queue_url) as queue:
        report = retrain_from_corrections(queue, settings.model_store, RetrainingOptions(data=settings.data))
    publish("retraining", report_page(report))
    return report.verdict.value
