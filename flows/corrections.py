"""Says that there is enough to learn from, so that Prefect starts a retraining."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.events import emit_event

from pipeline.learning.gathering import settled_items
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RETRAINING, RunLog

EVENT = "fieldreader.corrections-waiting"
"""`prefect.yaml` starts the retraining at this event."""
RESOURCE = {"prefect.resource.id": "fieldreader.review-queue"}


def announce_corrections(queue_url: str, wanted: int, learn_from: Sequence[str]) -> int:
    """Emit the event when so many fields that may be learnt from have been settled since the last retraining.

    Args:
        queue_url: database of the queue.
        wanted: so many.
        learn_from: names of the forms that may be learnt from; `*` for all.

    Returns:
        Number of fields settled since then.

    Raises:
        QueueError: the database cannot be used.
    """
    with RunLog.open(queue_url) as log, ReviewQueue.open(queue_url) as queue:
        last = next(iter(log.runs(RETRAINING, limit=1)), None)
        settled = sum(last is None or (item.keyed_at or "") > last.started for item in settled_items(queue, learn_from))
    if settled >= wanted:
        emit_event(EVENT, RESOURCE, payload={"settled": settled})
    return settled
