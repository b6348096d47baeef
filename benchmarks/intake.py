"""How fast pages come out of files, in how much memory, and whether anything breaks on the way.

    python -m benchmarks.intake pages                   each coding against the bare decoder and pdf2image
    python -m benchmarks.intake memory --pages 5000     growth over a run of one page, whole process tree
    python -m benchmarks.intake start                   from the command to the first result
    python -m benchmarks.intake mutations --files 10000 sound files damaged by chance
    python -m benchmarks.intake awkward DIR             a folder of files that broke other programs

Ratios are of processor time of the whole process tree, taken in turns within one run, medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pdf2image
import simplejpeg

from benchmarks.machine import describe_machine
from benchmarks.mutations import mutated
from benchmarks.process_tree import PeakMemory, processor_s
from benchmarks.scan_files import CODINGS, DPI, draw_page, scanned_pdf, vector_pdf
from pipeline.errors import SourceError
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages

SAMPLES = Path(__file__).resolve().parent.parent / "sample_docs"


def measure_pages(pages: int, rounds: int) -> str:
    """Cost of a page to gray: ours, isolated; the bare decoder; pdf2image as its users call it."""
    lines = [
        "| page | n | bare JPEG decode, ms | ours, ms | pdf2image, ms | ours / bare | pdf2image / ours |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.pdf"
        for name, coding in [*CODINGS.items(), ("vector", None)]:
            if coding is None:
                vector_pdf(path, pages)
            else:
                scanned_pdf(path, pages, coding)
            jpegs = [coding(draw_page(0))[1]] * pages if coding is not None and name.startswith("JPEG") else []
            theirs_too = partial(pdf2image.convert_from_path, path, DPI)
            ways: list[Callable[[], object]] = [partial(_decode_bare, jpegs), partial(_read, path), theirs_too]
            bare, ours, theirs = (1000 * seconds / pages for seconds in _in_turns(ways, rounds))
            to_bare = f"{ours / bare:.2f}" if jpegs else ""
            lines.append(
                f"| {name} | {pages * rounds} | {f'{bare:.1f}' if jpegs else ''} | {ours:.1f} | {theirs:.0f} "
                f"| {to_bare} | {theirs / ours:.1f} |"
            )
    return "\n".join(lines)


def _decode_bare(jpegs: Sequence[bytes]) -> None:
    for data in jpegs:
        simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=True)


def _read(path: Path) -> None:
    for page in open_pages(take_in(path)):
        assert page.gray.size


def _in_turns(ways: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median processor time of each way; the first round warms up and does not count."""
    spent: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds + 1):
        for way, times in zip(ways, spent, strict=True):
            before = processor_s(os.getpid())
            way()
            times.append(processor_s(os.getpid()) - before)
    return [statistics.median(times[1:]) for times in spent]


def measure_memory(counts: Sequence[int]) -> str:
    """Peak memory of `fieldreader run` over one file of so many pages, above that of one page."""
    lines = [
        "| pages | file, MB | peak of the process tree, MB (PSS) | growth over one page, MB |",
        "| --- | --- | --- | --- |",
    ]
    base = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.pdf"
        for pages in (1, *counts):
            scanned_pdf(path, pages, CODINGS["G4"])
            peak = _peak_of_run(path, Path(folder))
            base = base or peak
            lines.append(f"| {pages} | {path.stat().st_size / 1e6:.1f} | {peak:.0f} | {peak - base:.0f} |")
    return "\n".join(lines)


def _peak_of_run(path: Path, folder: Path) -> float:
    command, environment = _command([path], folder, "--jobs", "1"), _environment(folder)
    with subprocess.Popen(command, env=environment) as run, PeakMemory(run.pid) as memory:
        code = run.wait()
    if code != 0:
        raise SystemExit(f"fieldreader run ended with {code}")
    return memory.peak_mb


def measure_start(rounds: int) -> str:
    """Seconds from the command to its first result."""
    seconds = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            began = time.perf_counter()
            sample = SAMPLES / "inbox" / "giro-clean.png"
            with subprocess.Popen(_command([sample], folder), env=_environment(folder)) as run:
                while not list((folder / "out").glob("*.json")) and run.poll() is None:
                    time.sleep(0.01)
                seconds.append(time.perf_counter() - began)
    row = f"| {statistics.median(seconds):.2f} | {rounds} | {min(seconds):.2f}-{max(seconds):.2f} |"
    return f"| start to first result, s | n | range |\n| --- | --- | --- |\n{row}"


def _command(inputs: Sequence[Path], folder: Path, *options: str) -> list[str]:
    program = [sys.executable, "-c", "from pipeline.cli import main; main()", "run", *map(str, inputs)]
    return [*program, "--output", str(folder / "out"), "--again", "--quiet", *options]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "FIELDREADER_STATE_DIR": str(folder / "state"), "FIELDREADER_SETTLE_S": "0"}


def measure_mutations(files: int, seed: int) -> str:
    """Damage the samples and small files of every coding; every one must be read or refused by name, in time."""
    sound = [path.read_bytes() for path in sorted((SAMPLES / "inbox").iterdir())]
    with tempfile.TemporaryDirectory() as folder:
        for coding in CODINGS.values():
            scanned_pdf(Path(folder) / "scan.pdf", 1, coding)
            sound.append((Path(folder) / "scan.pdf").read_bytes())
        path = Path(folder) / "mutated"
        outcomes = []
        for number in range(files):
            path.write_bytes(mutated(sound[number % len(sound)], np.random.default_rng([seed, number])))
            outcomes.append(_outcome(path))
    return _outcome_table(outcomes)


def measure_awkward(folder: Path) -> str:
    """Read every file of a folder."""
    return _outcome_table([_outcome(path) for path in sorted(folder.iterdir())])


Outcome = tuple[str, float]
"""What became of a file, and the seconds it took."""


def _outcome(path: Path) -> Outcome:
    began = time.perf_counter()
    pages, codes = 0, []
    try:
        stream = open_pages(take_in(path), LIMITS)
        while True:
            try:
                pages += next(stream).gray.size > 0
            except StopIteration:
                break
            except SourceError as error:
                codes.append(error.code)
                if error.page is None:
                    break
    except SourceError as error:
        codes.append(error.code)
    said = "read" if not codes else f"{'partly read, ' if pages else ''}{codes[0]}"
    return said, time.perf_counter() - began


LIMITS = ScanLimits(page_timeout_s=20, max_memory=2 << 30)


def _outcome_table(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(said for said, _ in outcomes)
    lines = [f"| outcome | files of {len(outcomes)} | longest, s |", "| --- | --- | --- |"]
    for said, count in counts.most_common():
        lines.append(f"| {said} | {count} | {max(seconds for other, seconds in outcomes if other == said):.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    pages = commands.add_parser("pages")
    pages.add_argument("--pages", type=int, default=20)
    pages.add_argument("--rounds", type=int, default=5)
    memory = commands.add_parser("memory")
    memory.add_argument("--pages", type=int, nargs="+", default=[100, 5000])
    start = commands.add_parser("start")
    start.add_argument("--rounds", type=int, default=5)
    mutations = commands.add_parser("mutations")
    mutations.add_argument("--files", type=int, default=10_000)
    mutations.add_argument("--seed", type=int, default=0)
    awkward = commands.add_parser("awkward")
    awkward.add_argument("folder", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if shutil.which("pdftoppm") is None:
        raise SystemExit("pdf2image, which is compared with, needs poppler-utils")
    tables: dict[str, Callable[[], str]] = {
        "pages": lambda: measure_pages(options.pages, options.rounds),
        "memory": lambda: measure_memory(options.pages),
        "start": lambda: measure_start(options.rounds),
        "mutations": lambda: measure_mutations(options.files, options.seed),
        "awkward": lambda: measure_awkward(options.folder),
    }
    print(f"{describe_machine()}\n\n{tables[options.command]()}")


if __name__ == "__main__":
    main()
