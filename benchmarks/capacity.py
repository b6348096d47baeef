"""What 1, 10 and 100 workers can read, and what gives out first: processors, the database or the shared folder.

Measured: processor time of a page (sample documents, network included, results written), and documents that the queue's
database takes in a second. The rest is multiplication; it says what it assumes. Run as `python -m benchmarks.capacity`,
with `--database` for the URL of an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.process_tree import processor_s
from benchmarks.reviewers import result_with
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.storage.review_queue import ReviewQueue

SAMPLES = Path(__file__).parents[1] / "sample_docs"
WRITES = 200
UNDISTURBED = 0.1
"""Of the writes, the quickest tenth shows the database; the others show who else computes on this machine."""
FIELDS_A_DOCUMENT = 10
WORKERS = (1, 10, 100)


@dataclass(frozen=True)
class Measured:
    """Costs: processor seconds and bytes a page, pages a file; files that a database takes in a second."""

    page_s: float
    page_bytes: float
    file_pages: float
    pages: int
    files_a_second: float


def measure(database: str | None) -> Measured:
    """Read the samples a first time to warm up and a second time to measure; then fill a queue."""
    inbox = SAMPLES / "inbox"
    with tempfile.TemporaryDirectory() as folder:
        options = BatchOptions(Path(folder), SAMPLES / "templates", jobs=1)
        run_batch(plan_batch([inbox], options.out), options)
        before = processor_s(os.getpid())
        summary = run_batch(plan_batch([inbox], options.out), replace(options, again=True))
        busy = processor_s(os.getpid()) - before
        sizes = [json.loads(path.read_bytes())["source"]["bytes"] for path in Path(folder).glob("*.json")]
        url = database or f"sqlite:///{folder}/queue.db"
        with ReviewQueue.open(url) as queue:
            writes = [_put(queue, number) for number in range(WRITES)]
    return Measured(
        busy / summary.pages, sum(sizes) / summary.pages, summary.pages / summary.read, summary.pages,
        1 / float(np.quantile(writes, UNDISTURBED)),
    )  # fmt: skip


def _put(queue: ReviewQueue, number: int) -> float:
    """Seconds that one file takes into the queue."""
    began = time.perf_counter()
    queue.put_result(result_with(number, FIELDS_A_DOCUMENT), {})
    return time.perf_counter() - began


def limits(measured: Measured, workers: int, share_mb: float) -> dict[str, float]:
    """Pages a second that each part can bear."""
    return {
        "processors": workers / measured.page_s,
        "database": measured.files_a_second * measured.file_pages,
        "shared folder": share_mb * 1e6 / measured.page_bytes,
    }


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="URL of an empty database; SQLite in a file unless given")
    parser.add_argument("--share-mb", type=float, default=110.0, help="MB a second of the shared folder: 1 Gbit/s")
    options = parser.parse_args()
    measured = measure(options.database)
    print(describe_machine())
    print(
        f"{1000 * measured.page_s:.0f} ms of processor a page, {1 / measured.page_s:.1f} pages a second a core "
        f"({measured.pages} pages, {measured.file_pages:.1f} a file, {measured.page_bytes / 1000:.0f} kB each); "
        f"{measured.files_a_second:.0f} files a second into the database, {FIELDS_A_DOCUMENT} fields each"
    )
    print("| workers, a core each | processors | database | shared folder | first to give out | pages in 8 hours |")
    print("| --- | --- | --- | --- | --- | --- |")
    for workers in WORKERS:
        found = limits(measured, workers, options.share_mb)
        first = min(found, key=lambda part: found[part])
        figures = " | ".join(f"{value:,.0f}" for value in found.values())
        print(f"| {workers} | {figures} | {first} | {found[first] * 8 * 3600:,.0f} |")


if __name__ == "__main__":
    main()
