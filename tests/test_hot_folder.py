"""Files that come, grow, move and go while a batch reads; only the networks are scripted."""

from __future__ import annotations

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.runs import recorded
from pipeline.storage.run_log import RunLog
from pipeline.workers import Started
from tests.batch_parts import draw_form, open_scripted

ADVERSE_CASES = 500


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def options(tmp_path):
    return BatchOptions(out=tmp_path / "out", queue_url=f"sqlite:///{tmp_path}/queue.db", jobs=1)


def run(inbox, options, before=lambda file: None, settle_s=0.0):
    """A recorded batch; `before` meddles with each file when its turn comes."""
    with recorded("run", options) as record:

        def meddle(event):
            if isinstance(event, Started):
                before(event.file)

        summary = run_batch(plan_batch([inbox], options.out, settle_s), record.options, meddle, open_scripted)
        record.done(summary)
    return summary


def results(options):
    found = [json.loads(path.read_bytes()) for path in options.out.glob("*.json")]
    return {Path(result["source"]["names"][0]).name: result["status"] for result in found}


def test_a_file_that_goes_away_leaves_no_result_and_is_left_for_the_next_run(inbox, options):
    draw_form(inbox / "a.png", 1)
    draw_form(inbox / "b.png", 2)
    summary = run(inbox, options, lambda file: file.path.unlink() if file.path.name == "a.png" else None)
    assert (summary.seen, summary.accepted, summary.unsettled) == (1, 1, 1)
    assert results(options) == {"b.png": "accepted"}


def test_a_file_renamed_before_its_turn_is_read_once_by_the_next_run(inbox, options):
    draw_form(inbox / "a.png")
    summary = run(inbox, options, lambda file: file.path.rename(inbox / "renamed.png"))
    assert (summary.seen, summary.unsettled) == (0, 1)
    assert run(inbox, options).accepted == 1
    assert results(options) == {"renamed.png": "accepted"}


def test_a_file_still_growing_is_left_for_the_next_run(inbox, options):
    draw_form(inbox / "a.png")
    writing = (inbox / "b.png").open("wb", buffering=0)
    with writing, ThreadPoolExecutor(1) as scanner:
        ended = Event()

        def scan():
            while not ended.wait(0.05):
                writing.write(b"\x89PNG")

        scanner.submit(scan)
        left = plan_batch([inbox], options.out, settle_s=0.3).unsettled
        ended.set()
    assert [Path(name).name for name in left] == ["b.png"]


def test_the_failed_result_of_a_half_written_file_goes_when_the_whole_one_is_read(inbox, options):
    content = draw_form(inbox / "a.png").read_bytes()
    (inbox / "a.png").write_bytes(content[: len(content) // 2])
    assert run(inbox, options).failed == 1
    (inbox / "a.png").write_bytes(content)
    assert run(inbox, options).accepted == 1
    assert results(options) == {"a.png": "accepted"}
    assert len(list(options.out.glob("*.json"))) == 1


def test_an_empty_file_fails_and_is_read_once_it_is_filled(inbox, options):
    (inbox / "a.png").write_bytes(b"")
    assert run(inbox, options).failed == 1
    draw_form(inbox / "a.png")
    assert run(inbox, options).accepted == 1
    assert results(options) == {"a.png": "accepted"}


def test_what_is_read_moves_to_the_archive_and_what_failed_stays(inbox, options, tmp_path):
    content = draw_form(inbox / "a.png").read_bytes()
    (inbox / "copy.png").write_bytes(content)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    run(inbox, replace(options, archive=tmp_path / "done"))
    assert [path.name for path in inbox.iterdir()] == ["broken.pdf"]
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["a.png", "copy.png"]


def test_what_an_earlier_run_read_moves_too(inbox, options, tmp_path):
    draw_form(inbox / "a.png")
    run(inbox, options)
    assert run(inbox, replace(options, archive=tmp_path / "done")).skipped == 1
    assert list(inbox.iterdir()) == []


def test_a_batch_leaves_a_record_that_says_what_its_page_says(inbox, options):
    draw_form(inbox / "a.png")
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    run(inbox, options)
    run(inbox, options)
    with RunLog.open(options.queue_url) as log:
        second, first = log.runs()
    assert (first.seen, first.accepted, first.failed) == (2, 1, 1)
    assert (second.seen, second.skipped) == (2, 2)
    pages = sorted((options.out / "runs").iterdir())
    assert {page.stem for page in pages} == {first.id, second.id}
    page = next(page.read_text() for page in pages if page.stem == first.id)
    assert "seen 2 = read before 0 + accepted 1 + waiting 0 + failed 1" in page
    assert "broken.pdf" in page
    assert "scan or copy it again" in page
    assert "11111" not in page  # what stands in the field


@pytest.mark.parametrize(
    "seed", [pytest.param(0, marks=pytest.mark.slow), *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 5))]
)
def test_no_adverse_case_is_consumed_wrongly(inbox, options, tmp_path, seed):
    """A hundred files a seed, each meddled with when its turn comes; in the end each content is read exactly once."""
    dice = random.Random(seed)
    contents = {}
    for number in range(ADVERSE_CASES // 5):
        name = f"{number:03}.png"
        contents[name] = draw_form(inbox / name, number).read_bytes()
    writes = dict(contents)

    def meddle(file):
        path, content = file.path, contents[file.path.name]
        match dice.choice(["leave", "truncate", "empty", "vanish", "rename", "touch", "replace", "part"]):
            case "truncate":
                path.write_bytes(content[: dice.randrange(1, len(content))])
            case "empty":
                path.write_bytes(b"")
            case "vanish":
                path.unlink()
            case "rename":
                path.rename(path.with_name(f"renamed-{path.name}"))
            case "touch":  # as a share does whose clock jumps
                jump = dice.choice([-86_400, 3_600, 10**8])
                os.utime(path, (path.stat().st_atime + jump, path.stat().st_mtime + jump))
            case "replace":
                path.rename(path.with_suffix(".part"))
                path.with_suffix(".part").replace(path)
            case "part":
                path.rename(path.with_suffix(".part"))

    options = replace(options, archive=tmp_path / "done")
    first = run(inbox, options, meddle)
    assert first.seen == first.skipped + first.accepted + first.needs_review + first.failed
    for path in list(inbox.iterdir()):
        path.unlink()
    for name, content in writes.items():  # at last everything is there as it should be
        (inbox / name).write_bytes(content)
    second = run(inbox, options)
    assert second.seen == len(contents)
    assert second.failed == 0
    found = [json.loads(path.read_bytes()) for path in options.out.glob("*.json")]
    assert len({result["source"]["id"] for result in found if result["status"] == "accepted"}) == len(contents)
    assert len([result for result in found if result["status"] == "accepted"]) == len(contents)
    assert {path.read_bytes() for path in (tmp_path / "done").iterdir()} == set(contents.values())
    assert list(inbox.iterdir()) == []
