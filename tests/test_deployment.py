"""What is set up on a Prefect server, as far as it can be told without one; with one, see tests/flows."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from pipeline import prefect_server
from pipeline.deployment import SILENCE_S, DeployOptions, compose_deployments, crash_automation, deploy
from pipeline.errors import SettingsError
from pipeline.prefect_server import PrefectServer
from tests.command_line import ROOT, fieldreader


@pytest.fixture
def options(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return DeployOptions(inbox, tmp_path / "out", tmp_path / "state", project=ROOT)


def composed(options, **changes):
    described = compose_deployments(DeployOptions(**{**as_keywords(options), **changes}))
    return {
        f"{deployment['entrypoint'].rpartition(':')[2]}/{deployment['name']}": deployment
        for deployment in described["deployments"]
    }


def as_keywords(options):
    return {name: getattr(options, name) for name in options.__slots__}


def test_the_users_folders_hour_and_zone_take_the_place_of_the_samples(options, tmp_path):
    archive = tmp_path / "done"
    found = composed(options, archive=archive, cron="30 1 * * 1-5", time_zone="Asia/Kolkata", pool="readers")
    nightly = found["nightly/nightly"]
    assert nightly["parameters"] == {
        "folder": str(options.inbox), "out": str(options.out), "templates": None, "archive": str(archive),
    }  # fmt: skip
    (schedule,) = nightly["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == ("30 1 * * 1-5", "Asia/Kolkata")
    (audit,) = found["audit/weekly"]["schedules"]  # its own hour, on the user's clock
    assert (audit["cron"], audit["timezone"]) == ("0 6 * * 1", "Asia/Kolkata")
    assert {deployment["work_pool"]["name"] for deployment in found.values()} == {"readers"}


def test_only_the_runs_meant_for_the_inbox_move_originals(options, tmp_path):
    found = composed(options, archive=tmp_path / "done")
    assert "archive" not in found["read_folder/on-demand"]["parameters"]  # reads any folder
    assert "archive" in found["wide/wide"]["parameters"]


def test_a_run_of_a_deployment_never_overlaps_itself_but_shards_may(options):
    overlap = {name: "concurrency_limit" not in deployment for name, deployment in composed(options).items()}
    assert [name for name, may in overlap.items() if may] == ["read_folder/shard"]
    assert composed(options)["nightly/nightly"]["concurrency_limit"]["collision_strategy"] == "CANCEL_NEW"


def test_runs_say_that_they_live_three_times_before_they_count_as_dead(options):
    for deployment in composed(options).values():
        environment = deployment["work_pool"]["job_variables"]["env"]
        assert int(environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) * 3 == SILENCE_S
        assert environment["DO_NOT_TRACK"] == "1"
    trigger = crash_automation()["trigger"]
    assert trigger["within"] == SILENCE_S
    assert set(trigger["after"]) < set(trigger["expect"])


def test_the_retraining_starts_at_the_event_that_the_night_emits(options):
    from flows.corrections import EVENT, RESOURCE

    (trigger,) = composed(options)["retrain/on-demand"]["triggers"]
    assert trigger["expect"] == [EVENT]
    assert trigger["match"] == RESOURCE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"inbox": Path("/nowhere")}, "no folder /nowhere", id="inbox"),
        pytest.param({"templates": Path("/nowhere")}, "no folder /nowhere", id="templates"),
        pytest.param({"time_zone": "Mars/Phobos"}, "no time zone 'Mars/Phobos'", id="time zone"),
        pytest.param({"time_zone": "../etc/passwd"}, "no time zone", id="time zone that is a path"),
        pytest.param({"project": Path("/nowhere")}, "--project", id="project"),
    ],
)
def test_what_does_not_exist_is_said_before_a_server_is_asked(options, changes, message):
    with pytest.raises(SettingsError, match=message):
        composed(options, **changes)


def test_without_a_server_the_command_says_how_to_start_one(tmp_path):
    (tmp_path / "inbox").mkdir()
    answer = fieldreader(
        "deploy", tmp_path / "inbox", "-o", tmp_path / "out", "--project", ROOT, "--api", "http://127.0.0.1:9/api"
    )
    assert answer.returncode == 2
    assert "prefect server start" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_file_of_deployments_is_whole_yaml_for_names_of_any_script(options, tmp_path):
    inbox = tmp_path / "Eingang: {neu}, पत्र"
    inbox.mkdir()
    text = yaml.safe_dump(compose_deployments(DeployOptions(**{**as_keywords(options), "inbox": inbox})))
    (nightly,) = [one for one in yaml.safe_load(text)["deployments"] if one["name"] == "nightly"]
    assert nightly["parameters"]["folder"] == str(inbox)


@pytest.fixture
def answering():
    """A server that knows one pool, of the wrong type."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answers = {"/api/admin/version": "3.8.8", "/api/work_pools/default": {"name": "default", "type": "docker"}}
            found = answers.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_a_pool_of_another_type_is_refused(options, answering, monkeypatch):
    monkeypatch.setattr(PrefectServer, "command", lambda self, arguments: "")
    steps = deploy(DeployOptions(**{**as_keywords(options), "api": answering}))
    assert next(steps).detail.startswith("Prefect 3.8.8")
    next(steps)
    with pytest.raises(SettingsError, match="type docker"):
        next(steps)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(prefect_server, "BUSY_PAUSES_S", (0.01, 0.01))
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(503 if len(asked) % 4 in (1, 2) else 200)
            self.end_headers()
            self.wfile.write(b'"3.8.8"')

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        found = PrefectServer(f"http://127.0.0.1:{server.server_port}/api", tmp_path)
        assert found.version() == "3.8.8"
        assert len(asked) == 3
        monkeypatch.setattr(prefect_server, "BUSY_PAUSES_S", ())
        asked.clear()
        with pytest.raises(SettingsError, match="refuses GET /admin/version: HTTP Error 503"):
            found.version()
        server.shutdown()


def test_what_is_not_there_is_none(answering, tmp_path):
    assert PrefectServer(answering, tmp_path).find("/work_pools/other") is None
