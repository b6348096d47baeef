"""The deployments as a user meets them: a real server, a real worker, the real command line."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.storage.review_queue import ReviewQueue
from tests.flows.orchestra import ROOT, Orchestra

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLES = ROOT / "sample_docs"


@pytest.fixture(scope="module")
def orchestra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestra]:
    home = tmp_path_factory.mktemp("prefect")
    started = Orchestra(home, home / "state")
    try:
        started.start()
        started.prefect("--no-prompt", "deploy", "--all")
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


def edited(inbox, tmp_path):
    """prefect.yaml as a user edits it: own folders, another hour; here every minute."""
    text = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    (nightly,) = (deployment for deployment in text["deployments"] if deployment["name"] == "nightly")
    nightly["parameters"] = {
        "folder": str(inbox), "out": f"{tmp_path}/out", "templates": f"{SAMPLES}/templates",
    }  # fmt: skip
    nightly["schedules"][0]["cron"] = "* * * * *"
    path = tmp_path / "edited.yaml"
    path.write_text(yaml.safe_dump(text))
    return path


def test_cron_schedules_a_run_and_the_worker_executes_it(orchestra, inbox, tmp_path):
    (deployment,) = orchestra.ask("deployments/filter", deployments={"name": {"any_": ["nightly"]}})
    assert [schedule["schedule"]["cron"] for schedule in deployment["schedules"]] == ["0 2 * * *"]
    planned = wait_for_runs(orchestra, "nightly", "SCHEDULED", timeout_s=90)
    assert all("T02:00:00" in run["expected_start_time"] for run in planned)
    assert all(run["auto_scheduled"] for run in planned)

    orchestra.prefect("--no-prompt", "deploy", "--name", "nightly", "--prefect-file", str(edited(inbox, tmp_path)))
    done = wait_for_runs(orchestra, "nightly", "COMPLETED", timeout_s=240)

    assert done[0]["auto_scheduled"]
    assert len(list((tmp_path / "out").glob("*.json"))) == 2
    (page, *_) = sorted((tmp_path / "out" / "nights").glob("*.md"))
    assert page.read_text().startswith("# Night of ")
