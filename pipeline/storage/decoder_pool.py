"""Decoder processes that wait for the next file, kept by this process for as long as it lives."""

from __future__ import annotations

import atexit
import os
import threading

from pipeline.storage.decoder import Decoder

IDLE = 2
"""Decoders kept waiting; more are needed only while more files are open at the same time."""


class DecoderPool:
    """Hands out decoders. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Decoder] = []

    def warm(self) -> None:
        """Have a decoder start while the caller loads other things."""
        with self._lock:
            if not self._idle:
                self._idle.append(Decoder())

    def borrow(self) -> Decoder:
        """A decoder for one file; goes back by `give_back`, or is killed."""
        with self._lock:
            while self._idle:
                decoder = self._idle.pop()
                if decoder.is_alive():
                    return decoder
                decoder.kill()
        return Decoder()

    def give_back(self, decoder: Decoder) -> None:
        """Keep a decoder for the next file, unless it is lost, busy or one too many."""
        if not decoder.is_lost and decoder.asked_for is None:
            decoder.close_file()
            with self._lock:
                if len(self._idle) < IDLE:
                    self._idle.append(decoder)
                    return
        decoder.kill()

    def close(self) -> None:
        """End the decoders that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.kill()

    def forget(self) -> None:
        """Leave the decoders to the process this one was forked from."""
        self._lock = threading.Lock()
        self._idle = []


DECODERS = DecoderPool()
"""The pool of this process. Not handed around: whoever opens a file is to be protected without asking for it."""

atexit.register(DECODERS.close)
os.register_at_fork(after_in_child=DECODERS.forget)
