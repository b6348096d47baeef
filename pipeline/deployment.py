"""Sets Prefect up for the night run: profile, work pool, deployments, and what frees the place of a run that died.

`prefect.yaml` in the project folder describes the deployments; here come the user's folders, hour and time zone. Doing
it twice changes nothing, and doing it with other folders or another hour changes just these.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import SettingsError
from pipeline.prefect_profile import add_profile, read_profile
from pipeline.prefect_server import LOCAL_API, PrefectServer
from pipeline.storage.atomic import write_atomically

PREFECT_FILE = "prefect.yaml"
PROFILE = "fieldreader"
POOL = "default"
NIGHTLY = "nightly"
"""Slug of the schedule whose hour the user decides."""
SILENCE_S = 90
"""Three heartbeats missed; `prefect.yaml` has runs say every 30 s, Prefect's least, that they live."""
CRASH_AUTOMATION = "fieldreader: runs that fell silent have crashed"


class Change(StrEnum):
    """What a step of the set-up did."""

    FOUND = "found"
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """What the user decides.

    Attributes:
        inbox: folder read every night, and on demand unless told otherwise.
        out: folder of the results.
        templates: folder of form templates; None to read whatever boxes are found.
        archive: folder that originals move to once they are read; None to leave them in the inbox.
        cron: when the night run starts.
        time_zone: whose clock that is, an IANA name.
        project: folder with `prefect.yaml`; runs work in it, so they find `fieldreader.toml` there.
        state_dir: where the deployments are kept as they were set up.
        api: address of the server.
        pool: work pool that workers take runs from.
    """

    inbox: Path
    out: Path
    state_dir: Path
    templates: Path | None = None
    archive: Path | None = None
    cron: str = "0 2 * * *"
    time_zone: str = "UTC"
    project: Path = Path()
    api: str = LOCAL_API
    pool: str = POOL


@dataclass(frozen=True, slots=True)
class Step:
    """One thing set up."""

    subject: str
    change: Change
    detail: str


def deploy(options: DeployOptions) -> Iterator[Step]:
    """Set everything up, telling each step as it is done.

    Raises:
        SettingsError: a folder or time zone does not exist, no server answers or it refuses.
    """
    deployments = compose_deployments(options)
    server = PrefectServer(options.api, options.project.absolute())
    yield Step("server", Change.FOUND, f"Prefect {server.version()} at {server.api}")
    yield _set_up_profile(server)
    yield _set_up_pool(server, options.pool)
    yield from _set_up_deployments(server, deployments, options)
    yield _set_up_automation(server)


def compose_deployments(options: DeployOptions) -> dict[str, Any]:
    """What `prefect.yaml` says, with the user's folders, hour, time zone and pool in it; all paths absolute.

    Raises:
        SettingsError: the project has no `prefect.yaml`, a folder is missing, there is no such time zone.
    """
    file = options.project / PREFECT_FILE
    try:
        described: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"there is no {file}: run this in the folder of fieldreader's checkout, or name that with --project"
        ) from error
    _check(options)
    described.pop("definitions", None)
    described["pull"] = [
        {"prefect.deployments.steps.set_working_directory": {"directory": str(options.project.absolute())}}
    ]
    for deployment in described["deployments"]:
        deployment["work_pool"] = {**deployment.get("work_pool", {}), "name": options.pool}
        parameters = deployment.get("parameters", {})
        parameters |= {name: folder for name, folder in _folders(options).items() if name in parameters}
        for schedule in deployment.get("schedules", []):
            schedule["timezone"] = options.time_zone
            if schedule["slug"] == NIGHTLY:
                schedule["cron"] = options.cron
    return described


def _check(options: DeployOptions) -> None:
    for folder in (options.inbox, options.templates):
        if folder is not None and not folder.is_dir():
            raise SettingsError(f"there is no folder {folder}")
    try:
        zoneinfo.ZoneInfo(options.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"there is no time zone {options.time_zone!r}; it is a name such as Europe/Berlin or Asia/Kolkata"
        ) from error


def _folders(options: DeployOptions) -> dict[str, str | None]:
    return {
        "folder": str(options.inbox.absolute()),
        "out": str(options.out.absolute()),
        "templates": None if options.templates is None else str(options.templates.absolute()),
        "archive": None if options.archive is None else str(options.archive.absolute()),
    }


def _set_up_profile(server: PrefectServer) -> Step:
    """A profile, so that `prefect --profile fieldreader ...` reaches this server from any folder."""
    wanted = {"PREFECT_API_URL": server.api, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    subject = f"profile {PROFILE}"
    detail = f"prefect --profile {PROFILE} reaches this server from other folders; no usage data is sent"
    found = read_profile(PROFILE)
    if found == wanted:
        return Step(subject, Change.UNCHANGED, detail)
    if found is None:
        add_profile(PROFILE, wanted)
        return Step(subject, Change.CREATED, detail)
    server.command(["--profile", PROFILE, "config", "set", *(f"{key}={value}" for key, value in wanted.items())])
    return Step(subject, Change.UPDATED, detail)


def _set_up_pool(server: PrefectServer, pool: str) -> Step:
    if found := server.find(f"/work_pools/{pool}"):
        if found["type"] != "process":
            raise SettingsError(
                f"the work pool {pool} is of type {found['type']}, not process; name another with --pool"
            )
        return Step(f"work pool {pool}", Change.UNCHANGED, "of type process")
    server.command(["work-pool", "create", pool, "--type", "process"])
    return Step(f"work pool {pool}", Change.CREATED, "of type process")


def _set_up_deployments(server: PrefectServer, described: dict[str, Any], options: DeployOptions) -> Iterator[Step]:
    before = _deployed(server)
    file = options.state_dir.absolute() / "deployments.yaml"
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True)
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise SettingsError(f"cannot write {file}: {error.strerror}") from error
    server.command(["--no-prompt", "deploy", "--all", "--prefect-file", str(file)])
    for name, after in sorted(_deployed(server).items()):
        if name not in before:
            change = Change.CREATED
        else:
            change = Change.UNCHANGED if before[name] == after else Change.UPDATED
        yield Step(f"deployment {name}", change, _in_words(after))


def _deployed(server: PrefectServer) -> dict[str, dict[str, Any]]:
    """Our deployments on the server by `flow/deployment`: what a user could have changed."""
    flows = {flow["id"]: flow["name"] for flow in server.search("/flows/filter", limit=200)}
    found = server.search("/deployments/filter", limit=200, deployments={"tags": {"all_": [PROFILE]}})
    return {
        f"{flows.get(deployment['flow_id'], '?')}/{deployment['name']}": {
            "description": deployment["description"],
            "parameters": deployment["parameters"],
            "pool": deployment["work_pool_name"],
            "schedules": sorted(
                (schedule["schedule"].get("cron", "?"), schedule["schedule"].get("timezone") or "UTC")
                for schedule in deployment["schedules"]
            ),
        }
        for deployment in found
    }


def _in_words(deployment: dict[str, Any]) -> str:
    when = ", ".join(f"by cron {cron} ({zone})" for cron, zone in deployment["schedules"])
    folder = deployment["parameters"].get("folder")
    return "; ".join(part for part in (deployment["description"], when, f"reads {folder}" if folder else "") if part)


def _set_up_automation(server: PrefectServer) -> Step:
    wanted = crash_automation()
    found = server.search("/automations/filter", automations={"name": {"any_": [CRASH_AUTOMATION]}})
    detail = f"a run silent for {SILENCE_S} s is marked crashed, and its place is free again"
    if not found:
        server.create("/automations/", wanted)
        return Step("automation", Change.CREATED, detail)
    if _holds(found[0], wanted):
        return Step("automation", Change.UNCHANGED, detail)
    server.replace(f"/automations/{found[0]['id']}", wanted)
    return Step("automation", Change.UPDATED, detail)


def _holds(found: Any, wanted: Any) -> bool:
    """Whether the server's copy says the same, with whatever it has added; the order of lists does not count."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(any(_holds(one, value) for one in found) for value in wanted)
    return bool(found == wanted or found == [wanted])


def crash_automation() -> dict[str, Any]:
    """Marks a run crashed that stopped saying that it lives: a killed worker cannot say so itself."""
    alive = "prefect.flow-run.heartbeat"
    ended = [f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")]
    return {
        "name": CRASH_AUTOMATION,
        "description": "Frees the place of a run whose process and worker were killed",
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "match": {"prefect.resource.id": "prefect.flow-run.*"},
            "for_each": ["prefect.resource.id"],
            "after": [alive],
            "expect": [alive, *ended],
            "threshold": 1,
            "within": SILENCE_S,
        },
        "actions": [
            {
                "type": "change-flow-run-state",
                "state": "CRASHED",
                "message": f"Said nothing for {SILENCE_S} s: its process is dead. The next run goes on from there.",
            }
        ],
    }
