"""Body of a decoder process: opens the files it is handed and decodes their pages into shared memory.

It must be taken for lost at any time: a hostile file may crash it, fill its memory or keep it busy for ever. So it owns
nothing that others need, writes no file, and lives no longer than its parent. `decoder` is the other end.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import socket
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import cv2

from pipeline.document import MediaType, Page
from pipeline.errors import InternalError, SourceError, TooMuchMemoryError
from pipeline.lifeline import end_with_parent, kill_group
from pipeline.storage.decoding import PageReader, open_reader
from pipeline.storage.limits import ScanLimits
from pipeline.storage.shared_memory import MESSAGE_BYTES, SlotWriter, release

PAGES_HELD = 8
"""Pages whose bytes in the file may stay in memory: some megabytes."""

Answer = dict[str, Any]


def serve(descriptor: int) -> None:
    """Do what the parent asks until it hangs up.

    Args:
        descriptor: of the socket to the parent; messages are JSON objects, one a packet.
    """
    connection = socket.socket(fileno=descriptor)
    end_with_parent(descriptor, kill_group)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the scan
    decoder = _Decoder()
    connection.send(json.dumps({"ready": True}).encode())
    _silence()
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 1)
        if not message:
            return
        answer, slot = decoder.answer(json.loads(message), descriptors)
        if answer is not None:
            socket.send_fds(connection, [json.dumps(answer).encode()], [] if slot is None else [slot])
            if slot is not None:
                os.close(slot)


def _silence() -> None:
    """What libraries print about a file goes nowhere: it may tell what is in it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


class _Decoder:
    """The file in hand and the memory its pages are put into."""

    def __init__(self) -> None:
        self._reader: PageReader | None = None
        self._content: mmap.mmap | None = None
        self._limits = ScanLimits()
        self._slots = SlotWriter()

    def answer(self, request: Answer, descriptors: list[int]) -> tuple[Answer | None, int | None]:
        """Reply to a request, and the memory of a slot that the parent does not know yet."""
        if "open" in request:
            return _guarded(lambda: self._open(request, descriptors[0]), None), None
        if "page" not in request:
            self._close()
            return None, None
        new_slot: list[int] = []
        return _guarded(lambda: self._page(request, new_slot), request["page"]), new_slot[0] if new_slot else None

    def _open(self, request: Answer, descriptor: int) -> Answer:
        self._close()
        self._limits = ScanLimits(**request["limits"])
        self._limit_process()
        # Mapped, not read: what a file of many pages holds comes and goes with its pages. Should somebody cut the file
        # short meanwhile, this process dies of it, and the parent sees that the file changed.
        with os.fdopen(descriptor, "rb") as file:
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._content.madvise(mmap.MADV_RANDOM)  # else a look at one page maps the whole file at once
        self._reader = open_reader(MediaType(request["open"]), self._content, self._limits)
        release(self._content)
        return {"pages": self._reader.page_count}

    def _page(self, request: Answer, new_slot: list[int]) -> Answer:
        assert self._reader is not None
        self._limit_processor_time()
        page = self._reader.read(request["page"])
        if self._content is not None and request["page"] % PAGES_HELD == 0:
            release(self._content)
        slot, memory = self._slots.put(page.gray, request["slot"], request["forget"])
        if memory is not None:
            new_slot.append(memory)
        return _facts(page) | {"slot": slot}

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._content = None

    def _limit_process(self) -> None:
        """Limits of this process and of the programs it runs; soft ones, since the next file may have others."""
        _set_soft(resource.RLIMIT_AS, self._limits.max_memory)
        # Pages in shared memory and the copy for poppler count as files.
        _set_soft(resource.RLIMIT_FSIZE, max(self._limits.max_bytes, self._limits.max_page_pixels))
        self._limit_processor_time()

    def _limit_processor_time(self) -> None:
        """Backs up the parent's time-out, should the parent itself be stopped."""
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _set_soft(resource.RLIMIT_CPU, ceil(used) + self._limits.page_timeout_s + 1)


def _facts(page: Page) -> Answer:
    height, width = page.gray.shape
    return {
        "height": height,
        "width": width,
        "dpi": float(page.dpi),
        "is_dpi_doubtful": page.is_dpi_doubtful,
        "differs": page.renderers_differ,
    }


def _set_soft(which: int, soft: int) -> None:
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _guarded(work: Callable[[], Answer], page: int | None) -> Answer:
    where = "it" if page is None else f"page {page}"
    try:
        return work()
    except SourceError as error:
        return _refusal(error)
    except Exception as error:  # noqa: BLE001  (told to the parent, which decides)
        if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem):
            return _refusal(TooMuchMemoryError(f"decoding {where} takes more memory than allowed {SETTING}", page))
        return _refusal(InternalError(f"met a defect of fieldreader ({_place(error)})", page))


SETTING = "(setting scans.max_memory)"


def _refusal(error: SourceError) -> Answer:
    return {"code": error.code, "message": str(error), "page": error.page}


def _place(error: Exception) -> str:
    """Kind and place of a defect; its message may hold what is in the file."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    return type(error).__name__ + where
