"""Says that there is enough to learn from, so that Prefect starts a retraining."""

from __future__ import annotations

from prefect.events import emit_event

from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog

EVENT = "fieldreader.corrections-waiting"
"""`prefect.yaml` starts the retraining at this event."""
RESOURCE = {"prefect.resource.id": "fieldreader.review-queue"}


def announce_corrections(queue_url: str, wanted: int) -> int:
    """Emit the event when so many fields have been settled since the last retraining.

    Returns:
        Number of fields settled since then.

    Raises:
        QueueError: the database cannot be used.
    """
    with RunLog.open(queue_url) as log, ReviewQueue.open(queue_url) as queue:
        last = next(iter(log.runs("retrain", limit=1)), None)
        settled = sum(last is None or correction.keyed_at > last.started for correction in queue.corrections())
    if settled >= wanted:
        emit_event(EVENT, RESOURCE, payload={"settled": settled})
    return settled
