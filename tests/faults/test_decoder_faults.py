"""The process that decodes may be killed, hang or be left behind: nothing of it is left, nothing else suffers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.document import MediaType, Source
from pipeline.errors import DecoderDiedError, DecoderTimeoutError
from pipeline.storage.decoder_pool import DECODERS
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages
from tests.faults.made_faults import SOUND, TIGHT, slow_page
from tests.faults.watched import are_gone, decoders_of


def source(content: bytes, media_type: MediaType = MediaType.PDF) -> Source:
    return Source("0" * 64, ("a.pdf",), media_type, content)


SLOW = source(slow_page())
SCANNED = source(SOUND["scanned PDF"]())
PATIENT = ScanLimits(page_timeout_s=100)


@pytest.fixture(autouse=True)
def no_decoders() -> None:
    DECODERS.close()
    assert decoders_of(os.getpid()) == []


def busy_decoder() -> int:
    """The one decoder of this process, once it is at work."""
    for _ in range(1000):
        for pid in decoders_of(os.getpid()):
            ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(ticks[11]) > 100 * os.sysconf("SC_CLK_TCK") // 100:
                return pid
        time.sleep(0.02)
    raise AssertionError("no decoder is at work")


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        pytest.param(signal.SIGKILL, DecoderDiedError, "SIGKILL", id="killed as for memory", marks=pytest.mark.slow),
        pytest.param(signal.SIGSEGV, DecoderDiedError, "SIGSEGV", id="crashed"),
        pytest.param(
            signal.SIGXCPU, DecoderTimeoutError, "page_timeout_s", id="out of processor time", marks=pytest.mark.slow
        ),
    ],
)
def test_a_decoder_that_dies_costs_its_own_page(number: signal.Signals, kind: type[Exception], says: str) -> None:
    killer = threading.Thread(target=lambda: os.kill(busy_decoder(), number))
    killer.start()
    with pytest.raises(kind, match=says) as caught:
        next(open_pages(SLOW, PATIENT))
    killer.join()
    assert caught.value.page == 1
    assert [page.number for page in open_pages(SCANNED)] == [1, 2]


def test_a_decoder_that_stands_still_is_given_up() -> None:
    pages = open_pages(SCANNED, TIGHT)
    next(pages)
    (pid,) = decoders_of(os.getpid())
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(DecoderTimeoutError):
        next(pages)
    assert are_gone([pid])


def test_an_idle_decoder_that_was_killed_is_replaced_without_a_word() -> None:
    assert len(list(open_pages(SCANNED))) == 2
    (pid,) = decoders_of(os.getpid())
    os.kill(pid, signal.SIGKILL)
    assert len(list(open_pages(SCANNED))) == 2


def test_one_decoder_serves_many_files() -> None:
    for _ in range(5):
        assert len(list(open_pages(SCANNED))) == 2
    assert len(decoders_of(os.getpid())) == 1


def test_pages_left_half_way_leave_no_process_busy() -> None:
    pages = open_pages(SCANNED)
    next(pages)
    pids = decoders_of(os.getpid())
    del pages
    assert are_gone(pids)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_pages_may_be_held_at_once() -> None:
    many = source(SOUND["G4 TIFF of 3 pages"](), MediaType.TIFF)
    before = open_descriptors()
    held = [page for _ in range(10) for page in open_pages(many)]
    assert open_descriptors() < before + 20
    again = [page for _ in range(10) for page in open_pages(many)]
    assert all((one.gray == other.gray).all() for one, other in zip(held, again, strict=True))


def test_no_module_of_the_working_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert len(list(open_pages(SCANNED))) == 2


PARENT = """
import sys
from pathlib import Path
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages
pages = open_pages(take_in(Path(sys.argv[1])), ScanLimits(page_timeout_s=200))
print("reading", flush=True)
next(pages)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_decoder_outlives_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "slow.pdf"
    path.write_bytes(SLOW.content)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    with parent.stdout:
        parent.stdout.readline()
        deadline = time.monotonic() + 60
        while not (pids := decoders_of(parent.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.5)  # into the drawing
        parent.send_signal(number)
        parent.wait(60)
    assert are_gone(pids)
