"""What a batch left behind, and whom to kill in it."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pipeline.storage.review_queue import ReviewQueue


def written(out: Path) -> list[Path]:
    return list(out.glob("*.json"))


def results(out: Path) -> dict[str, Any]:
    """Results by file name, without what differs from run to run."""
    found = {path.name: json.loads(path.read_bytes()) for path in written(out)}
    for result in found.values():
        del result["processing"]
    return found


def items(queue_url: str, sources: Collection[str] | None = None) -> dict[str, tuple[Any, ...]]:
    """What waits for a person, by item; of some sources only, where others use the queue too."""
    with ReviewQueue.open(queue_url) as queue:
        return {
            item.id: (item.machine_value, item.source_names, item.reasons)
            for item in queue.list_items()
            if sources is None or item.source_id in sources
        }


def children_of(pid: int) -> list[int]:
    """Processes that read or decode, started by a process or by those; without multiprocessing's own book-keeper."""
    try:
        found = [
            int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
        ]
    except OSError:
        return []
    readers = [child for child in found if b"resource_tracker" not in _command(child)]
    return readers + [grandchild for child in readers for grandchild in children_of(child)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
