"""From a `Source` to its pages, one by one, so that a file of many pages needs the memory of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pipeline.document import MediaType, Page, Source
from pipeline.storage.image_pages import ImagePages
from pipeline.storage.limits import DEFAULT_LIMITS, ScanLimits
from pipeline.storage.pdf_pages import PdfPages

__all__ = ["PageIterator", "ScanLimits", "open_pages"]


class PageReader(Protocol):
    """The pages of one open file."""

    page_count: int

    def read(self, number: int) -> Page: ...
    def close(self) -> None: ...


class PageIterator(Iterator[Page]):
    """Opens a file when its first page is asked for and closes it behind the last one.

    A damaged page costs only itself: after an error that names a page, iteration may go on with `next()`, which
    gives the following page. After an error that names none, iteration has ended.
    """

    def __init__(self, source: Source, limits: ScanLimits) -> None:
        self._source: Source | None = source
        self._limits = limits
        self._reader: PageReader | None = None
        self._next_number = 1

    def __next__(self) -> Page:
        """Decode the next page.

        Raises:
            SourceError: one of its kinds, see `pipeline.errors`.
        """
        if self._source is not None:
            source, self._source = self._source, None  # an attempt to open is made once
            self._reader = _open(source, self._limits)
        if self._reader is None:
            raise StopIteration
        if self._next_number > self._reader.page_count:
            self.close()
            raise StopIteration
        number = self._next_number
        self._next_number += 1
        return self._reader.read(number)

    def close(self) -> None:
        """Let go of the file before its last page; harmless when it is closed already."""
        if self._reader is not None:
            self._reader.close()
        self._source, self._reader = None, None


def open_pages(source: Source, limits: ScanLimits = DEFAULT_LIMITS) -> PageIterator:
    """The pages of a file in order, decoded as they are asked for.

    Pages come as scanned and as a viewer shows them: turned as PDF or EXIF say, transparent parts on white, with
    square pixels, (H, W) uint8.

    Returns:
        An iterator that raises a `SourceError` where a page or the whole file cannot be read. See `PageIterator`
        for how to go on after a damaged page.
    """
    return PageIterator(source, limits)


def _open(source: Source, limits: ScanLimits) -> PageReader:
    if source.media_type is MediaType.PDF:
        return PdfPages(source.content, limits)
    return ImagePages(source, limits)
