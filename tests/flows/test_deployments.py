"""The deployments as a user meets them: a real server, a real worker, the real command line."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.deployment import CRASH_AUTOMATION
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.flows.orchestra import ROOT, Orchestra

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLES = ROOT / "sample_docs"
CRASHED_WITHIN_S = 180
"""The promise; 90 s of silence and what the server takes to notice."""
BERLIN = ZoneInfo("Europe/Berlin")


def deploy_command(inbox, out, cron="0 2 * * *"):
    return (
        "deploy", str(inbox), "--output", str(out), "--templates", str(SAMPLES / "templates"), "--cron", cron,
        "--time-zone", "Europe/Berlin", "--json",
    )  # fmt: skip


@pytest.fixture(scope="module")
def orchestra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestra]:
    home = tmp_path_factory.mktemp("prefect")
    started = Orchestra(home, home / "state")
    try:
        started.start()
        started.fieldreader(*deploy_command(SAMPLES / "inbox", home / "out"))
        yield started
    finally:
        started.stop()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A good sample and a broken one: enough to see both ends."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    good = sorted(SAMPLES.glob("inbox/*.png"))[0]
    shutil.copy(good, folder)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    return folder


def wait_for_runs(orchestra, deployment, state, timeout_s):
    """Runs of a deployment in a state, as soon as there is one."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        runs = orchestra.ask(
            "flow_runs/filter",
            deployments={"name": {"any_": [deployment]}},
            flow_runs={"state": {"type": {"any_": [state]}}},
        )
        if runs:
            return runs
        time.sleep(2)
    raise AssertionError(f"no run of {deployment} became {state}\n{orchestra.log('worker')}\n{orchestra.log('server')}")


def test_all_deployments_are_there(orchestra):
    names = {(row["name"], row["entrypoint"]) for row in orchestra.ask("deployments/filter")}
    assert names == {
        ("on-demand", "flows/read_folder.py:read_folder"),
        ("nightly", "flows/nightly.py:nightly"),
        ("wide", "flows/wide.py:wide"),
        ("shard", "flows/read_folder.py:read_folder"),
        ("on-demand", "flows/retrain.py:retrain"),
    }


def test_folder_is_read_on_demand_and_a_second_run_skips_it(orchestra, inbox, tmp_path):
    command = (
        "deployment", "run", "read-folder/on-demand", "--param", f"folder={inbox}", "--param", f"out={tmp_path}/out",
        "--param", f"templates={SAMPLES}/templates", "--watch",
    )  # fmt: skip
    orchestra.prefect(*command)

    results = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")]
    assert sorted(result["status"] == "failed" for result in results) == [False, True]
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")}

    orchestra.prefect(*command)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.json")} == written
    pages = orchestra.ask("artifacts/filter", artifacts={"key": {"any_": ["read-folder"]}}, sort="CREATED_DESC")
    assert "| seen | 2 |\n| read before | 2 |" in pages[0]["data"]
    assert "| seen | 2 |\n| read before | 0 |" in pages[1]["data"]
    with ReviewQueue.open(f"sqlite:///{orchestra.home}/state/fieldreader.db") as queue:
        waiting = [
            f for r in results for d in r["documents"] for f in d["fields"].values() if f["decision"] == "review"
        ]
        assert queue.count()["pending"] == len(waiting)


def test_logs_hold_no_field_contents(orchestra, inbox, tmp_path):
    orchestra.prefect(
        "deployment", "run", "read-folder/on-demand", "--param", f"folder={inbox}", "--param", f"out={tmp_path}/out",
        "--param", f"templates={SAMPLES}/templates", "--watch",
    )  # fmt: skip
    results = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.json")]
    values = {f["value"] for r in results for d in r["documents"] for f in d["fields"].values() if f["value"]}
    values = {value for value in values if len(value) > 4}
    assert values
    logged = " ".join(row["message"] for row in orchestra.ask("logs/filter", limit=200)) + orchestra.log("worker")
    assert [value for value in values if value in logged] == []


def test_setting_up_again_changes_nothing_but_what_was_asked_for(orchestra, tmp_path):
    again = json.loads(orchestra.fieldreader(*deploy_command(SAMPLES / "inbox", orchestra.home / "out")))
    assert {step["change"] for step in again} == {"found", "unchanged"}
    later = json.loads(orchestra.fieldreader(*deploy_command(SAMPLES / "inbox", orchestra.home / "out", "30 3 * * *")))
    assert [step["subject"] for step in later if step["change"] == "updated"] == ["deployment nightly/nightly"]
    orchestra.fieldreader(*deploy_command(SAMPLES / "inbox", orchestra.home / "out"))
    names = [row["name"] for row in orchestra.ask("automations/filter")]
    assert names.count(CRASH_AUTOMATION) == 1
    assert len(names) == 2  # the other one starts the retraining


def test_cron_schedules_a_run_and_the_worker_executes_it(orchestra, inbox, tmp_path):
    (deployment,) = orchestra.ask("deployments/filter", deployments={"name": {"any_": ["nightly"]}})
    assert [schedule["schedule"]["cron"] for schedule in deployment["schedules"]] == ["0 2 * * *"]
    assert [schedule["schedule"]["timezone"] for schedule in deployment["schedules"]] == ["Europe/Berlin"]
    planned = wait_for_runs(orchestra, "nightly", "SCHEDULED", timeout_s=90)
    assert all(datetime.fromisoformat(run["expected_start_time"]).astimezone(BERLIN).hour == 2 for run in planned)
    assert all(run["auto_scheduled"] for run in planned)

    orchestra.fieldreader(*deploy_command(inbox, tmp_path / "out", "* * * * *"))
    done = wait_for_runs(orchestra, "nightly", "COMPLETED", timeout_s=240)

    assert done[0]["auto_scheduled"]
    assert len(list((tmp_path / "out").glob("*.json"))) == 2
    (page, *_) = sorted((tmp_path / "out" / "runs").glob("*.html"))
    assert "<h1>Night of " in page.read_text()
    keys = {row["key"] for row in orchestra.ask("artifacts/filter")}
    assert {"nightly", "nightly-rates", "nightly-failures", "nightly-backlog", "nightly-progress"} <= keys
    with RunLog.open(f"sqlite:///{orchestra.home}/state/fieldreader.db") as log:
        first = log.runs("nightly")[-1]
    assert (first.state, first.seen, first.failed) == ("done", 2, 1)


def test_a_wide_run_reads_every_document_once_in_parts(orchestra, tmp_path):
    wide = tmp_path / "wide"
    wide.mkdir()
    for number in range(12):
        draw_form(wide / f"{number:02}.png", number)
    orchestra.prefect(
        "deployment", "run", "wide/wide", "--param", f"folder={wide}", "--param", f"out={tmp_path}/out",
        "--param", "templates=null", "--param", "shards=2", "--watch", timeout_s=600,
    )  # fmt: skip
    assert len(list((tmp_path / "out").glob("*.json"))) == 12
    with RunLog.open(f"sqlite:///{orchestra.home}/state/fieldreader.db") as log:
        parts = log.runs("shard-1") + log.runs("shard-2")
    assert sum(part.seen for part in parts) == 12
    assert all(0 < part.seen < 12 for part in parts)


def test_a_run_killed_with_its_worker_gives_its_place_back(orchestra, tmp_path):
    """Last of all: it ends the worker."""
    slow_inbox = tmp_path / "slow"
    slow_inbox.mkdir()
    for number in range(300):
        draw_form(slow_inbox / f"{number:03}.png", number)
    asked = (
        "deployment", "run", "read-folder/on-demand", "--param", f"folder={slow_inbox}",
        "--param", f"out={tmp_path}/out", "--param", "jobs=1",
    )  # fmt: skip
    orchestra.prefect(*asked)
    deadline = time.monotonic() + 240
    while len(list((tmp_path / "out").glob("*.json"))) < 3:
        assert time.monotonic() < deadline, orchestra.log("worker")
        time.sleep(0.5)
    time.sleep(5)  # a heartbeat is the first thing that a run says; let it reach the server
    orchestra.kill_worker_and_runs()
    died = time.monotonic()
    (running,) = wait_for_runs(orchestra, "on-demand", "RUNNING", timeout_s=5)
    wait_for_runs(orchestra, "on-demand", "CRASHED", timeout_s=CRASHED_WITHIN_S)
    print(f"crashed after {time.monotonic() - died:.0f} s")  # noqa: T201
    orchestra.start_worker()
    read_before = len(list((tmp_path / "out").glob("*.json")))
    orchestra.prefect(*asked)
    deadline = time.monotonic() + 300
    while len(list((tmp_path / "out").glob("*.json"))) == read_before:  # a place was free, and it goes on
        assert time.monotonic() < deadline, orchestra.log("worker")
        time.sleep(0.5)
    assert running["id"]
