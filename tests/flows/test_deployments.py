"""The deployments as a user meets them: a real server, real workers, the real command line."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.deployment import CRASH_AUTOMATION
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.faults.killing import items, written
from tests.flows.conftest import put_both_ends
from tests.flows.orchestra import SAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

BERLIN = ZoneInfo("Europe/Berlin")


def fields(results, decision):
    return [
        field
        for result in results
        for form in result["documents"]
        for field in form["fields"].values()
        if field["decision"] == decision
    ]


def page_of(orchestra, key):
    """The newest page under a key, in Markdown."""
    return orchestra.ask("artifacts/filter", artifacts={"key": {"any_": [key]}}, sort="CREATED_DESC")[0]["data"]


def test_all_deployments_are_there(orchestra):
    names = {(row["name"], row["entrypoint"]) for row in orchestra.ask("deployments/filter")}
    assert names == {
        ("on-demand", "flows/read_folder.py:read_folder"),
        ("nightly", "flows/nightly.py:nightly"),
        ("wide", "flows/wide.py:wide"),
        ("shard", "flows/read_folder.py:read_folder"),
        ("weekly", "flows/audit.py:audit"),
        ("on-demand", "flows/retrain.py:retrain"),
    }


def test_folder_is_read_on_demand_and_a_second_run_skips_it(orchestra, inbox, tmp_path):
    out = tmp_path / "out"
    orchestra.prefect(
        "deployment", "run", "read-folder/on-demand", "--param", f"folder={inbox}", "--param", f"out={out}",
        "--param", f"templates={SAMPLES}/templates", "--watch",
    )  # fmt: skip
    results = [json.loads(path.read_text()) for path in written(out)]
    assert sorted(result["status"] == "failed" for result in results) == [False, True]
    first = {path: path.stat().st_mtime_ns for path in written(out)}

    again = orchestra.begin("read-folder/on-demand", folder=inbox, out=out, templates=SAMPLES / "templates")
    orchestra.wait(again, "COMPLETED")
    assert {path: path.stat().st_mtime_ns for path in written(out)} == first
    assert "| seen | 2 |\n| read before | 2 |" in page_of(orchestra, "read-folder")
    waiting = fields(results, "review")
    assert len(items(orchestra.queue_url, {result["source"]["id"] for result in results})) == len(waiting) > 0

    audit = orchestra.begin("audit/weekly", out=out, templates=SAMPLES / "templates", share=1.0)
    orchestra.wait(audit, "COMPLETED")
    settled = len(fields(results, "accepted")) + len(fields(results, "blank"))
    assert f"{settled} accepted and blank fields were drawn now, in 1 files." in page_of(orchestra, "audit")

    values = {field["value"] for decision in ("accepted", "review") for field in fields(results, decision)}
    values = {value for value in values if value and len(value) > 4}
    logged = " ".join(row["message"] for row in orchestra.ask("logs/filter", limit=200))
    logged += orchestra.log("worker-1") + orchestra.log("worker-2")
    assert values
    assert [value for value in values if value in logged] == []


def test_cron_starts_a_night_and_a_second_one_is_cancelled_meanwhile(orchestra):
    put_both_ends(orchestra.inbox)
    for number in range(10):
        draw_form(orchestra.inbox / f"{number:02}.png", number)
    (found,) = orchestra.ask("deployments/filter", deployments={"name": {"any_": ["nightly"]}})
    assert {schedule["schedule"]["timezone"] for schedule in found["schedules"]} == {"Europe/Berlin"}
    planned = orchestra.wait_for_runs("nightly", "SCHEDULED")
    hours = {datetime.fromisoformat(run["expected_start_time"]).astimezone(BERLIN).hour for run in planned}
    assert hours <= {2, 3}  # the day on which summer time begins knows no 2:00
    assert all(run["auto_scheduled"] for run in planned)

    # Setting up again changes the hour, and nothing else.
    steps = {step["subject"]: step["change"] for step in orchestra.deploy("* * * * *")}
    assert (steps.pop("server"), steps.pop("deployment nightly/nightly")) == ("found", "updated")
    assert set(steps.values()) == {"unchanged"}
    names = [row["name"] for row in orchestra.ask("automations/filter")]
    assert names.count(CRASH_AUTOMATION) == 1
    assert len(names) == 2  # the other one starts the retraining
    (first, *_) = orchestra.wait_for_runs("nightly", "PENDING", "RUNNING")
    assert first["auto_scheduled"]
    second = orchestra.begin("nightly/nightly")
    orchestra.wait(second, "CANCELLED")
    orchestra.pause("nightly/nightly")
    orchestra.wait(first["id"], "COMPLETED")

    assert len(written(orchestra.out)) == 12
    (page, *_) = sorted((orchestra.out / "runs").glob("*.html"))
    assert "<h1>Night of " in page.read_text()
    keys = {row["key"] for row in orchestra.ask("artifacts/filter")}
    assert {"nightly", "nightly-rates", "nightly-failures", "nightly-backlog", "nightly-progress"} <= keys
    with RunLog.open(orchestra.queue_url) as log:
        record = log.runs("nightly")[-1]  # on a busy machine, the next minute has begun one more
    assert (record.state, record.seen, record.failed) == ("done", 12, 1)


def test_a_wide_run_reads_every_document_once_by_both_workers(orchestra, tmp_path):
    wide = tmp_path / "wide"
    wide.mkdir()
    for number in range(12):
        draw_form(wide / f"{number:02}.png", number)
    run = orchestra.begin("wide/wide", folder=wide, out=tmp_path / "out", templates=None, shards=3)
    orchestra.wait(run, "COMPLETED")
    assert len(written(tmp_path / "out")) == 12
    with RunLog.open(orchestra.queue_url) as log:
        parts = [log.runs(f"shard-{number}")[0] for number in (1, 2, 3)]
    assert sum(part.seen for part in parts) == 12
    assert all(part.state == "done" for part in parts)
    shards = [run["id"] for run in orchestra.wait_for_runs("shard", "COMPLETED")]
    for worker in ("worker-1", "worker-2"):
        assert any(f"submitting flow run '{shard}'" in orchestra.log(worker) for shard in shards)
