from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pipeline.storage.atomic import write_atomically


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"
    assert [item.name for item in path.parent.iterdir()] == ["c.json"]


def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_file_and_folder_are_flushed_before_and_after_the_renaming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(source: str, target: str) -> None:
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "a.json", b"new")
    assert steps == ["file", "rename", "folder"]


def test_the_longest_name_of_a_result_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 200 + "-abababab.json")
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


def test_pieces_are_written_one_behind_the_other_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, (b"%d" % number for number in range(4)))
    assert path.read_bytes() == b"0123"
    with pytest.raises(ZeroDivisionError):
        write_atomically(path, (b"%d" % (1 // number) for number in (1, 0)))
    assert path.read_bytes() == b"0123"
    assert list(tmp_path.iterdir()) == [path]
