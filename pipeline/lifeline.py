"""Processes that end with the one that started them, however that one ends: Ctrl-C, SIGTERM, SIGKILL or a crash."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable


def end_with_parent(descriptor: int, end: Callable[[], None]) -> None:
    """Watch for the parent to hang up, in a thread of its own.

    Not by PR_SET_PDEATHSIG, which also strikes when only the thread that started this process ends, and leaves alone
    the programs run from here.

    Args:
        descriptor: of a socket whose other end the parent holds open, and nobody else.
        end: what ends this process at once, such as `kill_group` or `kill_me`.
    """
    threading.Thread(target=_wait_for_hang_up, args=(descriptor, end), daemon=True).start()


def kill_group() -> None:
    """End this process and the programs it runs; for the first of its process group."""
    os.killpg(0, signal.SIGKILL)


def kill_me() -> None:
    """End this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_hang_up(descriptor: int, end: Callable[[], None]) -> None:
    watch = select.poll()
    watch.register(descriptor, 0)
    watch.poll()
    end()
