"""Many files in several processes: each loads the recogniser once, and a killed one costs its own file only.

Own processes and pipes instead of `concurrent.futures`: there, one killed process breaks the pool, nobody can say
which file it had, and pages cannot be reported on the way.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait

from pipeline.errors import ReadingError, WorkerDiedError
from pipeline.lifeline import end_with_parent, kill_me
from pipeline.plan import PlannedFile
from pipeline.source_reader import Provenance, SourceReader, read_file
from pipeline.summary import FileOutcome

OpenReader = Callable[[], SourceReader]
"""Makes the reader in the process that uses it; must be picklable."""

_SPAWN = multiprocessing.get_context("spawn")
"""A forked process would share locks and threads of OpenCV and the database; a spawned one starts clean."""

_STOP_S = 5.0
"""Time an idle process gets to end by itself; it needs milliseconds."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process took a file in hand."""

    file: PlannedFile


@dataclass(frozen=True, slots=True)
class PageDone:
    """A page of a file has been read."""

    file: PlannedFile
    page: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The process that had this file died; `provenance` is that of the results it would have written."""

    file: PlannedFile
    error: WorkerDiedError
    provenance: Provenance


Event = Started | PageDone | FileOutcome | Lost


class ReadingProcesses:
    """Processes that read files; those that are ready wait for the next ones until `close`.

    Args:
        open_reader: called once in every process.
        jobs: processes at most; a process is started when there is something for it to read.
    """

    def __init__(self, open_reader: OpenReader, jobs: int) -> None:
        self._open_reader = open_reader
        self._jobs = jobs
        self._idle: list[_Worker] = []

    def read(self, files: Sequence[PlannedFile]) -> Generator[Event, None, None]:
        """Read files and tell what happens as it happens.

        Every file ends in exactly one `FileOutcome` or `Lost`: a file whose process died is tried once more, since it
        may not have been to blame. When the caller stops iterating, all processes end.

        Raises:
            ReadingError: a process could not start or met an error that would fail every file.
        """
        waiting = deque(files)
        tried: set[tuple[str, ...]] = set()
        busy: list[_Worker] = []
        try:
            while self._idle and waiting:
                busy.append(self._idle.pop())
                yield busy[-1].hand(waiting.popleft())
            busy += [_Worker(self._open_reader) for _ in range(min(self._jobs - len(busy), len(waiting)))]
            while busy:
                for connection in wait([worker.connection for worker in busy]):
                    worker = next(worker for worker in busy if worker.connection is connection)
                    message = worker.receive()
                    if isinstance(message, PageDone | FileOutcome):
                        yield message
                    if isinstance(message, Lost):
                        if message.file.names in tried:
                            yield message
                        else:
                            tried.add(message.file.names)
                            waiting.appendleft(message.file)
                        busy.remove(worker)
                        if waiting:
                            busy.append(_Worker(self._open_reader))
                    elif not isinstance(message, PageDone):
                        if waiting:
                            yield worker.hand(waiting.popleft())
                        else:
                            busy.remove(worker)
                            self._idle.append(worker)
        finally:
            if busy:  # an error, or nobody wants the rest
                for worker in busy:
                    worker.kill()
                self.close()

    def close(self) -> None:
        """End all processes; reading more starts new ones."""
        while self._idle:
            self._idle.pop().stop()


@dataclass(frozen=True, slots=True)
class _Ready:
    """A process has loaded its reader."""

    provenance: Provenance


class _Worker:
    """The parent's end of one process."""

    def __init__(self, open_reader: OpenReader) -> None:
        self.connection, far_end = _SPAWN.Pipe()
        self._file: PlannedFile | None = None
        self._provenance: Provenance | None = None
        self._process = _SPAWN.Process(target=_serve, args=(far_end, open_reader), daemon=True)
        self._process.start()
        far_end.close()

    def hand(self, file: PlannedFile) -> Started:
        self._file = file
        with suppress(BrokenPipeError, ConnectionResetError):  # it died while it waited: `receive` tells
            self.connection.send(file)
        return Started(file)

    def receive(self) -> _Ready | PageDone | FileOutcome | Lost:
        """The next message.

        Raises:
            ReadingError: passed on from the process, or it died before it was ready.
        """
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._died()
        if isinstance(message, ReadingError):
            raise message
        if isinstance(message, _Ready):
            self._provenance = message.provenance
        if isinstance(message, FileOutcome):
            self._file = None
        assert isinstance(message, _Ready | PageDone | FileOutcome)
        return message

    def _died(self) -> Lost:
        self._process.join()
        ending = f"exit code {self._process.exitcode}"
        if self._process.exitcode is not None and self._process.exitcode < 0:
            ending = f"signal {signal.Signals(-self._process.exitcode).name}"
        if self._file is None or self._provenance is None:
            raise WorkerDiedError(f"a worker process ended by {ending} before it could read; try --jobs 1")
        return Lost(self._file, WorkerDiedError(f"the process reading it ended by {ending}"), self._provenance)

    def stop(self) -> None:
        self.connection.close()
        self._process.join(_STOP_S)
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _send_page(connection: Connection, file: PlannedFile, page: int) -> None:
    connection.send(PageDone(file, page))


def _serve(connection: Connection, open_reader: OpenReader) -> None:
    """Body of a worker process: read what comes until the parent hangs up."""
    end_with_parent(connection.fileno(), kill_me)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        with closing(open_reader()) as reader:
            connection.send(_Ready(reader.provenance))
            while True:
                file: PlannedFile = connection.recv()
                connection.send(read_file(file, reader, partial(_send_page, connection, file)))
    except ReadingError as error:
        connection.send(error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
