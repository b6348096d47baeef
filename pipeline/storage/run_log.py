"""The log of runs: one row a batch, written when it starts and when it ends."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from pipeline.document import ModelIdentity
from pipeline.storage.state_store import StateStore
from pipeline.storage.tables import RunRow
from pipeline.summary import BatchSummary, FileOutcome, summary_to_json
from recognizer.drift import Shift

RETRAINING = "retrain"
"""Kind of the runs that learn; corrections are counted from the last one on."""

_COUNTS = ("seen", "skipped", "accepted", "needs_review", "failed", "unsettled", "pages", "seconds")


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """By an error that would have failed every file, or by Ctrl-C."""
    KILLED = "killed"
    """Its process is gone and never said so."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One batch. Files: `seen` = `skipped` + `accepted` + `needs_review` + `failed`, all 0 until it is done.

    Attributes:
        kind: which command or flow: `run`, `nightly`, `read-folder`, `retrain`.
        started, ended: ISO 8601, UTC; `ended` is None while running and when killed.
        error: code of what stopped it; None else.
        summary: templates, reasons, failed files, model and drift; empty until it is done. Holds no field contents.
    """

    id: str
    kind: str
    state: RunState
    started: str
    ended: str | None
    error: str | None
    seen: int
    skipped: int
    accepted: int
    needs_review: int
    failed: int
    unsettled: int
    pages: int
    seconds: float
    summary: dict[str, Any]


def new_run_id(now: dt.datetime) -> str:
    """Name of a run: its time and random digits, so that names sort by time and never meet."""
    return f"{now.astimezone(dt.UTC):%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}"


class RunLog(StateStore):
    """The runs in the state database; several processes may use it at once, each with its own object."""

    CALLED = "the log of runs"

    def begin(self, identity: str, kind: str) -> None:
        """Write down that a run starts; runs of this machine whose process is gone become killed ones."""
        with self._write() as session:
            for row in session.scalars(select(RunRow).where(RunRow.state == RunState.RUNNING)):
                if _is_gone(row.process):
                    row.state = RunState.KILLED
            session.add(
                RunRow(
                    id=identity,
                    kind=kind,
                    state=RunState.RUNNING,
                    process=_this_process(),
                    started=self._clock(),
                    ended=None,
                    error=None,
                    summary={},
                    **dict.fromkeys(_COUNTS, 0),
                )
            )

    def finish(
        self,
        identity: str,
        summary: BatchSummary,
        model: ModelIdentity | None = None,
        shifts: Sequence[Shift] = (),
    ) -> None:
        """Write down what a run came to, which model read it, and how its readings differ from that model's reference.

        Args:
            model: None when it is not known.
        """
        with self._write() as session:
            row = session.get_one(RunRow, identity)
            row.state, row.ended = RunState.DONE, self._clock()
            for name in _COUNTS:
                setattr(row, name, getattr(summary, name))
            row.summary = {
                **_kept(summary),
                "model": asdict(model) if model else None,
                # JSON has no infinity: the limit where there was nothing to read.
                "drift": [{**asdict(one), "limit": one.limit if isfinite(one.limit) else None} for one in shifts],
            }

    def stop(self, identity: str, error: str | None = None) -> None:
        """Write down that a run ended before its time, and the code of the error that ended it."""
        with self._write() as session:
            row = session.get_one(RunRow, identity)
            row.state, row.ended, row.error = RunState.STOPPED, self._clock(), error

    def runs(self, kind: str | None = None, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Runs, newest first; one of this machine whose process is gone shows as killed."""
        query = select(RunRow).order_by(RunRow.started.desc(), RunRow.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(RunRow.kind == kind)
        with self._read() as session:
            return tuple(_to_record(row) for row in session.scalars(query))

    def remove(self, before: str, results: Sequence[str] = ()) -> int:
        """Remove runs that started before a time, and what later ones say about some result files.

        Args:
            before: ISO 8601, UTC.
            results: names of result files that are gone.

        Returns:
            Number of runs removed.
        """
        gone = frozenset(results)
        removed = 0
        with self._write() as session:
            for row in session.scalars(select(RunRow)):
                if row.started < before and row.state != RunState.RUNNING:
                    session.delete(row)
                    removed += 1
                elif any(failure["result"] in gone for failure in row.summary.get("failures", ())):
                    kept = [failure for failure in row.summary["failures"] if failure["result"] not in gone]
                    row.summary = {**row.summary, "failures": kept}
        return removed

    def count(self) -> int:
        """Number of runs."""
        with self._read() as session:
            return session.scalar(select(func.count()).select_from(RunRow)) or 0


def _kept(summary: BatchSummary) -> dict[str, Any]:
    """What is worth keeping beside the counts; a failed file by its names, its result and its errors."""
    whole = summary_to_json(summary)
    return {
        **{name: whole[name] for name in ("templates", "total", "reasons", "copies", "partly_read", "without_fields")},
        "failures": [_failure(outcome) for outcome in summary.failures],
    }


def _failure(outcome: FileOutcome) -> dict[str, Any]:
    errors = [{"code": error.code, "message": error.message, "page": error.page} for error in outcome.errors]
    return {"names": list(outcome.names), "result": outcome.result, "errors": errors}


def _to_record(row: RunRow) -> RunRecord:
    return RunRecord(
        id=row.id,
        kind=row.kind,
        state=RunState.KILLED if row.state == RunState.RUNNING and _is_gone(row.process) else RunState(row.state),
        started=row.started,
        ended=row.ended,
        error=row.error,
        summary=dict(row.summary),
        **{name: getattr(row, name) for name in _COUNTS},
    )


def _this_process() -> str:
    """Host, number and start of this process: numbers are used again, all three together are not."""
    return f"{socket.gethostname()}/{os.getpid()}/{_start_of(os.getpid())}"


def _is_gone(process: str) -> bool:
    host, pid, start = process.rsplit("/", 2)
    return host == socket.gethostname() and _start_of(int(pid)) != start


def _start_of(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty when there is none. See proc(5), field 22."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
