"""What a process and all that it starts take: processor time and memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def tree_of(pid: int) -> list[int]:
    """A process and all its descendants."""
    children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(path)]
    return [pid, *(one for child in children for one in tree_of(child))]


def processor_s(pid: int) -> float:
    """Processor time of the tree so far, its ended members included."""
    ticks = 0
    for one in tree_of(pid):
        words = _text(Path(f"/proc/{one}/stat")).rpartition(")")[2].split()
        ticks += sum(map(int, words[11:15])) if words else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Memory of the tree; what several processes share counts once (PSS)."""
    kilobytes = 0
    for one in tree_of(pid):
        rollup = _text(Path(f"/proc/{one}/smaps_rollup"))
        kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


class PeakMemory:
    """Watches the memory of a tree from a thread; `peak_mb` is the most that was seen."""

    def __init__(self, pid: int, every_s: float = 0.05) -> None:
        self.peak_mb = 0.0
        self._pid = pid
        self._every_s = every_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(self._every_s):
            self.peak_mb = max(self.peak_mb, memory_mb(self._pid))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # ended meanwhile
        return ""


def _words(path: Path) -> list[str]:
    return _text(path).split()
