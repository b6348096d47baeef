"""Retraining as a flow: the same function as `fieldreader retrain`, with its report shown on the run."""

from __future__ import annotations

from prefect import flow

from flows.artifacts import publish_page
from pipeline.learning.report import report_text
from pipeline.learning.round import retraining_options, retraining_round
from pipeline.settings import load_settings


@flow(name="retrain", persist_result=False)
def retrain() -> str:
    """Fine-tune on the review queue's corrections; promote the challenger if it is proven better.

    Returns:
        The verdict: promoted, passed, refused or not trained.
    """
    settings = load_settings()
    done = retraining_round(
        settings.queue_url, settings.model_store, settings.retraining_pages, retraining_options(settings)
    )
    # The page itself shows what stands on forms and stays on this machine.
    publish_page("retraining", f"{report_text(done.report)}\nEvery case with its picture: `{done.page}`\n")
    return done.report.verdict.value
