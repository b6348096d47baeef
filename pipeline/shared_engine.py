"""One process that owns the GPU and reads the digits of all others, their crops together in large batches.

Were every process to load the network onto the GPU, each would take memory of its own there and send it small batches.
"""

from __future__ import annotations

import multiprocessing
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.errors import ReadingError
from pipeline.lifeline import end_with_parent, kill_me
from recognizer.classifier import DigitEngine, ImageStack
from recognizer.errors import ModelError
from recognizer.readings import FloatArray

OpenEngine = Callable[[], DigitEngine | None]
"""Loads the network in the process that owns it, or finds no GPU; must be picklable."""

MOST_WAITING = 64
"""Processes that may ask to be let in at the same time."""
_SPAWN = multiprocessing.get_context("spawn")
_GONE = "the process that reads digits on the GPU has ended; run again to go on, or with --device cpu"


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where the process is reached, on this machine, and the word it wants to hear first."""

    socket: str
    key: bytes


class SharedEngine:
    """A digit network that runs in another process; see `classifier.DigitEngine`."""

    def __init__(self, address: EngineAddress) -> None:
        """Connect.

        Raises:
            ModelError: the process has ended.
        """
        try:
            self._connection = Client(address.socket, "AF_UNIX", authkey=address.key)
        except (OSError, EOFError):
            raise ModelError(_GONE) from None
        self._lock = threading.Lock()

    def logits(self, images: ImageStack) -> FloatArray:
        """See `DigitEngine`.

        Raises:
            ModelError: the process has ended.
        """
        try:
            with self._lock:
                self._connection.send(images)
                answer: FloatArray = self._connection.recv()
        except (OSError, EOFError):
            raise ModelError(_GONE) from None
        return answer


@contextmanager
def engine_process(open_engine: OpenEngine) -> Iterator[EngineAddress | None]:
    """Run a digit network in a process of its own until the end of the block; None where there is no GPU to own.

    Raises:
        ModelError: the network cannot be loaded.
    """
    with TemporaryDirectory(prefix="fieldreader-") as folder:
        address = EngineAddress(str(Path(folder) / "engine"), secrets.token_bytes(32))
        lifeline, far_end = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(far_end, address, open_engine), daemon=True)
        process.start()
        far_end.close()
        try:
            try:
                answer: bool | ReadingError = lifeline.recv()
            except EOFError:
                raise ModelError(_GONE) from None
            if isinstance(answer, ReadingError):
                raise answer
            yield address if answer else None
        finally:
            process.kill()
            process.join()
            lifeline.close()


@dataclass(frozen=True, slots=True)
class _Asked:
    """Images that somebody waits for."""

    images: ImageStack
    asker: Connection


def _serve(lifeline: Connection, address: EngineAddress, open_engine: OpenEngine) -> None:
    """Body of the process: whatever has come in while the network was busy goes to it at once."""
    end_with_parent(lifeline.fileno(), kill_me)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        engine = open_engine()
    except ReadingError as error:
        lifeline.send(error)
        return
    if engine is None:
        lifeline.send(False)
        return
    listener = Listener(address.socket, "AF_UNIX", backlog=MOST_WAITING, authkey=address.key)
    lifeline.send(True)
    waiting: SimpleQueue[_Asked] = SimpleQueue()
    threading.Thread(target=_let_in, args=(listener, waiting), daemon=True).start()
    while True:
        _answer(engine, [waiting.get(), *_drained(waiting)])


def _let_in(listener: Listener, waiting: SimpleQueue[_Asked]) -> None:
    while True:
        try:
            asker = listener.accept()
        except (OSError, EOFError, AuthenticationError):
            continue  # it ended at the door, or did not know the word
        threading.Thread(target=_listen, args=(asker, waiting), daemon=True).start()


def _listen(asker: Connection, waiting: SimpleQueue[_Asked]) -> None:
    try:
        while True:
            waiting.put(_Asked(asker.recv(), asker))
    except (OSError, EOFError):
        asker.close()


def _drained(waiting: SimpleQueue[_Asked]) -> Iterator[_Asked]:
    try:
        while True:
            yield waiting.get_nowait()
    except Empty:
        return


def _answer(engine: DigitEngine, asked: Sequence[_Asked]) -> None:
    """Run the network once for all that wait, and give each what is his."""
    logits = engine.logits(np.concatenate([one.images for one in asked]))
    ends = np.cumsum([len(one.images) for one in asked])[:-1]
    for one, mine in zip(asked, np.split(logits, ends), strict=True):
        try:
            one.asker.send(mine)
        except OSError:
            continue  # it has ended meanwhile
