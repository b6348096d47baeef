from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.storage.atomic import LEFT_BEHIND_S, sweep, unfinished_beside, write_atomically


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


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from pipeline.storage.atomic import write_atomically
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path(sys.argv[1]), b"half")
"""


def test_what_a_killed_process_left_half_written_is_swept_once_it_is_old(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path / "a.json")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    assert subprocess.run(command, env=environment, check=False, timeout=60).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert sweep(tmp_path, time.time()) == 0  # somebody may be writing it just now
    assert left.exists()
    assert sweep(tmp_path, time.time() + LEFT_BEHIND_S + 60) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.json", "a.tmp", ".fieldreader-notes.tmp", ".a.json.0a1b2c3d.tmp"])
def test_what_is_not_ours_is_never_swept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert sweep(tmp_path, time.time() + 10 * LEFT_BEHIND_S) == 0
    assert (tmp_path / name).exists()


def test_sweeping_a_folder_that_is_not_there_or_swept_by_others_meanwhile_is_no_error(tmp_path: Path) -> None:
    assert sweep(tmp_path / "none", time.time()) == 0
    unfinished_beside(tmp_path / "a").mkdir()  # cannot be unlinked
    assert sweep(tmp_path, time.time() + 10 * LEFT_BEHIND_S) == 0
