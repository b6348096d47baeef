"""The monitor page: how well the nights went, the backlog, the reviewers, and what audits say of the error budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.audit_sampling import AuditTally
from pipeline.storage.review_figures import QueueFigures
from pipeline.storage.review_seeding import Vigilance
from pipeline.storage.run_log import RunRecord, RunState
from recognizer.proportions import clopper_pearson

SCALE_BUDGETS = 2.5
"""The scale of the audit's picture ends at so many budgets, or where the interval does."""
SCALE_PX = 600
PLOT_HEIGHT_PX = 160
PLOTTED_RUNS = 30
"""A month of nights."""
SHOWN_RUNS = 7
FLOORS = (0.9, 0.8, 0.5, 0.0)
"""Where the scale of shares may begin: as high as the lowest share allows, so that a bad night shows."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """An interval beside the budget, in pixels from the left."""

    low: float
    high: float
    rate: float
    budget: float
    end: float


@dataclass(frozen=True, slots=True)
class Night:
    """One run that read something.

    Attributes:
        straight: share of its documents that went through without a person.
        read: share of its fields that are accepted or blank, of those filled in or not.
        for_people, waiting: fields it put before people, and those still open.
        model: name and version; empty when it is not known.
        drifted: signals whose alarm it raised.
    """

    when: str
    documents: int
    straight: float
    read: float
    for_people: int
    waiting: int
    model: str
    drifted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A share over the nights: corners of its line in pixels, and where it ends."""

    name: str
    corners: str
    end: tuple[float, float]
    latest: float


@dataclass(frozen=True, slots=True)
class NightPlot:
    """Curves over the nights; `changes` are the places, in pixels, from which on another model read, with its name."""

    curves: tuple[Curve, ...]
    changes: tuple[tuple[float, str], ...]
    floor: float
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Watch:
    """How many seeded errors a reviewer caught, with a 95 % interval of the share."""

    reviewer: str
    shown: int
    caught: int
    low: float
    high: float


def gauge(audit: AuditTally) -> Gauge | None:
    """Where to draw the audit; None before the first audited field."""
    if audit.rate is None:
        return None
    low, high = audit.interval
    end = max(SCALE_BUDGETS * audit.budget, 1.1 * high)

    def place(share: float) -> float:
        return round(SCALE_PX * share / end, 1)

    return Gauge(place(low), place(high), place(audit.rate), place(audit.budget), end)


def age(since: str, now: datetime) -> str:
    """How long ago something was, in words of one unit."""
    seconds = max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "moments"


def nights(runs: Sequence[RunRecord], figures: QueueFigures) -> tuple[Night, ...]:
    """The runs that read documents, oldest first."""
    put = {one.run: one for one in figures.runs}
    found = []
    for run in sorted(runs, key=lambda one: one.started):
        total: dict[str, Any] = run.summary.get("total") or {}
        if run.state is not RunState.DONE or not total.get("documents") or not total.get("fields"):
            continue
        model = run.summary.get("model") or {}
        queued = put.get(run.id)
        found.append(
            Night(
                run.started[:16].replace("T", " "),
                total["documents"],
                total["documents_accepted"] / total["documents"],
                (total["accepted"] + total["blank"]) / total["fields"],
                queued.fields if queued else 0,
                queued.waiting if queued else 0,
                f"{model['name']} {model['version']}" if model else "",
                tuple(shift["signal"] for shift in run.summary.get("drift", ()) if shift["is_alarm"]),
            )
        )
    return tuple(found[-PLOTTED_RUNS:])


def plot(found: Sequence[Night]) -> NightPlot | None:
    """Both shares over the nights; None for fewer than two."""
    if len(found) < 2:
        return None
    lowest = min(min(night.straight, night.read) for night in found)
    floor = next(floor for floor in FLOORS if lowest >= floor)

    def across(number: int) -> float:
        return round(SCALE_PX * number / (len(found) - 1), 1)

    def up(share: float) -> float:
        return round(PLOT_HEIGHT_PX * (1 - (share - floor) / (1 - floor)), 1)

    def curve(name: str, shares: Sequence[float]) -> Curve:
        corners = [(across(number), up(share)) for number, share in enumerate(shares)]
        return Curve(name, " ".join(f"{x},{y}" for x, y in corners), corners[-1], shares[-1])

    curves = (
        curve("fields read", [night.read for night in found]),
        curve("straight through", [night.straight for night in found]),
    )
    changes = [
        (across(number), night.model)
        for number, night in enumerate(found)
        if number and night.model and night.model != found[number - 1].model
    ]
    return NightPlot(curves, tuple(changes), floor, found[0].when[:10], found[-1].when[:10])


def watch(one: Vigilance) -> Watch:
    """A reviewer's catches with their interval."""
    return Watch(one.reviewer, one.shown, one.caught, *clopper_pearson(one.caught, one.shown))


def monitor_facts(
    figures: QueueFigures,
    audit: AuditTally,
    blanks: AuditTally,
    runs: Sequence[RunRecord] = (),
    now: datetime | None = None,
) -> dict[str, object]:
    """What the page shows.

    Args:
        audit: of accepted values.
        blanks: of fields called blank.
    """
    moment = now or datetime.now(UTC)
    found = nights(runs, figures)
    newest = max(runs, key=lambda run: run.started, default=None)
    return {
        "at": f"{moment:%H:%M:%S} UTC",
        "figures": figures,
        "audit": audit,
        "blanks": blanks,
        "gauge": gauge(audit),
        "waiting": sum(one.waiting for one in figures.backlog),
        "oldest": age(min(one.oldest for one in figures.backlog), moment) if figures.backlog else None,
        "age": lambda since: age(since, moment),
        "most": max((count for _, count in figures.reasons), default=1),
        "scale_px": SCALE_PX,
        "plot": plot(found),
        "plot_height_px": PLOT_HEIGHT_PX,
        "nights": found[::-1][:SHOWN_RUNS],
        "drift": newest.summary.get("drift", ()) if newest else (),
        "watch": tuple(watch(one) for one in figures.watch),
    }
