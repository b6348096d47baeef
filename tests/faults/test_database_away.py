"""A database that goes away in the middle of a batch, and comes back."""

from __future__ import annotations

import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.errors import QueueError
from pipeline.runs import recorded
from pipeline.storage.run_log import RunLog
from pipeline.summary import FileOutcome
from tests.batch_parts import draw_form, open_doubtful
from tests.faults.killing import items, results, written

DOCUMENTS = 12
BEFORE = 5


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(DOCUMENTS):
        draw_form(folder / f"{number:02}.png", number)
    return folder


def run(inbox, options, on_event=lambda event: None):
    with recorded("run", options) as record:
        summary = run_batch(plan_batch([inbox], options.out), record.options, on_event, open_doubtful)
        record.done(summary)
    return summary


def test_a_batch_whose_database_stops_fails_clearly_and_loses_nothing_once_it_is_back(postgres, inbox, tmp_path):
    calm = BatchOptions(tmp_path / "calm", queue_url=f"sqlite:///{tmp_path}/calm.db", jobs=1)
    run(inbox, calm)
    options = BatchOptions(tmp_path / "out", queue_url=postgres.new_database(), jobs=1)
    done = []

    def pull_the_plug(event):
        if isinstance(event, FileOutcome):
            done.append(event)
        if len(done) == BEFORE:
            postgres.stop()

    try:
        with pytest.raises(QueueError, match=r"cannot use the review queue|cannot use the log of runs") as told:
            run(inbox, options, pull_the_plug)
        assert "11111" not in str(told.value)  # what was read
        assert len(written(options.out)) == BEFORE
    finally:
        postgres.start()
    summary = run(inbox, options)
    assert (summary.seen, summary.skipped, summary.needs_review) == (DOCUMENTS, BEFORE, DOCUMENTS - BEFORE)
    assert results(options.out) == results(calm.out)
    assert items(options.queue_url) == items(calm.queue_url)
    with RunLog.open(options.queue_url) as log:
        assert log.runs()[0].state == "done"
