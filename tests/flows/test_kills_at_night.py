"""Night runs and commands over one folder, killed in turns: nothing lost, nothing doubled, the place free again."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.cli.options import EXIT_SOME_FAILED
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.faults.killing import children_of, items, results, written
from tests.flows.orchestra import FIELDREADER, Orchestra

CRASHED_WITHIN_S = 180
"""The promise; 90 s of silence and what the server takes to notice."""
RUNNER_SHARE = 0.5
DOUBTFUL = {"FIELDREADER_ACCEPT_UNCERTIFIED": "false"}
"""Every field goes to a person, so that the queue is put to the test as well."""
STALL_S = 600
BROKEN = "broken.pdf"


@pytest.mark.parametrize(
    ("documents", "nights", "kills", "step"),
    [
        pytest.param(150, 1, 4, 8, id="short", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
        pytest.param(1000, 5, 9, 20, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(4 * 3600)]),
    ],
)
def test_nights_and_commands_killed_in_turns_lose_and_double_nothing(
    orchestra: Orchestra, tmp_path: Path, documents: int, nights: int, kills: int, step: int
) -> None:
    """Each night, the flow and its workers are killed together; while its place is still taken, commands go on.

    Documents come in as others are read, so that no reader is ever quick enough to be done before it is killed.
    """
    inbox, calm, out = tmp_path / "inbox", tmp_path / "calm", tmp_path / "out"
    inbox.mkdir()
    (inbox / BROKEN).write_bytes(b"%PDF-1.7 and no more")
    asked = {"folder": inbox, "out": out, "templates": None}

    began = dt.datetime.now(dt.UTC)
    silences = []
    done = {"flow and workers": 0, "command": 0, "worker or decoder": 0}
    calm_queue = f"sqlite:///{tmp_path}/calm.db"
    for night in range(nights):
        fill(inbox, len(written(out)) + documents // nights)
        run = orchestra.begin("read-folder/on-demand", DOUBTFUL, **asked, jobs=1, chunk_files=1)
        orchestra.wait_for_sign_of_life(run)
        wait_for_results(out, len(written(out)) + 1)
        orchestra.kill_workers_and_runs()
        died = dt.datetime.now(dt.UTC)
        done["flow and workers"] += 1
        fill(inbox, len(written(out)) + (kills + 1) * step)
        for kind, number in kill_commands(orchestra, inbox, out, kills, step, night):
            done[kind] += number
        if night == nights - 1:  # the server has nothing to say yet: time for the run to compare with
            fill(inbox, documents)
            assert command(orchestra, inbox, calm, FIELDREADER_DATABASE_URL=calm_queue).wait(3600) == EXIT_SOME_FAILED
        crashed = orchestra.wait(run, "CRASHED", timeout_s=CRASHED_WITHIN_S)["state"]["timestamp"]
        silences.append((dt.datetime.fromisoformat(crashed) - died).total_seconds())
        orchestra.start_workers()
    last = orchestra.begin("read-folder/on-demand", DOUBTFUL, **asked)  # the place is free
    orchestra.wait(last, "COMPLETED", timeout_s=1800)

    assert sum(done.values()) == (kills + 1) * nights
    assert max(silences) <= CRASHED_WITHIN_S
    assert results(out) == results(calm)
    came = len(list(inbox.iterdir()))
    assert len(written(out)) == came >= documents
    mine = {result["source"]["id"] for result in results(out).values()}
    with RunLog.open(orchestra.queue_url) as log:
        runs = [run for run in log.runs() if run.started >= began.isoformat(timespec="milliseconds")]
    assert runs[0].seen == came
    assert all(run.seen == run.skipped + run.accepted + run.needs_review + run.failed for run in runs)
    assert [run.state for run in runs].count("killed") == done["command"] + nights
    waiting = items(calm_queue)
    assert len(waiting) == came - 1
    assert items(orchestra.queue_url, mine) == waiting
    print(f"{came} documents, kills {done}, {len(runs)} runs, crashed after {[round(s) for s in silences]} s")  # noqa: T201


def fill(inbox: Path, wanted: int) -> None:
    """Let documents come in until there are so many."""
    for number in range(len(list(inbox.iterdir())), wanted):
        draw_form(inbox / f"{number:04}.png", number)


def kill_commands(
    orchestra: Orchestra, inbox: Path, out: Path, kills: int, step: int, seed: int
) -> list[tuple[str, int]]:
    """Kill commands and the processes they started, each after some more documents; count what was killed."""
    dice = random.Random(seed)
    done = []
    runner = command(orchestra, inbox, out)
    for _ in range(kills):
        wanted = len(written(out)) + dice.randrange(1, step)
        while not wait_for_results(out, wanted, runner):
            assert len(written(out)) < len(list(inbox.iterdir())), "all is read before all are killed"
            runner = command(orchestra, inbox, out)  # a process killed before it could read stops a batch
        victims = children_of(runner.pid)
        if dice.random() < RUNNER_SHARE or not victims:
            runner.kill()
            runner.wait()
            done.append(("command", 1))
            runner = command(orchestra, inbox, out)
        else:
            os.kill(dice.choice(victims), signal.SIGKILL)
            done.append(("worker or decoder", 1))
    runner.send_signal(signal.SIGINT)
    runner.wait(STALL_S)
    return done


def command(orchestra: Orchestra, inbox: Path, out: Path, **environment: str) -> subprocess.Popen[bytes]:
    """`fieldreader run` on its way."""
    asked = ("run", str(inbox), "--output", str(out), "--jobs", "2", "--quiet")
    return orchestra.launch("command", *FIELDREADER, *asked, **DOUBTFUL, **environment)


def wait_for_results(out: Path, wanted: int, runner: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether so many results are there before the runner ends."""
    deadline = time.monotonic() + STALL_S
    while len(written(out)) < wanted:
        if runner is not None and runner.poll() is not None:
            return False
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return True
