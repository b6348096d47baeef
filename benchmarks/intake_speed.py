"""Whole pages in the steady state, from the file to its written result, on one core, stage by stage."""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import simplejpeg

from benchmarks.drawn.measured import MeasuredPage, cheque_page, form_page
from benchmarks.process_tree import processor_s
from benchmarks.scan_files import CODINGS, jpeg_data, scanned_pdf
from pipeline.batch import BatchOptions, open_reader
from pipeline.plan import PlannedFile
from pipeline.source_reader import read_file

PAGES_A_FILE = 20
"""Forms in a scanner's batch file. Cheques are a file each."""

WARM_UP_FILES = 1


@dataclass(frozen=True)
class Speed:
    """What pages of one kind cost.

    Attributes:
        processor_ms: of this process and the one that decodes, a page.
        clock_ms: by the clock, a page.
        bare_ms: a bare strict decode of the page's JPEG.
        stages: name and share of the time by the clock. Of decoding that is the wait for the other process.
    """

    name: str
    pages: int
    processor_ms: float
    clock_ms: float
    bare_ms: float
    stages: tuple[tuple[str, float], ...]


def measure_speed(files: int) -> str:
    """Tables of forms in PDFs and of cheques as JPEG files; pins this process, and all it starts, to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    speeds = [_measure(form_page(), files, PAGES_A_FILE), _measure(cheque_page(), files * PAGES_A_FILE, 1)]
    lines = [
        "| page | n | processor ms a page | pages a minute a core | by the clock | bare decode, ms | share of it |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for speed in speeds:
        lines.append(
            f"| {speed.name} | {speed.pages} | {speed.processor_ms:.0f} | {60_000 / speed.processor_ms:.0f} "
            f"| {60_000 / speed.clock_ms:.0f} | {speed.bare_ms:.1f} | {speed.bare_ms / speed.processor_ms:.1%} |"
        )
    heads = " | ".join(speed.name for speed in speeds)
    lines += ["", f"| share of the clock | {heads} |", "| --- | --- | --- |"]
    for stage, _ in speeds[0].stages:
        lines.append(f"| {stage} | " + " | ".join(f"{dict(speed.stages)[stage]:.1%}" for speed in speeds) + " |")
    return "\n".join(lines)


def _measure(measured: MeasuredPage, files: int, pages_a_file: int) -> Speed:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "out").mkdir()
        options = BatchOptions(folder / "out", queue_url=f"sqlite:///{folder / 'queue.db'}", run="speed")
        reader = replace(open_reader(options), templates=(measured.template,))
        paths = _write(measured, folder, files + WARM_UP_FILES, pages_a_file)
        for path in paths[:WARM_UP_FILES]:
            read_file(PlannedFile(path, (str(path),)), reader)
        stages: dict[str, float] = defaultdict(float)
        processor, clock = processor_s(os.getpid()), time.perf_counter()
        for path in paths[WARM_UP_FILES:]:
            for stage, seconds in read_file(PlannedFile(path, (str(path),)), reader).stages:
                stages[stage] += seconds
        processor, clock = processor_s(os.getpid()) - processor, time.perf_counter() - clock
        reader.close()
    pages = files * pages_a_file
    shares = tuple((stage, seconds / sum(stages.values())) for stage, seconds in stages.items())
    return Speed(measured.name, pages, 1000 * processor / pages, 1000 * clock / pages, _bare_ms(measured), shares)


def _write(measured: MeasuredPage, folder: Path, files: int, pages_a_file: int) -> Sequence[Path]:
    """The page in PDFs or, when alone in its file, as JPEG; no two files are the same."""
    paths = []
    for number in range(files):
        path = folder / f"{number}.scan"
        if pages_a_file > 1:
            scanned_pdf(path, pages_a_file, CODINGS["JPEG, gray"], [measured.page.gray])
        else:
            path.write_bytes(jpeg_data(measured.page.gray, round(measured.page.dpi)))
        with path.open("ab") as file:
            file.write(b"\n%%%d" % number)
        paths.append(path)
    return paths


def _bare_ms(measured: MeasuredPage, rounds: int = 20) -> float:
    data = jpeg_data(measured.page.gray)
    began = time.process_time()
    for _ in range(rounds):
        simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=True)
    return 1000 * (time.process_time() - began) / rounds
