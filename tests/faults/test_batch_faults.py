"""A batch with every fault in it: each costs its own file only, and the others are read as if it were not there."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.results import SCHEMA_PATH
from tests.batch_parts import draw_form, open_scripted
from tests.faults.made_faults import FAULTS, HUNGRY_FAULTS, SLOW_FAULTS, TIGHT, slow_page
from tests.faults.watched import are_gone

NAMES = {
    "not UTF-8": b"\xff\xfe scan.png",
    "newline": b"a\nb.png",
    "255 bytes": b"n" * 251 + b".png",
    "quotes": b"'\"`$(touch owned)`.png",
    "leading dash": b"--output.png",
    "percent and backslash": b"%s\\..\\%n.png",
    "right to left": "\u202egnp.exe.png".encode(),
    "no suffix": b"scan",
}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(3):
        draw_form(folder / f"sound{number}.png", number)
    return folder


@pytest.fixture
def options(tmp_path: Path) -> BatchOptions:
    return BatchOptions(out=tmp_path / "out", jobs=1, limits=TIGHT)


def run(inbox: Path, options: BatchOptions) -> dict[str, Any]:
    run_batch(plan_batch([inbox], options.out), options, open_with=open_scripted)
    return results(options.out)


def results(out: Path) -> dict[str, Any]:
    """Results by the first name of their file, without what differs from run to run."""
    found = [json.loads(path.read_bytes()) for path in out.glob("*.json")]
    for result in found:
        del result["processing"]
    return {Path(result["source"]["names"][0]).name: result for result in found}


def add_special_files(inbox: Path) -> set[str]:
    (inbox / "link.png").symlink_to(inbox / "sound0.png")
    (inbox / "dangling.png").symlink_to(inbox / "nowhere.png")
    os.mkfifo(inbox / "fifo.pdf")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(inbox / "socket.tif"))  # such a name has 107 bytes at most
    (inbox / "folder.pdf").mkdir()  # sub-folders are left alone
    return {"link.png", "dangling.png", "fifo.pdf", "socket.tif"}


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_sound_files_among_faults_read_as_they_do_alone(jobs: int, inbox: Path, options: BatchOptions) -> None:
    alone = run(inbox, replace(options, out=options.out.with_name("alone")))
    special = add_special_files(inbox)
    faults = {f"{number:02}.pdf": fault for number, fault in enumerate([*FAULTS, *SLOW_FAULTS]) if fault.code != "page"}
    for name, fault in faults.items():
        (inbox / name).write_bytes(fault.make())
    among = run(inbox, replace(options, jobs=jobs))
    assert {name: among[name] for name in alone} == alone
    assert set(among) == {*alone, *special, *faults}
    for name in special:
        assert [error["code"] for error in among[name]["errors"]] == ["not_a_file"]
    schema = json.loads(SCHEMA_PATH.read_bytes())
    for name, fault in faults.items():
        jsonschema.validate({**among[name], "processing": {"started": "2000-01-01T00:00:00Z", "seconds": 0}}, schema)
        assert among[name]["status"] == "failed"
        assert [error["code"] for error in among[name]["errors"]] == [fault.code], fault.name


def test_a_file_that_ends_its_decoder_costs_its_own_result(inbox: Path, options: BatchOptions) -> None:
    (fault,) = [fault for fault in HUNGRY_FAULTS if "drawn" in fault.name]
    options = replace(options, limits=fault.limits)
    alone = run(inbox, replace(options, out=options.out.with_name("alone")))
    (inbox / "heavy.pdf").write_bytes(fault.make())
    among = run(inbox, options)
    assert among.pop("heavy.pdf")["errors"][0]["code"] in fault.code
    assert among == alone


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_file_of_any_name_has_its_result_in_the_output_folder(
    name: bytes, tmp_path: Path, options: BatchOptions
) -> None:
    inbox = tmp_path / "names"
    inbox.mkdir()
    shutil.copyfile(draw_form(tmp_path / "plain.png"), os.fsencode(inbox) + b"/" + name)
    before = {path for path in tmp_path.rglob("*") if options.out not in path.parents}
    (result,) = run(inbox, options).values()
    assert result["status"] == "accepted"
    assert {path for path in tmp_path.rglob("*") if options.out not in path.parents} - {options.out} == before
    assert len(list(options.out.iterdir())) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the root user")
def test_a_file_without_permission_costs_itself(inbox: Path, options: BatchOptions) -> None:
    (inbox / "sound1.png").chmod(0)
    among = run(inbox, options)
    assert [error["code"] for error in among["sound1.png"]["errors"]] == ["unreadable_file"]
    assert among["sound0.png"]["status"] == among["sound2.png"]["status"] == "accepted"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here; it takes the root user")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_the_batch_and_leaves_whole_results_only(
    inbox: Path, options: BatchOptions, small_disk: Path
) -> None:
    for number in range(3, 9):
        draw_form(inbox / f"sound{number}.png", number)
    options = replace(options, out=small_disk)
    with pytest.raises(OutputError, match="No space left"):
        run(inbox, options)
    written = list(small_disk.iterdir())
    assert all(path.suffix == ".json" for path in written)
    assert 0 < len(written) < 9
    assert len(results(small_disk)) == len(written)
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)  # somebody made room
    among = run(inbox, options)
    assert [result["status"] for result in among.values()] == ["accepted"] * 9
    assert [path for path in written if path not in small_disk.iterdir()] == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_be_finished_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, b"before")
    with largest_file(100), pytest.raises(OSError, match="too large"):
        write_atomically(path, bytes(1000))
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("result.json", b"before")]


BATCH = """
import sys
from pathlib import Path
from pipeline.batch import BatchOptions, plan_batch, run_batch
from tests.batch_parts import open_scripted
if __name__ == "__main__":
    inbox, out = map(Path, sys.argv[1:])
    run_batch(plan_batch([inbox], out), BatchOptions(out=out, jobs=2), open_with=open_scripted)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_outlives_a_batch(number: signal.Signals, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(slow_page() + name.encode())
    script = tmp_path / "batch.py"
    script.write_text(BATCH)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(script), str(inbox), str(tmp_path / "out")]
    batch = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 100
    while len(pids := children_of(batch.pid)) < 5:  # two workers, their decoders, a process of multiprocessing's
        assert time.monotonic() < deadline
        assert batch.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    batch.send_signal(number)
    batch.wait(60)
    assert are_gone(pids)


def children_of(pid: int) -> list[int]:
    """All processes started by a process and by those."""
    found = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
    return found + [grandchild for child in found for grandchild in children_of(child)]
