"""The bytes of an open file, left where they are: a gigabyte of scans takes no memory but where it is looked at."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator

BLOCK_BYTES = 1 << 20

Stamp = tuple[int, int, int]


class FileBytes:
    """An open file whose bytes are to stay as they are.

    Attributes:
        descriptor: to read from at given places; it has no place of its own that may be relied upon.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over an open descriptor; it is closed with the last use of this object."""
        self.descriptor = descriptor
        self._stamp = _stamp(descriptor)
        weakref.finalize(self, os.close, descriptor)

    def __len__(self) -> int:
        return self._stamp[0]

    def blocks(self) -> Iterator[bytes]:
        """All bytes in order; fewer than `len` say when the file became shorter."""
        place = 0
        while block := os.pread(self.descriptor, BLOCK_BYTES, place):
            yield block
            place += len(block)

    def is_unchanged(self) -> bool:
        """Whether nobody has written to the file since it was opened.

        Goes by the change time too, which no program can set back.
        """
        return _stamp(self.descriptor) == self._stamp


def _stamp(descriptor: int) -> Stamp:
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
