from __future__ import annotations

import pytest

from flows import corrections
from flows.corrections import EVENT, announce_corrections
from pipeline.batch_count import summarise
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from tests.storage.review_samples import result

ALL = ("*",)


@pytest.fixture
def emitted(monkeypatch):
    events = []
    monkeypatch.setattr(corrections, "emit_event", lambda event, resource, payload: events.append((event, payload)))
    return events


@pytest.fixture
def url(tmp_path):
    address = f"sqlite:///{tmp_path}/q.db"
    with ReviewQueue.open(address) as queue:
        queue.put_result(result(), {})
        (item,) = queue.list_items()
        queue.settle([Answer(item.id, "=", "here")], "anna")
    return address


def test_enough_corrections_ask_for_a_retraining(url, emitted):
    assert announce_corrections(url, 1, ALL) == 1
    assert emitted == [(EVENT, {"settled": 1})]


def test_too_few_corrections_ask_for_nothing(url, emitted):
    assert announce_corrections(url, 2, ALL) == 1
    assert emitted == []


def test_what_was_settled_before_the_last_retraining_does_not_count(url, emitted):
    with RunLog.open(url) as log:
        log.begin("one", "retrain")
        log.finish("one", summarise([], 0.0))
    assert announce_corrections(url, 1, ALL) == 0
    assert emitted == []


def test_forms_that_may_not_be_learnt_from_ask_for_nothing(url, emitted):
    assert announce_corrections(url, 1, ["another form"]) == 0
    assert emitted == []
