from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, Float, Integer, MetaData, Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from pipeline.batch_count import summarise
from pipeline.document import ErrorItem, ResultStatus
from pipeline.storage import database
from pipeline.storage.database import open_database
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog, RunState, new_run_id
from pipeline.summary import FileOutcome, FormOutcome
from recognizer.drift import Shift

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
FORM = FormOutcome("survey", ResultStatus.NEEDS_REVIEW, 3, 1, 1, 1, (("low_confidence", 1),))


@pytest.fixture
def log(database_url):
    with RunLog.open(database_url) as opened:
        yield opened


def outcome(name, status=ResultStatus.ACCEPTED, was_skipped=False, errors=()):
    forms = () if status is ResultStatus.FAILED else (FORM,)
    return FileOutcome((name,), f"{name}.json", status, was_skipped, 1, forms, errors, 0.1)


SUMMARY = summarise(
    [
        outcome("a"),
        outcome("b", ResultStatus.NEEDS_REVIEW),
        outcome("c", was_skipped=True),
        outcome("d", ResultStatus.FAILED, errors=(ErrorItem("damaged_file", "is truncated", 2),)),
    ],
    2.5,
    unsettled=1,
)


def test_a_run_is_on_record_from_its_start_to_its_end(log):
    log.begin("one", "nightly")
    (running,) = log.runs()
    assert (running.state, running.seen, running.ended) == ("running", 0, None)
    log.finish("one", SUMMARY)
    (done,) = log.runs("nightly")
    assert (done.state, done.seen, done.skipped, done.accepted, done.needs_review, done.failed) == (
        "done",
        4,
        1,
        1,
        1,
        1,
    )
    assert (done.unsettled, done.pages, done.seconds) == (1, 3, 2.5)
    assert done.seen == done.skipped + done.accepted + done.needs_review + done.failed
    assert done.summary["reasons"] == [["low_confidence", 2]]
    assert done.summary["failures"] == [
        {"names": ["d"], "result": "d.json", "errors": [{"code": "damaged_file", "message": "is truncated", "page": 2}]}
    ]


def test_a_run_that_read_nothing_keeps_that_there_is_no_limit_to_its_drift(log):
    log.begin("one", "run")
    log.finish("one", SUMMARY, shifts=[Shift("digits", 0, 0.0, math.inf, False, False)])
    (record,) = log.runs()
    assert record.summary["drift"][0]["limit"] is None


def test_the_database_refuses_counts_that_do_not_add_up(log, database_url):
    log.begin("one", "run")
    engine = open_database(database_url)
    with pytest.raises(IntegrityError, match="counts_reconcile"), engine.begin() as connection:
        connection.execute(text("UPDATE runs SET seen = 7"))
    engine.dispose()


def test_a_stopped_run_says_what_stopped_it(log):
    log.begin("one", "run")
    log.stop("one", "output_error")
    (run,) = log.runs()
    assert (run.state, run.error) == (RunState.STOPPED, "output_error")


def test_a_run_whose_process_is_gone_becomes_a_killed_one_when_the_next_starts(tmp_path):
    url = f"sqlite:///{tmp_path}/q.db"
    script = f"from pipeline.storage.run_log import RunLog; RunLog.open({url!r}).begin('first', 'run')"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=100)
    with RunLog.open(url) as log:
        assert log.runs()[0].state == "killed"  # for whoever looks; written down when the next one starts
        log.begin("second", "run")
        log.begin("third", "run")  # this process lives, so the second is at work
        assert {run.id: run.state for run in log.runs()} == {"first": "killed", "second": "running", "third": "running"}


def test_runs_are_listed_newest_first_by_kind_and_number(log):
    for number, kind in enumerate(("run", "nightly", "run")):
        RunLog(log._engine, lambda hour=number: NOON.replace(hour=hour)).begin(f"{number}", kind)
    assert [run.id for run in log.runs()] == ["2", "1", "0"]
    assert [run.id for run in log.runs("run", limit=1)] == ["2"]


def test_names_of_runs_sort_by_time_and_never_meet():
    names = [new_run_id(NOON), new_run_id(NOON), new_run_id(NOON.replace(hour=13))]
    assert len(set(names)) == 3
    assert max(names[:2]) < names[2]
    assert names[0].startswith("2026-05-01T120000Z-")


def test_removing_leaves_no_trace_of_old_runs_nor_of_results_that_are_gone(log):
    RunLog(log._engine, lambda: NOON).begin("old", "run")
    RunLog(log._engine, lambda: NOON).finish("old", SUMMARY)
    log.begin("new", "run")
    log.finish("new", SUMMARY)
    assert log.remove("2026-06-01", ["d.json"]) == 1
    (run,) = log.runs()
    assert (run.id, run.seen, run.failed) == ("new", 4, 1)
    assert "d.json" not in json.dumps(run.summary)


def _something(kind: TypeEngine) -> object:
    """A value that a column of this type takes."""
    if isinstance(kind, JSON):
        return []
    return 1 if isinstance(kind, Integer | Float) else "1"


def test_the_schema_before_runs_is_upgraded_with_what_it_holds(bare_database_url):
    engine = database._create_engine(database._parse(bare_database_url))
    config = Config()
    config.set_main_option("script_location", str(database.__file__).replace("database.py", "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    assert "runs" not in inspect(engine).get_table_names()
    items = Table("review_items", MetaData(), autoload_with=engine)
    known = {column.name: _something(column.type) for column in items.columns if not column.nullable}
    with engine.begin() as connection:
        connection.execute(
            items.insert().values(
                known | {"state": "pending", "kind": "digits", "polygon_px": [[0, 0], [9, 0], [9, 9], [0, 9]]}
            )
        )
    engine.dispose()
    with ReviewQueue.open(bare_database_url) as queue, RunLog.open(bare_database_url) as log:
        assert len(queue.list_items()) == 1
        log.begin("one", "run")
        assert len(log.runs()) == 1
