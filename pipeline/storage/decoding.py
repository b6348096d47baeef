"""Decodes pages in this process. With a file that is not ours only decoder processes do so, see `scans.open_pages`."""

from __future__ import annotations

import mmap
from typing import Protocol

from pipeline.document import MediaType, Page
from pipeline.storage.image_pages import ImagePages
from pipeline.storage.limits import DEFAULT_LIMITS, ScanLimits
from pipeline.storage.pdf_pages import PdfPages


class PageReader(Protocol):
    """The pages of one open file.

    Attributes:
        page_count: at least one.
    """

    page_count: int

    def read(self, number: int) -> Page:
        """Decode a page.

        Raises:
            SourceError: one of its kinds, see `pipeline.errors`; it names the page.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_reader(media_type: MediaType, content: bytes | mmap.mmap, limits: ScanLimits = DEFAULT_LIMITS) -> PageReader:
    """Open a file and count its pages.

    Args:
        content: of the file, unchanged until the reader is closed.

    Raises:
        SourceError: one of its kinds, see `pipeline.errors`.
    """
    if media_type is MediaType.PDF:
        return PdfPages(content, limits)
    return ImagePages(media_type, bytes(content), limits)
