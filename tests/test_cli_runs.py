from __future__ import annotations

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from pipeline.batch_count import summarise
from pipeline.cli import app
from pipeline.document import ErrorItem, ResultStatus
from pipeline.storage.run_log import RunLog
from pipeline.summary import FileOutcome, FormOutcome

FORM = FormOutcome("survey", ResultStatus.NEEDS_REVIEW, 3, 1, 1, 1, (("low_confidence", 1),))
ERROR = ErrorItem("damaged_file", "is truncated", 2)
SUMMARY = summarise(
    [
        FileOutcome(("in/a.pdf",), "a.json", ResultStatus.NEEDS_REVIEW, False, 2, (FORM,), (), 0.1),
        FileOutcome(("in/[b].pdf",), "b.json", ResultStatus.FAILED, False, 0, (), (ERROR,), 0.1),
    ],
    4.0,
)


@pytest.fixture
def log(own_state):
    with RunLog.open(f"sqlite:///{own_state}/fieldreader.db") as opened:
        yield opened


def runs(*arguments):
    return CliRunner().invoke(app, ["runs", *arguments], catch_exceptions=True)


def test_before_the_first_run_there_is_nothing_to_show(own_state):
    assert runs().stdout == "No run so far.\n"


def test_runs_are_listed_with_counts_that_add_up(log):
    for number, kind in enumerate(("nightly", "run")):
        RunLog(log._engine, lambda hour=number: dt.datetime(2026, 5, 1, hour, tzinfo=dt.UTC)).begin(f"{kind}-1", kind)
    log.finish("nightly-1", SUMMARY)
    log.stop("run-1", "output_error")
    heading, stopped, done = runs().stdout.splitlines()
    assert heading.split()[:8] == ["Run", "Kind", "State", "Seen", "Before", "Accepted", "Review", "Failed"]
    assert stopped.split() == ["run-1", "run", "stopped:", "output_error"]
    assert done.split() == ["nightly-1", "nightly", "done", "2", "0", "0", "1", "1", "0", "2", "0:04"]
    assert [line.split()[0] for line in runs("--kind", "nightly").stdout.splitlines()] == ["Run", "nightly-1"]


def test_a_run_is_shown_in_detail_by_the_beginning_of_its_name(log):
    log.begin("2026-05-01T020000Z-abc", "nightly")
    log.finish("2026-05-01T020000Z-abc", SUMMARY)
    said = runs("2026-05-01").stdout
    assert "2 files seen = 0 read before + 0 accepted + 1 for review + 1 failed; 0 left" in said
    assert "2 pages in 4.0 seconds, 0.5 a second" in said
    assert "survey" in said
    assert "Why fields wait: low_confidence 1" in said
    assert "[b].pdf: is truncated [damaged_file]; scan or copy it again" in said
    assert json.loads(runs("2026", "--json").stdout)["summary"]["failures"][0]["result"] == "b.json"


def test_a_run_that_was_stopped_says_by_what(log):
    log.begin("one", "run")
    log.stop("one", "queue_error")
    assert "stopped: queue_error" in runs("one").stdout


def test_a_name_that_no_run_has_is_an_error_that_says_where_to_look(log):
    answer = runs("2031")
    assert answer.exit_code != 0
    assert "see them with: fieldreader runs" in str(answer.exception)
