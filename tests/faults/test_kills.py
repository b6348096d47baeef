"""Random kills within a run: nothing lost, nothing doubled, and results as if nobody had been killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form

RUN = """
import sys
from pathlib import Path
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.runs import recorded
from tests.batch_parts import open_doubtful
if __name__ == "__main__":
    inbox, out, queue = sys.argv[1:]
    options = BatchOptions(out=Path(out), queue_url=queue, jobs=2)
    with recorded("run", options) as record:
        plan = plan_batch([Path(inbox)], options.out)
        record.done(run_batch(plan, record.options, open_with=open_doubtful))
"""
RUNNER_SHARE = 0.5
STALL_S = 120


@pytest.mark.parametrize(
    ("documents", "kills"),
    [
        pytest.param(40, 6, id="short", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(1000, 50, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(7200)]),
    ],
)
def test_random_kills_lose_and_double_nothing(documents: int, kills: int, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(documents - 1):
        draw_form(inbox / f"{number:04}.png", number)
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    script = tmp_path / "run.py"
    script.write_text(RUN)

    calm, killed = tmp_path / "calm", tmp_path / "killed"
    assert start(script, inbox, calm).wait(3600) == 0
    done = kill_at_random(script, inbox, killed, kills, documents)
    assert start(script, inbox, killed).wait(3600) == 0

    assert sum(done.values()) >= min(kills, 4), done
    assert results(killed) == results(calm)
    assert len(list((killed / "out").glob("*.json"))) == documents
    assert items(killed) == items(calm)
    assert len(items(killed)) == documents - 1
    with RunLog.open(queue_url(killed)) as log:
        runs = log.runs()
    assert runs[0].state == "done"
    assert runs[0].seen == documents
    assert all(r.seen == r.skipped + r.accepted + r.needs_review + r.failed for r in runs)
    assert [r.state for r in runs].count("killed") == done["runner"]
    print(f"{documents} documents, kills {done}, {len(runs)} runs")  # noqa: T201


def kill_at_random(script: Path, inbox: Path, place: Path, kills: int, documents: int) -> dict[str, int]:
    """Kill runners and the processes they started, each after some more documents; count what was killed."""
    dice = random.Random(kills)
    done = {"runner": 0, "worker or decoder": 0}
    runner = start(script, inbox, place)
    step = max(1, documents // kills)
    while sum(done.values()) < kills:
        if not wait_for_results(runner, place, len(written(place)) + dice.randrange(1, step + 1)):
            if len(written(place)) == documents:
                break
            runner = start(script, inbox, place)  # a process was killed before it could read, which stops a run
            continue
        victims = children_of(runner.pid)
        if dice.random() < RUNNER_SHARE or not victims:
            runner.kill()
            runner.wait()
            done["runner"] += 1
            runner = start(script, inbox, place)
        else:
            os.kill(dice.choice(victims), signal.SIGKILL)
            done["worker or decoder"] += 1
    runner.wait(3600)
    return done


def start(script: Path, inbox: Path, place: Path) -> subprocess.Popen[bytes]:
    place.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(script), str(inbox), str(place / "out"), queue_url(place)]
    with (place / "log").open("ab") as log:
        return subprocess.Popen(command, stderr=log, env=environment)


def queue_url(place: Path) -> str:
    return f"sqlite:///{place}/queue.db"


def wait_for_results(runner: subprocess.Popen[bytes], place: Path, wanted: int) -> bool:
    """Whether so many results are there before the runner ends."""
    deadline = time.monotonic() + STALL_S
    while len(written(place)) < wanted:
        if runner.poll() is not None:
            return False
        assert time.monotonic() < deadline, (place / "log").read_text()[-3000:]
        time.sleep(0.01)
    return True


def written(place: Path) -> list[Path]:
    return list((place / "out").glob("*.json"))


def results(place: Path) -> dict[str, Any]:
    """Results by file name, without what differs from run to run."""
    found = {path.name: json.loads(path.read_bytes()) for path in written(place)}
    for result in found.values():
        del result["processing"]
    return found


def items(place: Path) -> dict[str, tuple[Any, ...]]:
    with ReviewQueue.open(queue_url(place)) as queue:
        return {item.id: (item.machine_value, item.source_names, item.reasons) for item in queue.list_items()}


def children_of(pid: int) -> list[int]:
    """Processes that read or decode, started by a process or by those; without multiprocessing's own book-keeper."""
    try:
        found = [
            int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
        ]
    except OSError:
        return []
    readers = [child for child in found if b"resource_tracker" not in _command(child)]
    return readers + [grandchild for child in readers for grandchild in children_of(child)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
