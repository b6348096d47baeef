"""One run over a very large folder: does memory stay flat and the pace constant, and how large is the database?

The networks are scripted, so that it takes minutes and not hours; files, decoders, results, queue and record are real.
Run as `python -m benchmarks.long_night --documents 20000`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.machine import describe_machine
from benchmarks.process_tree import memory_mb, processor_s
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.runs import recorded
from pipeline.summary import FileOutcome
from pipeline.workers import Event
from tests.batch_parts import open_doubtful

PARTS = 5


def draw_small(path: Path, number: int) -> None:
    """A comb of five cells on a small page, a stroke in each; no two files alike."""
    page = np.full((240, 480), 255, np.uint8)
    for cell in range(5):
        left = 100 + 56 * cell
        cv2.rectangle(page, (left, 80), (left + 56, 150), 0, 2)
        cv2.line(page, (left + 28, 95), (left + 28, 135), 0, 5)
    page[0, :32] = [255 - (number >> bit & 1) for bit in range(32)]
    Image.fromarray(page).save(path, dpi=(200, 200))


def main() -> None:
    """Measure and print a table, a line for each fifth of the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inbox, out, database = Path(folder) / "inbox", Path(folder) / "out", Path(folder) / "queue.db"
        inbox.mkdir()
        for number in range(options.documents):
            draw_small(inbox / f"{number:06}.png", number)
        print(f"{options.documents:,} documents, one process and its decoder; {describe_machine()}")
        print("| documents | memory | processor ms a document | database |\n| --- | --- | --- | --- |")
        done, busy = 0, processor_s(os.getpid())
        part = options.documents // PARTS

        def tell(event: Event) -> None:
            nonlocal done, busy
            if not isinstance(event, FileOutcome):
                return
            done += 1
            if done % part == 0:
                now = processor_s(os.getpid())
                size = sum(path.stat().st_size for path in database.parent.glob("queue.db*")) / 1e6
                memory = memory_mb(os.getpid())
                print(f"| {done:,} | {memory:.0f} MB | {1000 * (now - busy) / part:.1f} | {size:.1f} MB |", flush=True)
                busy = now

        asked = BatchOptions(out, queue_url=f"sqlite:///{database}", jobs=1)
        began = time.perf_counter()
        with recorded("run", asked) as record:
            summary = run_batch(plan_batch([inbox], out), record.options, tell, open_doubtful)
            record.done(summary)
        print(f"\n{summary.needs_review:,} for review of {summary.seen:,} in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
