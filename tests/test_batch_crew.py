"""Those who read a batch in portions: they load once, and a portion that failed can be tried again."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.batch import BatchOptions, Crew, plan_batch
from pipeline.batch_count import BatchCount
from pipeline.errors import OutputError
from pipeline.plan import PlannedFile
from pipeline.source_reader import SourceReader
from tests.batch_parts import draw_form, open_scripted
from tests.faults.killing import children_of

FILES = 8


def open_noted(options: BatchOptions) -> SourceReader:
    """Leaves a file for each time that something was loaded."""
    folder = options.out.parent / "loaded"
    folder.mkdir(exist_ok=True)
    (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}").touch()
    return open_scripted(options)


@pytest.fixture
def files(tmp_path: Path) -> tuple[PlannedFile, ...]:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(FILES):
        draw_form(inbox / f"{number}.png", number)
    return plan_batch([inbox], tmp_path / "out").files


def times_loaded(tmp_path: Path) -> int:
    return len(list((tmp_path / "loaded").iterdir()))


def readers_of(crew_of: int) -> list[int]:
    return [pid for pid in children_of(crew_of) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_was_loaded_serves_for_all_portions(tmp_path, files, jobs):
    with closing(Crew(BatchOptions(tmp_path / "out", jobs=jobs), FILES, open_noted)) as crew:
        count = BatchCount()
        for start in range(0, FILES, 4):
            count.include(crew.read(files[start : start + 4]))
        assert times_loaded(tmp_path) == jobs
    summary = count.summary(1.0)
    assert (summary.accepted, summary.seen, summary.total.documents) == (FILES, FILES, FILES)
    assert readers_of(os.getpid()) == []


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_portion_that_failed_can_be_tried_again(tmp_path, files, jobs):
    out = tmp_path / "out"
    with closing(Crew(BatchOptions(out, jobs=jobs), FILES, open_noted)) as crew:
        crew.read(files[:2])
        out.rename(tmp_path / "away")
        out.write_text("no folder")
        with pytest.raises(OutputError):
            crew.read(files[2:])
        out.unlink()
        assert crew.read(files).summary(1.0).accepted == FILES
    assert len(list(out.glob("*.json"))) == FILES
    assert readers_of(os.getpid()) == []


@pytest.mark.slow
def test_processes_that_died_while_they_waited_cost_nothing(tmp_path, files):
    with closing(Crew(BatchOptions(tmp_path / "out", jobs=2), FILES, open_noted)) as crew:
        crew.read(files[:4])
        for pid in readers_of(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        summary = crew.read(files[4:]).summary(1.0)
    assert (summary.accepted, summary.seen) == (4, 4)
