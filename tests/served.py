"""An application at a real socket, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from pipeline.serve.listening import listen, url_of

WAIT_S = 60
"""For a machine that has much else to do."""


@contextmanager
def served(api: object, port: int = 0) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    with listen("127.0.0.1", port) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, access_log=False, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = time.monotonic() + WAIT_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield url_of(listening)
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
