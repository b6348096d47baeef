"""Memory that processes share. Pages come in it from a decoder: written there, looked at here, not copied again.

New shared memory costs twice as much as the copy into it (3.0 against 1.2 ms for an A4 page at 300 dpi), since the
system must find and clear every page of it. So a slot is used again as soon as nobody holds the page that was in it.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Sequence

import numpy as np

from recognizer.readings import GrayImage

MESSAGE_BYTES = 1 << 16
"""The longest message between a decoder and its parent, which carry the memory's descriptors."""

HELD_SLOTS = 6
"""Pages that may be held without being copied, two for each that a chunk of fields keeps alive at a time."""

KEPT_BYTES = 16 << 20
"""Slots of more than a page of A4 at 400 dpi are given back as soon as they are free."""


class SlotWriter:
    """The decoder's side."""

    def __init__(self) -> None:
        self._slots: dict[int, mmap.mmap] = {}
        self._next = 0

    def put(self, gray: GrayImage, slot: int | None, forget: Sequence[int]) -> tuple[int, int | None]:
        """Copy a page into shared memory.

        Args:
            gray: (H, W) uint8.
            slot: one that is free; None when there is none. One that is too small is replaced by a new one.
            forget: slots that the other side no longer knows.

        Returns:
            Number of the slot, and the descriptor of its memory when it is new.
        """
        for number in forget:
            self._slots.pop(number).close()
        memory = None
        if slot is None or len(self._slots[slot]) < gray.size:
            slot, self._next = self._next, self._next + 1
            memory = os.memfd_create("page")
            os.ftruncate(memory, gray.size)
            self._slots[slot] = mmap.mmap(memory, gray.size)
        shared = np.frombuffer(self._slots[slot], np.uint8, gray.size)
        shared.reshape(gray.shape)[:] = gray
        return slot, memory


class SlotReader:
    """The parent's side: knows which slots are free."""

    def __init__(self) -> None:
        self._slots: dict[int, mmap.mmap] = {}
        self._free: list[int] = []
        self._forgotten: list[int] = []

    def offer(self) -> tuple[int | None, list[int]]:
        """A free slot for the next page, None when there is none; and slots to forget."""
        slot = self._free.pop() if self._free else None
        forgotten, self._forgotten = self._forgotten, []
        return slot, forgotten

    def take(self, slot: int, memory: int | None, shape: tuple[int, int], offered: int | None) -> GrayImage:
        """The page in a slot, (H, W) uint8; the slot is free again when the last view of it is gone.

        Args:
            memory: descriptor of a new slot's memory; closed here.
            offered: slot that was offered for this page.
        """
        if offered is not None and offered != slot:
            self._forget(offered)
        if memory is not None:
            self._slots[slot] = mmap.mmap(memory, os.fstat(memory).st_size)
            os.close(memory)
        flat = np.frombuffer(self._slots[slot], np.uint8, shape[0] * shape[1])
        if len(self._slots) > HELD_SLOTS:  # somebody keeps many pages: each slot costs a descriptor
            page = flat.reshape(shape).copy()
            del flat
            self._forget(slot)
            return page
        weakref.finalize(flat, self._release, slot).atexit = False
        return flat.reshape(shape)

    def take_back(self, slot: int | None) -> None:
        """Keep a slot that was offered and not used."""
        if slot is not None:
            self._free.append(slot)

    def _release(self, slot: int) -> None:
        if len(self._slots[slot]) > KEPT_BYTES:
            self._forget(slot)
        else:
            self._free.append(slot)

    def _forget(self, slot: int) -> None:
        del self._slots[slot]  # unmapped with the last view of it
        self._forgotten.append(slot)


def release(content: bytes | mmap.mmap) -> None:
    """Give back the memory in which a mapped file has been looked at so far; its bytes are still in the file."""
    if isinstance(content, mmap.mmap):
        content.madvise(mmap.MADV_DONTNEED)


def write_all(descriptor: int, content: bytes | mmap.mmap) -> None:
    """Write bytes into memory that has a descriptor, however many they are."""
    rest = memoryview(content)
    while rest:  # at most 2 GB a call
        rest = rest[os.write(descriptor, rest) :]
