"""A process that decodes files, seen from the process that reads them: may be lost, and then says how."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.document import Page, Source
from pipeline.errors import (
    DecoderDiedError,
    DecoderStartError,
    DecoderTimeoutError,
    SourceError,
    TooMuchMemoryError,
)
from pipeline.storage.limits import ScanLimits
from pipeline.storage.shared_memory import MESSAGE_BYTES, SlotReader, write_all

START_S = 120.0
"""Time a process gets to start; it needs a third of a second of processor time, but the machine may be busy."""

GRACE_S = 1.0
"""Time beyond the limit that a decoder gets to refuse by itself, with better words, before it is killed."""

START = "import sys; sys.path[:] = {path!r}; from pipeline.storage.decoder_process import serve; serve({descriptor})"

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
"""One process a core decodes more pages than many threads a page, and each thread takes address space."""


class Decoder:
    """One decoder process. To be used by one thread at a time.

    Attributes:
        is_lost: after an error, that it can only be killed; so it is after any exception that is no `SourceError`.
        has_served: it has opened a file before.
        asked_for: page that was asked for and not yet fetched.
    """

    def __init__(self) -> None:
        self._connection, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._slots = SlotReader()
        self._offered: int | None = None
        self._deadline = time.monotonic() + START_S
        self._timeout_s = 0.0
        self._is_ready = False
        self.is_lost = False
        self.has_served = False
        self.asked_for: int | None = None
        with far_end:
            # Isolated, with our own module path: neither a `pipeline.py` in the working folder, where the inbox may
            # be, nor PYTHON variables decide what is run. In a group of its own: Ctrl-C is for the parent to handle.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", START.format(path=sys.path, descriptor=far_end.fileno())],
                pass_fds=[far_end.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | ONE_THREAD,
                process_group=0,
            )

    def open(self, source: Source, limits: ScanLimits) -> int:
        """Open a file; the one before is closed.

        Returns:
            Number of pages.

        Raises:
            SourceError: one of its kinds, see `pipeline.errors`.
            DecoderStartError: the process ended before it was ready.
        """
        self._await_ready()
        request = {"open": source.media_type, "limits": asdict(limits)}
        if isinstance(source.content, bytes):
            with _in_memory(source.content) as descriptor:
                self._ask(request, limits.page_timeout_s, [descriptor])
        else:
            self._ask(request, limits.page_timeout_s, [source.content.descriptor])
        pages = int(self._answer(None)[0]["pages"])
        self.has_served = True
        return pages

    def ask_for(self, number: int, limits: ScanLimits) -> None:
        """Have a page decoded while the caller does something else; `page` fetches it."""
        self._offered, forget = self._slots.offer()
        self.asked_for = number
        self._ask({"page": number, "slot": self._offered, "forget": forget}, limits.page_timeout_s)

    def page(self, number: int) -> Page:
        """The page that was asked for.

        Raises:
            SourceError: one of its kinds, see `pipeline.errors`; it names the page.
        """
        assert self.asked_for == number
        try:
            answer, descriptors = self._answer(number)
        except SourceError:
            self._slots.take_back(self._offered)
            raise
        finally:
            self.asked_for = None
        shape = (answer["height"], answer["width"])
        gray = self._slots.take(answer["slot"], descriptors[0] if descriptors else None, shape, self._offered)
        return Page(number, gray, answer["dpi"], answer["is_dpi_doubtful"], answer["differs"])

    def close_file(self) -> None:
        """Let go of the file."""
        self._ask({"close": True}, START_S)

    def is_alive(self) -> bool:
        """Whether the process runs; while it waits for a file, the system may have ended it for its memory."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process, and the programs it runs, at once."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._connection.close()

    def _await_ready(self) -> None:
        if self._is_ready:
            return
        try:
            self._answer(None)
        except SourceError as error:
            self.kill()
            raise DecoderStartError(f"the process that decodes scans could not start: {error}") from error
        self._is_ready = True

    def _ask(self, request: dict[str, Any], timeout_s: float, descriptors: Sequence[int] = ()) -> None:
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s + GRACE_S
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # why is found out when the answer is missing
            socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)

    def _answer(self, page: int | None) -> tuple[dict[str, Any], list[int]]:
        self._connection.settimeout(max(0.001, self._deadline - time.monotonic()))
        where = "opening it" if page is None else f"decoding page {page}"
        try:
            message, descriptors, _, _ = socket.recv_fds(self._connection, MESSAGE_BYTES, 1)
        except TimeoutError:
            self.kill()
            self.is_lost = True
            raise self._too_slow(where, page) from None
        except ConnectionResetError:
            message, descriptors = b"", []
        if not message:
            self.is_lost = True
            raise self._death(where, page)
        answer = json.loads(message)
        if "code" in answer:
            error = ERRORS[answer["code"]](answer["message"], answer["page"])
            # What could not get memory is not to be relied upon any more.
            self.is_lost = isinstance(error, TooMuchMemoryError)
            raise error
        return answer, descriptors

    def _death(self, where: str, page: int | None) -> SourceError:
        ending = self._process.wait()
        self.kill()
        if ending == -signal.SIGXCPU:
            return self._too_slow(where, page)
        name = signal.Signals(-ending).name if ending < 0 else f"exit code {ending}"
        remark = "often for want of memory (setting scans.max_memory)"
        return DecoderDiedError(f"{where} ended the process doing it ({name}), {remark}", page)

    def _too_slow(self, where: str, page: int | None) -> DecoderTimeoutError:
        limit = f"{self._timeout_s:g} s (setting scans.page_timeout_s)"
        return DecoderTimeoutError(f"{where} takes longer than {limit}", page)


def _kinds(kind: type[SourceError]) -> dict[str, type[SourceError]]:
    return {kind.code: kind} | {code: found for sub in kind.__subclasses__() for code, found in _kinds(sub).items()}


ERRORS = _kinds(SourceError)


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """Descriptor of a file in memory that holds these bytes."""
    descriptor = os.memfd_create("source")
    try:
        write_all(descriptor, content)
        yield descriptor
    except OSError as error:
        raise TooMuchMemoryError(f"cannot be handed to the process that decodes: {error.strerror}") from error
    finally:
        os.close(descriptor)
