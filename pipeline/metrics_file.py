"""Figures of a run for Prometheus, as a text file that node_exporter's textfile collector picks up."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.names import display_name
from pipeline.summary import BatchSummary
from recognizer.drift import Shift

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]


def write_metrics(
    path: Path, kind: str, summary: BatchSummary, backlog: int | None, shifts: Iterable[Shift] = ()
) -> None:
    """Write the figures of a run, replacing those of the one before. They hold no field contents.

    Args:
        path: a file that ends in `.prom`, in the folder that the collector watches.
        kind: which command or flow.
        summary: what happened.
        backlog: fields that wait for a person, of all runs; None without a queue.
        shifts: how its readings differ from the model's reference; none where that is not known.

    Raises:
        OutputError: the file cannot be written.
    """
    text = render_metrics(kind, summary, backlog, tuple(shifts), time.time())
    try:
        write_atomically(path, text.encode())
        path.chmod(0o644)  # the collector runs as another user
    except OSError as error:
        raise OutputError(f"cannot write {display_name(path)}: {error.strerror}") from error


def render_metrics(kind: str, summary: BatchSummary, backlog: int | None, shifts: tuple[Shift, ...], now: float) -> str:
    """The file's text; see `write_metrics`.

    Args:
        now: seconds since the epoch.
    """
    run = {"run": kind}
    files = {
        "skipped": summary.skipped,
        "accepted": summary.accepted,
        "review": summary.needs_review,
        "failed": summary.failed,
    }
    known = [shift for shift in shifts if shift.is_enough]
    families: list[tuple[str, str, Samples]] = [
        ("last_run_timestamp_seconds", "When the last run ended.", [(run, now)]),
        ("last_run_seconds", "How long it took.", [(run, summary.seconds)]),
        ("last_run_files", "Files by what became of them.", [({**run, "outcome": o}, n) for o, n in files.items()]),
        ("last_run_unsettled_files", "Files left for the next run.", [(run, summary.unsettled)]),
        ("last_run_pages", "Pages read.", [(run, summary.pages)]),
        (
            "last_run_documents",
            "Filled-in forms by template, and whether a person is needed.",
            [
                ({**run, "template": tally.template, "straight_through": through}, number)
                for tally in summary.templates
                for through, number in (
                    ("yes", tally.documents_accepted),
                    ("no", tally.documents - tally.documents_accepted),
                )
            ],
        ),
        (
            "last_run_fields",
            "Fields by template and decision.",
            [
                ({**run, "template": tally.template, "decision": decision}, number)
                for tally in summary.templates
                for decision, number in (("accepted", tally.accepted), ("review", tally.review), ("blank", tally.blank))
            ],
        ),
        (
            "last_run_review_reasons",
            "Fields in review by reason; a field may have several.",
            [({**run, "reason": reason}, number) for reason, number in summary.reasons],
        ),
        (
            "last_run_stage_seconds",
            "Seconds by stage, of all processes together.",
            [({**run, "stage": stage}, seconds) for stage, seconds in summary.stage_seconds],
        ),
        ("review_backlog_fields", "Fields that wait for a person.", [] if backlog is None else [({}, backlog)]),
        ("drift_index", "How far readings are from the reference.", [({"signal": s.signal}, s.index) for s in known]),
        ("drift_alarm", "1 when that is beyond chance.", [({"signal": s.signal}, float(s.is_alarm)) for s in known]),
    ]
    return "".join(_family(f"fieldreader_{name}", text, samples) for name, text, samples in families)


def _family(name: str, text: str, samples: Samples) -> str:
    lines = [f"{name}{_labels(labels)} {value:.10g}" for labels, value in samples]
    return "\n".join([f"# HELP {name} {text}", f"# TYPE {name} gauge", *lines]) + "\n" if lines else ""


def _labels(labels: Labels) -> str:
    pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    """As the text format asks, version 0.0.4."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
