"""Looks at everything the program leans on and says what it found."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from pipeline.errors import ReadingError
from pipeline.reading_model import open_model
from pipeline.settings import Settings
from pipeline.storage.result_json import software_version
from pipeline.storage.review_item import ItemState
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.templates import load_templates
from recognizer.reader import load_recognizer


class State(StrEnum):
    """Whether the main job can do with what was found."""

    GOOD = "good"
    OPTIONAL = "optional"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `remedy` says how to get what is missing, and is empty when nothing is."""

    subject: str
    state: State
    found: str
    remedy: str = ""


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at the installation as these settings use it."""
    return (
        Finding("fieldreader", State.GOOD, f"{software_version()} on Python {platform.python_version()}"),
        _needed("model", lambda: _model(settings)),
        _needed("device", lambda: _device(settings)),
        _needed("review queue", lambda: _queue(settings)),
        _templates(settings),
        _poppler(),
        _distribution("prefect", "for deployments and schedules"),
        _distribution("tensorflow", "for training and reading on a GPU"),
    )


def _needed(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, State.GOOD, look())
    except ReadingError as error:
        return Finding(subject, State.MISSING, str(error), "see docs/errors.md")


def _model(settings: Settings) -> str:
    identity = open_model(settings.model_store).identity
    return f"{identity.name} {identity.version} ({identity.sha256[:12]}), operating point {identity.calibration}"


def _device(settings: Settings) -> str:
    recognizer = load_recognizer(open_model(settings.model_store).bundle, settings.device)
    cores = len(os.sched_getaffinity(0))
    return f"{recognizer.device} (asked for: {settings.device}), {cores} processor cores"


def _queue(settings: Settings) -> str:
    with ReviewQueue.open(settings.queue_url) as queue:
        waiting = queue.count()[ItemState.PENDING]
    place = settings.state_dir if settings.database_url is None else "a database of your own"
    return f"{waiting} fields waiting, kept in {place}"


def _templates(settings: Settings) -> Finding:
    if settings.templates is None:
        return Finding(
            "templates",
            State.OPTIONAL,
            "none set: without a template, boxes are searched on the page",
            "set `templates` in fieldreader.toml or give --templates",
        )
    folder = settings.templates
    return _needed("templates", lambda: f"{len(load_templates(folder))} in {folder}")


def _poppler() -> Finding:
    if program := shutil.which("pdftoppm"):
        return Finding("poppler", State.GOOD, f"{program}, reads PDF files that the first engine refuses")
    return Finding(
        "poppler",
        State.OPTIONAL,
        "pdftoppm is not there; only PDF files that the first engine refuses need it",
        "apt-get install poppler-utils",
    )


def _distribution(name: str, purpose: str) -> Finding:
    try:
        return Finding(name, State.GOOD, f"{version(name)}, {purpose}")
    except PackageNotFoundError:
        return Finding(name, State.OPTIONAL, f"not installed, {purpose}", "install fieldreader with its dependencies")
