"""Prefect's share of a night: the same documents read by `fieldreader run` and by the flow, in turns, start-up apart.

Each way leaves its own record with the seconds from its plan to its last result; of the flow, Prefect's own clock also
tells how long the run took with its pages and artifacts. Run as `python -m benchmarks.night_overhead`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.machine import describe_machine
from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.flows.orchestra import Orchestra


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        inbox = home / "inbox"
        inbox.mkdir()
        for number in range(options.documents):
            draw_form(inbox / f"{number:05}.png", number)
        orchestra = Orchestra(home)
        plain, flow, whole = [], [], []
        try:
            orchestra.start(workers=1)
            orchestra.fieldreader("deploy", str(inbox), "--output", str(home / "out"))
            for number in range(options.rounds):
                orchestra.fieldreader("run", str(inbox), "-o", str(home / f"plain{number}"), "--jobs", "1", "--quiet")
                run = orchestra.begin("read-folder/on-demand", folder=inbox, out=home / f"flow{number}", jobs=1)
                whole.append(orchestra.wait(run, "COMPLETED", timeout_s=7200)["total_run_time"])
                with RunLog.open(orchestra.queue_url) as log:
                    plain.append(log.runs("run", limit=1)[0].seconds)
                    flow.append(log.runs("read-folder", limit=1)[0].seconds)
        finally:
            orchestra.stop()
    print(f"{options.documents:,} documents, one process, {options.rounds} rounds in turns; {describe_machine()}")
    print("| `fieldreader run` | flow, plan to last result | more | flow in all, by Prefect's clock |")
    print("| --- | --- | --- | --- |")
    read, through = statistics.median(plain), statistics.median(flow)
    shares = [(one - other) / other for one, other in zip(flow, plain, strict=True)]
    print(
        f"| {read:.1f} s | {through:.1f} s | median {statistics.median(shares):.1%} ({min(shares):.1%} to "
        f"{max(shares):.1%}) | {statistics.median(whole):.1f} s |"
    )


if __name__ == "__main__":
    main()
