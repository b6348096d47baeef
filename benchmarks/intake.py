"""How fast pages come out of files, in how much memory, and whether anything breaks on the way.

python -m benchmarks.intake pages                   each coding against the bare decoder and pdf2image
python -m benchmarks.intake speed                   whole pages, file to result, on one core, by stage
python -m benchmarks.intake jobs                    two processes over one
python -m benchmarks.intake memory --pages 5000     growth over a run of one page, whole process tree
python -m benchmarks.intake start                   from the command to the first result
python -m benchmarks.intake mutations --files 10000 sound files damaged by chance
python -m benchmarks.intake awkward DIR             a folder of files that broke other programs
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2

from benchmarks.intake_faults import measure_awkward, measure_mutations
from benchmarks.intake_pages import measure_pages
from benchmarks.intake_runs import measure_jobs, measure_memory, measure_start
from benchmarks.intake_speed import measure_speed
from benchmarks.machine import describe_machine


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    pages = commands.add_parser("pages")
    pages.add_argument("--pages", type=int, default=20)
    pages.add_argument("--rounds", type=int, default=5)
    pages.set_defaults(measure=lambda options: measure_pages(options.pages, options.rounds))
    speed = commands.add_parser("speed")
    speed.add_argument("--files", type=int, default=5, help="PDFs of 20 forms; 20 times as many cheques")
    speed.set_defaults(measure=lambda options: measure_speed(options.files))
    jobs = commands.add_parser("jobs")
    jobs.add_argument("--copies", type=int, default=8, help="of the sample inbox; an even number")
    jobs.add_argument("--rounds", type=int, default=3)
    jobs.set_defaults(measure=lambda options: measure_jobs(options.copies, options.rounds))
    memory = commands.add_parser("memory")
    memory.add_argument("--pages", type=int, nargs="+", default=[100, 5000])
    memory.set_defaults(measure=lambda options: measure_memory(options.pages))
    start = commands.add_parser("start")
    start.add_argument("--rounds", type=int, default=5)
    start.set_defaults(measure=lambda options: measure_start(options.rounds))
    mutations = commands.add_parser("mutations")
    mutations.add_argument("--files", type=int, default=10_000)
    mutations.add_argument("--seed", type=int, default=0)
    mutations.set_defaults(measure=lambda options: measure_mutations(options.files, options.seed))
    awkward = commands.add_parser("awkward")
    awkward.add_argument("folder", type=Path)
    awkward.set_defaults(measure=lambda options: measure_awkward(options.folder))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    table = options.measure(options)
    print(f"{describe_machine()}; load average {os.getloadavg()[0]:.1f}\n\n{table}")


if __name__ == "__main__":
    main()
