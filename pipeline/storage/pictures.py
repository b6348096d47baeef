"""Writes pictures and pages that a person asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically


def save_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture, (h, w) gray or (h, w, 3) BGR uint8; the folder is made when it is missing.

    Raises:
        OutputError: it cannot be written.
    """
    _, encoded = cv2.imencode(".png", picture)
    save_file(path, encoded.tobytes())


def save_file(path: Path, content: bytes) -> None:
    """Write a file in place of what is there; the folder is made when it is missing.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name another place with --out") from error
