"""Moves originals out of the inbox once they are read: copy, verify, then remove. Never overwrites, never loses one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.storage.atomic import flush_folder, unfinished_beside
from pipeline.storage.names import display_name
from pipeline.storage.results import ID_CHARACTERS

_COPY_BYTES = 1 << 20


def move_to_archive(path: Path, source_id: str, archive: Path) -> Path | None:
    """Move one original, known by its content.

    The copy is written under a temporary name, flushed, compared with `source_id` and renamed; only then the original
    goes. Killed in between, the next run does it again and finds the copy.

    Args:
        path: the original.
        source_id: SHA-256 of the content that was read.
        archive: folder, made when missing.

    Returns:
        Where it is now; None when there is nothing to move: it is gone, or holds other content than what was read.

    Raises:
        OutputError: the archive cannot be written, or the original not removed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # gone, or no longer a file: not what was read
    try:
        before = os.fstat(descriptor)
        place = _place(archive, path.name, source_id)
        if not place.exists() and not _copy(descriptor, place, source_id):
            return None
        if not os.path.samestat(before, path.lstat()) or path.lstat().st_ctime_ns != before.st_ctime_ns:
            return None  # replaced or written to since: the next run reads that
        path.unlink()
    except FileNotFoundError:
        return None  # removed by somebody else meanwhile
    except OSError as error:
        raise OutputError(
            f"cannot move {display_name(path)} to the archive {display_name(archive)}: {error.strerror}"
        ) from error
    finally:
        os.close(descriptor)
    return place


def archived_names(archive: Path, name: str, source_id: str) -> tuple[Path, Path]:
    """Where an original may be in the archive: under its own name, or with a part of its id behind that."""
    plain = archive / name
    return plain, archive / f"{plain.stem}-{source_id[:ID_CHARACTERS]}{plain.suffix}"


def _place(archive: Path, name: str, source_id: str) -> Path:
    """Where an original belongs: under its own name, with a part of its id where another one has that."""
    archive.mkdir(parents=True, exist_ok=True)
    plain, with_id = archived_names(archive, name, source_id)
    return plain if not os.path.lexists(plain) or _sha256(plain) == source_id else with_id


def _copy(descriptor: int, place: Path, source_id: str) -> bool:
    """Copy the open original; False, with nothing left behind, when it is not what was read."""
    temporary = unfinished_beside(place)
    try:
        with temporary.open("xb") as copy:
            while block := os.read(descriptor, _COPY_BYTES):
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        if _sha256(temporary) != source_id:  # reads back what the disk has, not what was meant to be written
            return False
        temporary.rename(place)
        flush_folder(place.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
