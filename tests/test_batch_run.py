"""A batch through real intake, scans, stages, results and queue; only the networks are scripted."""

import json
from dataclasses import replace

import jsonschema
import pytest

from pipeline.batch import BatchOptions, plan_batch, process_count, run_batch
from pipeline.document import ResultStatus
from pipeline.errors import ModelError, OutputError, WorkerDiedError
from pipeline.storage.results import SCHEMA_PATH
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.summary import FileOutcome
from pipeline.workers import PageDone, Started
from tests.batch_parts import (
    draw_form,
    open_doubtful,
    open_scripted,
    open_that_dies_at_start,
    open_trapped,
    open_without_model,
)


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def options(tmp_path):
    return BatchOptions(out=tmp_path / "out", queue_url=f"sqlite:///{tmp_path}/queue.db", jobs=1)


def run(inbox, options, open_with=open_scripted, events=None):
    on_event = (lambda event: None) if events is None else events.append
    return run_batch(plan_batch([inbox], options.out), options, on_event, open_with)


def results(options):
    return {path.name: json.loads(path.read_bytes()) for path in sorted(options.out.glob("*.json"))}


def test_every_file_has_a_result_that_fits_the_schema(inbox, options):
    draw_form(inbox / "a.png", 1)
    draw_form(inbox / "b.png", 2)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (inbox / "empty.tif").write_bytes(b"")
    summary = run(inbox, options)
    found = results(options)
    schema = json.loads(SCHEMA_PATH.read_bytes())
    for result in found.values():
        jsonschema.validate(result, schema)
    assert [result["status"] for result in found.values()] == ["accepted", "accepted", "failed", "failed"]
    assert (summary.seen, summary.accepted, summary.failed) == (4, 2, 2)
    assert summary.total.accepted == 2


def test_counts_reconcile(inbox, options):
    draw_form(inbox / "a.png", 1)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    run(inbox, options)
    draw_form(inbox / "b.png", 2)
    summary = run(inbox, options, open_doubtful)
    assert (summary.skipped, summary.skipped_failures, summary.needs_review) == (2, 1, 1)
    assert summary.seen == summary.skipped + summary.accepted + summary.needs_review + summary.failed


def test_what_is_done_is_skipped_and_left_untouched(inbox, options):
    draw_form(inbox / "a.png")
    run(inbox, options)
    (result,) = options.out.iterdir()
    before = result.read_bytes(), result.stat().st_mtime_ns
    assert run(inbox, options).skipped == 1
    assert (result.read_bytes(), result.stat().st_mtime_ns) == before


def test_again_reads_what_is_done(inbox, options):
    draw_form(inbox / "a.png")
    run(inbox, options)
    assert run(inbox, replace(options, again=True)).accepted == 1


def test_another_fingerprint_reads_what_is_done(inbox, options):
    draw_form(inbox / "a.png")
    run(inbox, options)

    def open_other(given):
        reader = open_scripted(given)
        return replace(reader, provenance=replace(reader.provenance, fingerprint="other"))

    assert run(inbox, options, open_other).accepted == 1
    (result,) = results(options).values()
    assert result["fingerprint"] == "other"


def test_a_copy_with_another_name_joins_the_result_it_has(inbox, options):
    content = draw_form(inbox / "a.png").read_bytes()
    run(inbox, options)
    (inbox / "b.png").write_bytes(content)
    (inbox / "a.png").unlink()
    summary = run(inbox, options)
    (result,) = results(options).values()
    assert summary.skipped == 1
    assert [name.rpartition("/")[2] for name in result["source"]["names"]] == ["a.png", "b.png"]


def test_a_file_that_could_be_read_at_last_loses_its_failure(inbox, options):
    (inbox / "a.png").write_bytes(b"")
    run(inbox, options)
    draw_form(inbox / "a.png")
    assert run(inbox, options).accepted == 1
    assert [result["status"] for result in results(options).values()] == ["accepted"]


def test_a_damaged_result_file_is_replaced(inbox, options):
    draw_form(inbox / "a.png")
    run(inbox, options)
    (path,) = options.out.iterdir()
    path.write_text("{")
    assert run(inbox, options).accepted == 1
    assert json.loads(path.read_bytes())["status"] == "accepted"


def test_doubtful_fields_wait_in_the_queue_once(inbox, options):
    draw_form(inbox / "a.png")
    for _ in range(2):
        run(inbox, replace(options, again=True), open_doubtful)
    with ReviewQueue.open(options.queue_url) as queue:
        (item,) = queue.list_items()
        assert queue.crop(item.id) is not None
    assert item.machine_value == "11111"


def test_fields_that_only_another_database_knows_are_read_again_for_this_one(inbox, options, tmp_path):
    draw_form(inbox / "a.png")
    run(inbox, options, open_doubtful)
    moved = replace(options, queue_url=f"sqlite:///{tmp_path}/other.db")
    assert run(inbox, moved, open_doubtful).needs_review == 1
    with ReviewQueue.open(moved.queue_url) as queue:
        (item,) = queue.list_items()
        queue.settle([Answer(item.id, "11111", "here")], "anna")
    assert run(inbox, moved, open_doubtful).skipped == 1


def test_a_defect_costs_its_own_file_and_tells_no_contents(inbox, options):
    for number, name in enumerate(("a.png", "defect.png", "z.png")):
        draw_form(inbox / name, number)
    summary = run(inbox, options, open_trapped)
    (failure,) = summary.failures
    assert (summary.accepted, summary.failed) == (2, 1)
    assert failure.errors[0].code == "internal_error"
    assert "4711" not in failure.errors[0].message


def test_overlays_are_saved_when_asked_for(inbox, options, tmp_path):
    draw_form(inbox / "a.png")
    run(inbox, replace(options, overlays=tmp_path / "pictures"))
    (picture,) = (tmp_path / "pictures").iterdir()
    assert picture.name.endswith("-p1.jpg")
    assert picture.read_bytes().startswith(b"\xff\xd8\xff")


def test_an_empty_batch_needs_no_model(inbox, options):
    summary = run(inbox, options, open_without_model)
    assert (summary.seen, summary.pages) == (0, 0)


def test_a_missing_model_stops_the_batch(inbox, options):
    draw_form(inbox / "a.png")
    with pytest.raises(ModelError, match="no model for out"):
        run(inbox, options, open_without_model)


def test_an_output_that_is_a_file_stops_the_batch(inbox, options):
    draw_form(inbox / "a.png")
    options.out.write_text("in the way")
    with pytest.raises(OutputError, match="output folder"):
        run(inbox, options)


def test_progress_names_files_and_pages(inbox, options):
    draw_form(inbox / "a.png")
    events = []
    run(inbox, options, events=events)
    assert [type(event) for event in events] == [Started, PageDone, FileOutcome]
    assert events[1].page == 1


@pytest.mark.parametrize(
    ("files", "jobs", "processes"),
    [
        pytest.param(0, None, 1, id="no files"),
        pytest.param(3, None, 1, id="too few to start a second process"),
        pytest.param(3, 8, 3, id="never more than files"),
        pytest.param(100, 2, 2, id="as asked"),
    ],
)
def test_processes_are_started_where_they_pay_off(files, jobs, processes):
    assert process_count(files, jobs) == processes


# --- several processes ---------------------------------------------------------------------------


def test_several_processes_write_what_one_writes(inbox, options):
    for number in range(4):
        draw_form(inbox / f"{number}.png", number)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    run(inbox, options)
    alone = results(options)
    summary = run(inbox, replace(options, jobs=2, again=True))
    together = results(options)
    for result in (*alone.values(), *together.values()):
        del result["processing"]
    assert together == alone
    assert (summary.accepted, summary.failed) == (4, 1)


def test_a_killed_process_costs_its_own_file(inbox, options):
    for number, name in enumerate(("a.png", "b.png", "killer.png", "y.png", "z.png")):
        draw_form(inbox / name, number)
    events = []
    summary = run(inbox, replace(options, jobs=2), open_trapped, events)
    assert (summary.accepted, summary.failed) == (4, 1)
    (failure,) = summary.failures
    assert failure.errors[0].code == "worker_died"
    assert "SIGKILL" in failure.errors[0].message
    assert [outcome.status for outcome in events if isinstance(outcome, FileOutcome)].count(ResultStatus.ACCEPTED) == 4


def test_a_process_that_cannot_load_stops_the_batch(inbox, options):
    for number in range(2):
        draw_form(inbox / f"{number}.png", number)
    with pytest.raises(ModelError, match="no model for out"):
        run(inbox, replace(options, jobs=2), open_without_model)


def test_processes_that_die_at_start_stop_the_batch(inbox, options):
    for number in range(2):
        draw_form(inbox / f"{number}.png", number)
    with pytest.raises(WorkerDiedError, match="before it could read"):
        run(inbox, replace(options, jobs=2), open_that_dies_at_start)
