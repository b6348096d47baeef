"""The monitor page: backlog, reviewers, and what audits say of the error budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.audit_sampling import AuditTally
from pipeline.storage.review_figures import QueueFigures

SCALE_BUDGETS = 2.5
"""The scale of the audit's picture ends at so many budgets, or where the interval does."""
SCALE_PX = 600


@dataclass(frozen=True, slots=True)
class Gauge:
    """An interval beside the budget, in pixels from the left."""

    low: float
    high: float
    rate: float
    budget: float
    end: float


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


def monitor_facts(figures: QueueFigures, audit: AuditTally, now: datetime | None = None) -> dict[str, object]:
    """What the page shows."""
    moment = now or datetime.now(UTC)
    return {
        "figures": figures,
        "audit": audit,
        "gauge": gauge(audit),
        "waiting": sum(one.waiting for one in figures.backlog),
        "oldest": age(min(one.oldest for one in figures.backlog), moment) if figures.backlog else None,
        "age": lambda since: age(since, moment),
        "most": max((count for _, count in figures.reasons), default=1),
        "scale_px": SCALE_PX,
    }
