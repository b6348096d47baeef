"""What a batch has to do: which files, and which of them hold the same content."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.storage.intake import is_settled, list_inbox
from pipeline.storage.names import display_name

CHUNK_FILES = 100
"""Files in a chunk, a page or two each: a workflow task pays off from about 200 pages on."""

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One content to read.

    Attributes:
        path: where to read it.
        names: every path in this batch that holds the same bytes, as given, safe to print; `path` first.
        copies: the other paths.
    """

    path: Path
    names: tuple[str, ...]
    copies: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number`, from 1, of a plan cut into `count` parts by the names of its files."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise SettingsError(f"there is no part {self.number} of {self.count}")

    def has(self, file: PlannedFile) -> bool:
        """Whether a file is in this part; the same in every process, so that all parts together are the whole."""
        digest = hashlib.sha256(file.names[0].encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1


WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The files of a batch in reading order.

    Attributes:
        unsettled: names in the inbox that somebody is still writing to; the next run takes them.
    """

    files: tuple[PlannedFile, ...]
    unsettled: tuple[str, ...] = ()

    def part(self, shard: Shard) -> BatchPlan:
        """The files of one part; unsettled ones are told by the first."""
        files = tuple(file for file in self.files if shard.has(file))
        return BatchPlan(files, self.unsettled if shard.number == 1 else ())

    def chunks(self, size: int = CHUNK_FILES) -> tuple[tuple[PlannedFile, ...], ...]:
        """Cut the plan into portions of at most `size` files."""
        return tuple(self.files[start : start + size] for start in range(0, len(self.files), size))


def plan_batch(inputs: Sequence[Path], out: Path, settle_s: float = 0.0) -> BatchPlan:
    """List what is to be read, each content once.

    Contents are hashed here only where two files have the same size; all others are read once, later.

    Args:
        inputs: folders and files; of a folder, the files in it that `list_inbox` names, without its sub-folders.
        out: result folder; it may be the inbox itself, since the results in it are not taken for documents.
        settle_s: how long a file in a folder must have been left alone; younger ones are waited for once.

    Raises:
        SettingsError: an input does not exist or cannot be listed.
    """
    named, listed = _list_files(inputs)
    unsettled = _wait_for(listed, settle_s)
    paths = [path for path in dict.fromkeys(named + listed) if path not in unsettled and not _is_result(path, out)]
    twins = _equal_contents(paths)
    planned: dict[str, list[Path]] = {}
    for path in paths:
        planned.setdefault(twins.get(path, str(path)), []).append(path)
    return BatchPlan(
        tuple(
            PlannedFile(group[0], tuple(display_name(path) for path in group), tuple(group[1:]))
            for group in planned.values()
        ),
        tuple(display_name(path) for path in listed if path in unsettled),
    )


def _list_files(inputs: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Files that were named, and files found in folders."""
    named: list[Path] = []
    listed: list[Path] = []
    for given in inputs:
        if given.is_dir():
            try:
                listed.extend(list_inbox(given))
            except OSError as error:
                raise SettingsError(f"cannot list the folder {display_name(given)}: {error.strerror}") from error
        elif os.path.lexists(given):
            named.append(given)
        else:
            raise SettingsError(f"there is no file or folder {display_name(given)}")
    return named, listed


def _is_result(path: Path, out: Path) -> bool:
    return path.suffix == ".json" and out.absolute() in path.absolute().parents


def _wait_for(paths: Iterable[Path], settle_s: float) -> set[Path]:
    """Give files that are just being copied the time to settle; return those that still change after it."""
    young = [path for path in paths if _is_regular(path) and not is_settled(path, settle_s)]
    if young:
        time.sleep(settle_s)
    return {path for path in young if not is_settled(path, settle_s)}


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # gone since it was listed
        return False


def _equal_contents(paths: Sequence[Path]) -> dict[Path, str]:
    """SHA-256 of every regular file that has the same size as another one."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for path in paths:
        if _is_regular(path):
            by_size[path.lstat().st_size].append(path)
    hashes: dict[Path, str] = {}
    for same_size in by_size.values():
        if len(same_size) > 1:
            hashes.update((path, digest) for path in same_size if (digest := _digest(path)))
    return hashes


def _digest(path: Path) -> str | None:
    """SHA-256 of a file, None when it cannot be read; why not is found out when its turn comes."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()
