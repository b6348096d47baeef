"""Cost of a page to gray: ours, isolated; the bare decoder; pdf2image as its users call it."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pdf2image
import simplejpeg

from benchmarks.process_tree import processor_s
from benchmarks.scan_files import CODINGS, DPI, draw_page, scanned_pdf, vector_pdf
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages


def measure_pages(pages: int, rounds: int) -> str:
    """A table with a line a coding; processor time of the whole process tree, in turns, medians over the rounds.

    Raises:
        SystemExit: poppler is not installed, which pdf2image needs.
    """
    if shutil.which("pdftoppm") is None:
        raise SystemExit("pdf2image, which is compared with, needs poppler-utils")
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
