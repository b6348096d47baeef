"""Retention: removes everything kept of documents read long ago, and proves by searching that nothing is left."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError, SettingsError
from pipeline.run_page import RUNS_FOLDER
from pipeline.storage.atomic import sweep
from pipeline.storage.database import compact
from pipeline.storage.names import display_name
from pipeline.storage.results import read_result
from pipeline.storage.retraining_pages import pages_that_show, remove_pages
from pipeline.storage.review_item import ItemState
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from pipeline.storage.training_set import TrainingSet

_AGE = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
SHOWN_TRACES = 5


@dataclass(frozen=True, slots=True)
class PurgeOptions:
    """What goes.

    Attributes:
        out: folder of the results.
        before: documents read before this time go, with time zone.
        queue_url: database of queue and runs.
        overlays: folder of the pictures with the readings drawn in.
        is_rehearsal: only count.
        retraining_pages: folder of the pages about retraining, which show fields; None where there are none.
    """

    out: Path
    before: dt.datetime
    queue_url: str
    overlays: Path
    is_rehearsal: bool = False
    retraining_pages: Path | None = None


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What went, or would go.

    Attributes:
        results: result files.
        pictures: pages with the readings drawn in.
        fields: items of the queue, with their crops.
        pending: those of them that still waited for a person.
        samples: digits of the training set that were cut from them.
        runs: records of runs.
        pages: pages about runs, and about retraining where they show one of the documents.
    """

    results: int
    pictures: int
    fields: int
    pending: int
    samples: int
    runs: int
    pages: int


def cutoff(age: str, now: dt.datetime) -> dt.datetime:
    """The time so long ago: `90d`, `12w` or `36h`.

    Raises:
        SettingsError: it is none of these.
    """
    match = _AGE.fullmatch(age.strip())
    if match is None:
        raise SettingsError(f"{age!r} is no age: write a number and h, d or w, such as 90d")
    return now - dt.timedelta(hours=int(match[1]) * _HOURS[match[2]])


def purge(options: PurgeOptions) -> PurgeReport:
    """Remove old documents, the results last: a purge that is killed is simply done again.

    Originals are left alone, wherever they are, and so are models: they hold weights and no samples.

    Raises:
        QueueError: the database cannot be used.
        OutputError: something cannot be removed, or a trace of it is found afterwards.
    """
    old = _old_results(options)
    pictures = [path for result in old.values() for path in _pictures(options.overlays, result)]
    pages = _old_pages(options)
    learnt = _retraining_pages(options, list(old))
    stamp = options.before.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    names = [path.name for path in old.values()]
    with (
        ReviewQueue.open(options.queue_url) as queue,
        RunLog.open(options.queue_url) as log,
        TrainingSet.open(options.queue_url) as training_set,
    ):
        fields = queue.count_of(list(old))
        report = PurgeReport(
            results=len(old),
            pictures=len(pictures),
            fields=sum(fields.values()),
            pending=fields[ItemState.PENDING],
            samples=training_set.count_of(list(old)),
            runs=sum(run.started < stamp for run in log.runs()),
            pages=len(pages) + len(learnt),
        )
        if options.is_rehearsal:
            return report
        queue.forget(list(old))
        log.remove(stamp, names)
    remove_pages(learnt)
    _remove([*pictures, *pages, *old.values()])
    sweep(options.out, options.before.timestamp())
    compact(options.queue_url)
    if found := traces(options, list(old), names):
        raise OutputError(f"traces of removed documents are left: {', '.join(found[:SHOWN_TRACES])}")
    return report


def traces(options: PurgeOptions, source_ids: Sequence[str], results: Sequence[str]) -> list[str]:
    """Where anything is found of documents that are gone: files by name and by content, rows, and the bytes of SQLite.

    Args:
        source_ids: of the documents.
        results: names of their result files.
    """
    found = [name for name in results if (options.out / name).exists()]
    found += [path.name for name in results for path in _pictures(options.overlays, options.out / name)]
    gone = set(source_ids)
    for path in options.out.glob("*.json"):
        result = read_result(path)
        if result is not None and result.source_id in gone:
            found.append(path.name)
    found += [page.name for page in _old_pages(options)]
    found += [f"the page about retraining {page.name}" for page in _retraining_pages(options, source_ids)]
    with (
        ReviewQueue.open(options.queue_url) as queue,
        RunLog.open(options.queue_url) as log,
        TrainingSet.open(options.queue_url) as training_set,
    ):
        if left := sum(queue.count_of(source_ids).values()):
            found.append(f"{left} rows of the review queue")
        if left := training_set.count_of(source_ids):
            found.append(f"{left} samples of the training set")
        failures = [failure["result"] for run in log.runs() for failure in run.summary.get("failures", ())]
        found += [f"a record of a run that names {name}" for name in failures if name in set(results)]
    return found + _bytes_of_sqlite(options.queue_url, source_ids)


def _old_results(options: PurgeOptions) -> dict[str, Path]:
    """Result files by source id, or by file name for files whose content could never be had."""
    old: dict[str, Path] = {}
    for path in sorted(options.out.glob("*.json")):
        result = read_result(path)
        if result is not None and dt.datetime.fromisoformat(result.started) < options.before:
            old[result.source_id or f"unread {path.name}"] = path
    return old


def _pictures(overlays: Path, result: Path) -> list[Path]:
    return [path for path in overlays.glob("*.jpg") if path.name.startswith(f"{result.stem}-p")]


def _old_pages(options: PurgeOptions) -> list[Path]:
    name = f"{options.before.astimezone(dt.UTC):%Y-%m-%dT%H%M%SZ}"
    return [page for page in (options.out / RUNS_FOLDER).glob("*.html") if page.name < name]


def _retraining_pages(options: PurgeOptions, source_ids: Sequence[str]) -> list[Path]:
    return [] if options.retraining_pages is None else pages_that_show(options.retraining_pages, source_ids)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {display_name(path)}: {error.strerror}") from error


def _bytes_of_sqlite(queue_url: str, source_ids: Sequence[str]) -> list[str]:
    """Files of the database in which an id still stands, in a row or in what was a row."""
    if not queue_url.startswith("sqlite:///"):
        return []
    base = Path(queue_url.removeprefix("sqlite:///"))
    found = []
    for path in (base, base.with_name(f"{base.name}-wal")):
        if path.exists() and source_ids:
            content = path.read_bytes()
            found += [path.name for source_id in source_ids if source_id.encode() in content][:1]
    return found
