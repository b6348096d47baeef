"""Runs of the command as a user starts it: memory, time to the first result, gain of two processes."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.process_tree import PeakMemory, processor_s
from benchmarks.scan_files import CODINGS, SAMPLES, sample_scans, scanned_pdf

TEMPLATES = ("--templates", str(SAMPLES / "templates"))


def measure_memory(counts: Sequence[int]) -> str:
    """Peak memory of a run over one file of so many survey forms, above that of one form."""
    lines = [
        "| pages | file, MB | peak of the process tree, MB (PSS) | growth over one page, MB | s |",
        "| --- | --- | --- | --- | --- |",
    ]
    base = 0.0
    scans = sample_scans("surveys-batch.pdf")
    for pages in (1, *counts):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            scanned_pdf(folder / "scan.pdf", pages, CODINGS["G4"], scans)
            size, began = (folder / "scan.pdf").stat().st_size, time.perf_counter()
            with _start([folder / "scan.pdf"], folder, "--jobs", "1", *TEMPLATES) as run, PeakMemory(run.pid) as memory:
                _finish(run)
            seconds = time.perf_counter() - began
        base = base or memory.peak_mb
        growth = memory.peak_mb - base
        lines.append(f"| {pages} | {size / 1e6:.1f} | {memory.peak_mb:.0f} | {growth:.0f} | {seconds:.0f} |")
    return "\n".join(lines)


def measure_start(rounds: int) -> str:
    """Seconds from the command to its first result, by the clock and of the processor; with and without a database."""
    spent: dict[str, list[tuple[float, float]]] = {"the very first run": [], "a later run": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            for times in spent.values():
                times.append(_first_result(Path(name)))
    lines = ["| start to first result | n | s | range | processor, s |", "| --- | --- | --- | --- | --- |"]
    for run, times in spent.items():
        clock, processor = zip(*times, strict=True)
        medians = (
            f"{statistics.median(clock):.2f} | {min(clock):.2f}-{max(clock):.2f} | {statistics.median(processor):.2f}"
        )
        lines.append(f"| {run} | {rounds} | {medians} |")
    return "\n".join(lines)


def _first_result(folder: Path) -> tuple[float, float]:
    """Clock and processor time, the latter of all processes started."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    began = time.perf_counter()
    with _start([SAMPLES / "inbox" / "giro-clean.png"], folder) as run:
        while not list((folder / "out").glob("*.json")) and run.poll() is None:
            time.sleep(0.01)
        spent = time.perf_counter() - began, processor_s(run.pid)
        _finish(run)
    return spent


def measure_jobs(copies: int, rounds: int) -> str:
    """One process on one core, two on two, and two runs of half the files on a core each: what the machine can do.

    Raises:
        SystemExit: there are not two cores to pin to.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("two cores are needed")
    first, second = (f"{core}" for core in cores)
    times: dict[str, list[float]] = {"--jobs 1, one core": [], "--jobs 2, two cores": [], "two runs, a core each": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        halves = [_copies(folder / half, range(start, copies, 2)) for start, half in enumerate(("even", "odd"))]
        files = 2 * halves[0]
        for _ in range(rounds):
            times["--jobs 1, one core"].append(_seconds_of(folder, [(first, ("even", "odd"), "1")]))
            times["--jobs 2, two cores"].append(_seconds_of(folder, [(f"{first},{second}", ("even", "odd"), "2")]))
            apart = [(first, ("even",), "1"), (second, ("odd",), "1")]
            times["two runs, a core each"].append(_seconds_of(folder, apart))
    alone = statistics.median(times["--jobs 1, one core"])
    lines = ["| run | files | rounds | s, median | times as fast |", "| --- | --- | --- | --- | --- |"]
    for way, seconds in times.items():
        median = statistics.median(seconds)
        lines.append(f"| {way} | {files} | {rounds} | {median:.1f} | {alone / median:.2f} |")
    return "\n".join(lines)


def _copies(folder: Path, numbers: range) -> int:
    """Fill a folder with the samples again and again, each file different behind its end."""
    folder.mkdir()
    for number in numbers:
        for sample in (SAMPLES / "inbox").iterdir():
            path = folder / f"{number}-{sample.name}"
            path.write_bytes(sample.read_bytes() + b"\n%%%d" % number)
    return len(list(folder.iterdir()))


def _seconds_of(folder: Path, runs: Sequence[tuple[str, Sequence[str], str]]) -> float:
    """Time that pinned runs at once need for their files, without the start of the command itself; the slowest."""
    started = []
    for number, (cores, inboxes, jobs) in enumerate(runs):
        own = folder / str(number)
        shutil.rmtree(own, ignore_errors=True)
        inputs = [folder / inbox for inbox in inboxes]
        started.append(_start(inputs, own, "--jobs", jobs, "--json", *TEMPLATES, before=("taskset", "-c", cores)))
    return max(float(json.loads(_finish(run))["seconds"]) for run in started)


def _start(inputs: Sequence[Path], folder: Path, *options: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    program = [*before, sys.executable, "-c", "from pipeline.cli import main; main()", "run", *map(str, inputs)]
    command = [*program, "--output", str(folder / "out"), "--again", "--quiet", *options]
    environment = {**os.environ, "FIELDREADER_STATE_DIR": str(folder / "state"), "FIELDREADER_SETTLE_S": "0"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


SOME_FAILED = 4
"""Exit code when a document could not be read; one of the samples is damaged on purpose."""


def _finish(run: subprocess.Popen[str]) -> str:
    said, _ = run.communicate()
    if run.returncode not in (0, SOME_FAILED):
        raise SystemExit(f"fieldreader run ended with {run.returncode}")
    return said
