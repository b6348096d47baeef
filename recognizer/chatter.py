"""Keeps what native libraries print while they load away from the user's terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_CHATTER = (b"INFO: ", b"I0000 ", b"WARNING: All log messages before absl", b"fully_quantize: ")
"""LiteRT announces its CPU kernels with the first, TensorFlow its builds and conversions with the others, whatever
their log levels say."""


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop lines that native code writes to standard error and that only inform; pass on all others.

    Replaces the process's standard error for the time being, so keep what runs within short. Does nothing where
    standard error is closed.
    """
    sys.stderr.flush()
    try:
        terminal = os.dup(2)
    except OSError:
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            caught.seek(0)
            lines = [line for line in caught if not line.startswith(_CHATTER)]
            if lines:
                os.write(2, b"".join(lines))
