"""Damaged and odd files: is each read or refused by name, in time?"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.mutations import mutated
from benchmarks.scan_files import CODINGS, SAMPLES, scanned_pdf
from pipeline.errors import SourceError
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages

LIMITS = ScanLimits(page_timeout_s=20, max_memory=2 << 30)

Outcome = tuple[str, float, str]
"""What became of a file, the seconds it took, and which it was."""


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
            outcomes.append(_outcome(path, str(number)))
    return _outcome_table(outcomes)


def measure_awkward(folder: Path) -> str:
    """Read every file of a folder."""
    return _outcome_table([_outcome(path, path.name) for path in sorted(folder.iterdir())])


def _outcome(path: Path, name: str) -> Outcome:
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
    return said, time.perf_counter() - began, name


def _outcome_table(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(said for said, _, _ in outcomes)
    lines = [f"| outcome | files of {len(outcomes)} | longest, s | which |", "| --- | --- | --- | --- |"]
    for said, count in counts.most_common():
        seconds, name = max((seconds, name) for other, seconds, name in outcomes if other == said)
        lines.append(f"| {said} | {count} | {seconds:.1f} | {name} |")
    return "\n".join(lines)
