"""Keeps many small pictures out of memory until it is known which of them are needed."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, MutableMapping

import cv2
import numpy as np

from recognizer.readings import GrayImage

IN_MEMORY_BYTES = 16 << 20
"""Beyond, they go to a temporary file without a name, which is gone when this process is, however it ends."""

FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]

Key = tuple[int, str]


class PictureSpool(MutableMapping[Key, GrayImage]):
    """Pictures by page number and field name, (h, w) uint8, as PNG in memory or on the disk."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  (lives as long as this)
        self._close = weakref.finalize(self, self._file.close)
        self._places: dict[Key, tuple[int, int]] = {}

    def __setitem__(self, key: Key, picture: GrayImage) -> None:
        encoded = cv2.imencode(".png", picture, FAST)[1].tobytes()
        start = self._file.seek(0, 2)
        self._file.write(encoded)
        self._places[key] = (start, len(encoded))

    def __getitem__(self, key: Key) -> GrayImage:
        start, length = self._places[key]
        self._file.seek(start)
        encoded = np.frombuffer(self._file.read(length), np.uint8)
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)

    def __delitem__(self, key: Key) -> None:
        del self._places[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Forget all pictures."""
        self._places.clear()
        self._close()
