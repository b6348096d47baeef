"""Reads a file as the program does, and watches what it costs this process and the one that decodes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.document import Page
from pipeline.errors import SourceError
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages


@dataclass(frozen=True)
class Watched:
    """What came of a file: `page` or the code of an error, one each; seconds; megabytes this process grew by."""

    said: tuple[str, ...]
    pages: tuple[Page, ...]
    errors: tuple[SourceError, ...]
    seconds: float
    grown_mb: float


def read_watched(path: Path, limits: ScanLimits) -> Watched:
    before, clock = resident_mb(os.getpid()), time.monotonic()
    said: list[str] = []
    pages: list[Page] = []
    errors: list[SourceError] = []

    def note(error: SourceError) -> None:
        said.append(error.code)
        errors.append(error)

    try:
        stream = open_pages(take_in(path, limits), limits)
        while True:
            try:
                pages.append(next(stream))
                said.append("page")
            except StopIteration:
                break
            except SourceError as error:
                note(error)
                if error.page is None:
                    break
    except SourceError as error:
        note(error)
    grown = resident_mb(os.getpid()) - before - sum(page.gray.nbytes for page in pages) / 1e6
    return Watched(tuple(said), tuple(pages), tuple(errors), time.monotonic() - clock, grown)


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def decoders_of(parent: int) -> list[int]:
    """Decoder processes started by a process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if of == parent and b"decoder_process" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, IndexError, ValueError):  # gone meanwhile
            continue
    return found


def are_gone(pids: list[int], within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while any(_is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
