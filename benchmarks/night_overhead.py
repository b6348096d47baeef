"""Prefect's share of a night: the same documents read by `fieldreader run` and by the flow, in turns, start-up apart.

Processor time of all that takes part: the command; for the flow its process, the worker and the server, without what
these take all day long. What either way takes for a few documents is its start-up and counts for neither.

By the clock, the record of a run tells its seconds from the plan to the last result, and the results tell how many of
them went into reading. What is left over, set beside the reading, is what either way adds to it; this holds where the
machine's pace changes from one run to the next, as that of a virtual one does. Run as
`python -m benchmarks.night_overhead`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.process_tree import processor_s
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.flows.orchestra import Orchestra

FEW = 20
POLL_S = 10.0
"""Asking oftener would be the larger part of the server's work."""


@dataclass(frozen=True)
class Cost:
    """Of one run.

    Attributes:
        processor_s: of all processes that take part, without what the server does all day long.
        clock_s: from plan to last result.
        reading_s: of these, what the results say that reading took.
        idle_s: processor seconds a second that server and worker took meanwhile; of the command, for nothing.
    """

    processor_s: float
    clock_s: float
    reading_s: float
    idle_s: float

    @property
    def added(self) -> float:
        """Seconds for each second of reading."""
        return self.clock_s / self.reading_s - 1


def fill(inbox: Path, documents: int) -> Path:
    """Draw documents, no two alike."""
    inbox.mkdir()
    for number in range(documents):
        draw_form(inbox / f"{number:05}.png", number)
    return inbox


class Turns:
    """Both ways to read a folder, each into a new folder of results."""

    def __init__(self, orchestra: Orchestra) -> None:
        self._orchestra = orchestra
        self._number = 0

    def by_command(self, inbox: Path) -> Cost:
        whole, others, began = processor_s(os.getpid()), self._others_s(), time.monotonic()
        out = self._out()
        self._orchestra.fieldreader("run", str(inbox), "-o", str(out), "--jobs", "1", "--quiet")
        others = self._others_s() - others
        idle = others / (time.monotonic() - began)
        return Cost(processor_s(os.getpid()) - whole - others, self._clock_s("run"), _reading_s(out), idle)

    def by_flow(self, inbox: Path, idle: float) -> Cost:
        others, began, out = self._others_s(), time.monotonic(), self._out()
        run = self._orchestra.begin("read-folder/on-demand", folder=inbox, out=out, templates=None, jobs=1)
        self._orchestra.wait(run, "COMPLETED", timeout_s=7200, poll_s=POLL_S)
        busy = self._others_s() - others - idle * (time.monotonic() - began)
        return Cost(busy, self._clock_s("read-folder"), _reading_s(out), idle)

    def _others_s(self) -> float:
        """Processor seconds so far of server and worker, and of the runs that this has started."""
        return sum(processor_s(self._orchestra.pid_of(name)) for name in ("server", "worker-1"))

    def _out(self) -> Path:
        self._number += 1
        return self._orchestra.home / f"out{self._number}"

    def _clock_s(self, kind: str) -> float:
        with RunLog.open(self._orchestra.queue_url) as log:
            return log.runs(kind, limit=1)[0].seconds


def _reading_s(out: Path) -> float:
    return sum(float(json.loads(path.read_text())["processing"]["seconds"]) for path in out.glob("*.json"))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    shares, clocks, lines = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        few, many = fill(home / "few", FEW), fill(home / "many", FEW + options.documents)
        orchestra = Orchestra(home)
        try:
            orchestra.start()
            orchestra.deploy()
            orchestra.start_workers(1)
            turns = Turns(orchestra)
            for _ in range(options.rounds):
                plain_start, plain = turns.by_command(few), turns.by_command(many)
                flow_start, flow = turns.by_flow(few, plain.idle_s), turns.by_flow(many, plain.idle_s)
                read = plain.processor_s - plain_start.processor_s
                through = flow.processor_s - flow_start.processor_s
                shares.append((through - read) / read)
                clocks.append(flow.added - plain.added)
                by_clock = " | ".join(f"{one.clock_s:.1f} s, {one.added:+.1%}" for one in (plain, flow))
                lines.append(
                    f"| {read:.1f} s | {through:.1f} s | {shares[-1]:+.1%} | {by_clock} | {clocks[-1]:+.1%} "
                    f"| {plain.idle_s:.1%} |"
                )
                print(lines[-1], flush=True)
        finally:
            orchestra.stop()
    print(f"\n{options.documents:,} documents, one process, {options.rounds} rounds in turns; {describe_machine()}\n")
    print(
        "| `fieldreader run`, processor | flow, worker and server | more | run, clock, beyond reading | flow | more "
        "| idling |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))
    print(f"\nmedian: {statistics.median(shares):+.1%} processor time, {statistics.median(clocks):+.1%} by the clock")


if __name__ == "__main__":
    main()
