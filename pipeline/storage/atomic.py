"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

LEFT_BEHIND_S = 3600.0
"""Age from which a temporary file is nobody's any more: writing one takes seconds, and clocks of shares differ."""

_UNFINISHED = re.compile(r"\.fieldreader-[0-9a-f]{16}\.tmp")


def unfinished_beside(path: Path) -> Path:
    """A name in the same folder to write under until the file is whole; hidden, and known as ours to `sweep`."""
    return path.with_name(f".fieldreader-{secrets.token_hex(8)}.tmp")


def sweep(folder: Path, now: float) -> int:
    """Remove what processes that were killed left half-written in a folder, and nothing else.

    Args:
        now: seconds since the epoch.

    Returns:
        Number of files removed.
    """
    removed = 0
    for path in folder.glob(".fieldreader-*.tmp"):
        try:
            if _UNFINISHED.fullmatch(path.name) and path.lstat().st_mtime < now - LEFT_BEHIND_S:
                path.unlink()
                removed += 1
        except OSError:  # another run was faster, or may not: it is in nobody's way
            continue
    return removed


def write_atomically(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file under a temporary name beside it, flush it to the disk and rename it.

    Makes the folder when it is missing. Whoever reads `path` sees the old content or the new, never a part; so it is
    also when `content` comes in pieces and one of them raises.

    Raises:
        OSError: the disk is full, or the folder may not be written; `path` is then as it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished_beside(path)
    try:
        with temporary.open("xb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Bring a folder to the disk: until then, a power cut may undo a renaming in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
