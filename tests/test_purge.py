from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.errors import OutputError, SettingsError
from pipeline.purge import PurgeOptions, cutoff, purge, traces
from pipeline.runs import recorded
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from pipeline.storage.training_set import TrainingSet
from pipeline.training_sample import LabelledDigit, samples_of
from tests.batch_parts import draw_form, open_doubtful

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def batch(tmp_path, database_url):
    """Two documents read 100 days ago, one of them broken, and one read today; every field waits for a person."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    options = BatchOptions(tmp_path / "out", queue_url=database_url, overlays=tmp_path / "out" / "overlays", jobs=1)
    draw_form(inbox / "old.png", 1)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    run(inbox, options)
    for path in options.out.glob("*.json"):
        result = json.loads(path.read_text())
        result["processing"]["started"] = (NOW - dt.timedelta(days=100)).isoformat()
        path.write_text(json.dumps(result))
    draw_form(inbox / "new.png", 2)
    run(inbox, options)
    return options


def run(inbox, options):
    with recorded("run", options) as record:
        record.done(run_batch(plan_batch([inbox], options.out), record.options, open_with=open_doubtful))


def asked(batch, days=90):
    return PurgeOptions(batch.out, NOW - dt.timedelta(days=days), batch.queue_url, batch.overlays)


def stems(batch):
    return sorted({path.stem.rpartition("-")[0] for path in batch.out.glob("*.json")})


def test_old_documents_go_with_all_that_was_kept_of_them(batch):
    with ReviewQueue.open(batch.queue_url) as queue:
        old, new = queue.list_items()
        queue.settle([Answer(old.id, "12345", "here")], "anna")
    report = purge(asked(batch))
    assert (report.results, report.pictures, report.fields, report.pending) == (2, 1, 1, 0)
    assert stems(batch) == ["new"]
    assert [path.name.partition("-")[0] for path in batch.overlays.iterdir()] == ["new"]
    with ReviewQueue.open(batch.queue_url) as queue, RunLog.open(batch.queue_url) as log:
        assert [item.id for item in queue.list_items(state=None)] == [new.id]
        assert queue.crop_png(old.id) is None
        assert queue.crop_png(new.id) is not None
        assert "broken" not in json.dumps([record.summary for record in log.runs()])
    assert traces(asked(batch), [old.source_id], []) == []


@pytest.fixture
def learnt(batch, tmp_path):
    """Two samples of the old document and one of the new; a page about each of two rounds, one shows the old one."""
    with ReviewQueue.open(batch.queue_url) as queue, TrainingSet.open(batch.queue_url) as training_set:
        items = queue.list_items()
        queue.settle([Answer(item.id, "12345", "here") for item in items], "anna")
        for item, digits in zip(queue.list_items(None), (2, 1), strict=True):
            ink = LabelledDigit(np.full((9, 9), 200, np.uint8), 1)
            training_set.replace(item.id, samples_of(item, [ink] * digits))
        training_set.freeze(training_set.samples())
    for name, shown in (("one", items[0].source_id), ("two", items[1].source_id)):
        folder = tmp_path / "retraining" / name
        folder.mkdir(parents=True)
        (folder / "retraining.html").write_text(f'<div hidden data-documents="{"f" * 64} {shown}"></div>')
        (folder / "retraining_loss.png").write_bytes(b"a plot")
    return replace(asked(batch), retraining_pages=tmp_path / "retraining")


def test_what_was_learnt_from_old_documents_goes_with_the_pages_that_show_them(batch, learnt):
    with ReviewQueue.open(batch.queue_url) as queue:
        old, new = queue.list_items(None)
    report = purge(learnt)
    assert (report.samples, report.fields) == (2, 1)
    with TrainingSet.open(batch.queue_url) as training_set:
        assert [sample.source_id for sample in training_set.samples()] == [new.source_id]
        assert training_set.versions()[0].kept == 1
    assert [folder.name for folder in learnt.retraining_pages.iterdir()] == ["two"]
    assert traces(learnt, [old.source_id], []) == []


def test_the_search_finds_samples_and_pages_that_are_left(batch, learnt):
    with ReviewQueue.open(batch.queue_url) as queue:
        old = queue.list_items(None)[0]
    found = traces(learnt, [old.source_id], [])
    assert "2 samples of the training set" in found
    assert "the page about retraining one" in found


def test_a_rehearsal_counts_and_removes_nothing(batch):
    before = stems(batch)
    rehearsed = purge(replace(asked(batch), is_rehearsal=True))
    assert stems(batch) == before == ["broken", "new", "old"]
    assert purge(asked(batch)) == rehearsed


def test_nothing_old_means_nothing_to_do(batch):
    assert purge(asked(batch, days=365)).results == 0
    assert stems(batch) == ["broken", "new", "old"]


def test_everything_goes_when_everything_is_old(batch):
    report = purge(asked(batch, days=-1))
    assert (report.results, report.fields, report.runs, report.pages) == (3, 2, 2, 2)
    assert [path for path in batch.out.rglob("*") if path.is_file()] == []


def test_the_search_finds_what_is_left(batch):
    with ReviewQueue.open(batch.queue_url) as queue:
        old = queue.list_items()[0]
    found = traces(asked(batch), [old.source_id], ["old.json"])
    assert any("rows of the review queue" in place for place in found)
    assert any(place.startswith("old-") for place in found)


def test_a_trace_that_is_left_is_said_aloud(batch, monkeypatch):
    monkeypatch.setattr(ReviewQueue, "forget", lambda self, source_ids: None)
    with pytest.raises(OutputError, match="rows of the review queue"):
        purge(asked(batch))


@pytest.mark.parametrize(
    ("age", "hours"),
    [pytest.param("36h", 36, id="hours"), pytest.param("90d", 2160, id="days"), pytest.param("2w", 336, id="weeks")],
)
def test_ages_are_numbers_with_a_unit(age, hours):
    assert cutoff(age, NOW) == NOW - dt.timedelta(hours=hours)


@pytest.mark.parametrize("age", ["", "90", "d", "-1d", "90 days", "1y"])
def test_what_is_no_age_is_refused(age):
    with pytest.raises(SettingsError, match="such as 90d"):
        cutoff(age, NOW)
