"""Limits that keep one file from taking the machine: checked from headers, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import TooLargeError


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What a file may cost, how fine its pages are drawn, and whether twice.

    Attributes:
        max_bytes: size of a file; it is held in memory while it is read.
        max_pages: pages of a file.
        max_page_pixels: pixels of one page or of one picture on it. A3 at 600 dpi has 70 million, a square yard at
            300 dpi 81 million.
        render_dpi: resolution at which PDF pages are drawn that are not simply one scanned picture.
        page_timeout_s: time that opening a file, or decoding one of its pages, may take. The slowest honest pages, a
            hundred million pixels of PNG, take two seconds.
        max_memory: bytes of address space of the process that decodes. A page of a hundred million pixels in colour
            needs one and a half gigabytes.
        cross_check: have each PDF page drawn by a second engine as well, and doubt it where the two differ.
    """

    max_bytes: int = 1 << 30
    max_pages: int = 10_000
    max_page_pixels: int = 100_000_000
    render_dpi: int = 300
    page_timeout_s: int = 60
    max_memory: int = 4 << 30
    cross_check: bool = False

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if name != "cross_check" and getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive")

    def check_pages(self, count: int) -> None:
        """Refuse a file of too many pages.

        Raises:
            TooLargeError: more pages than allowed.
        """
        if count > self.max_pages:
            raise TooLargeError(f"has more than {self.max_pages} pages (setting scans.max_pages)")

    def check_pixels(self, width: float, height: float, page: int) -> None:
        """Refuse a page, or a picture on it, of too many pixels.

        Raises:
            TooLargeError: more pixels than allowed.
        """
        if width * height > self.max_page_pixels:
            raise TooLargeError(
                f"page {page} is {width:.0f} x {height:.0f} pixels; "
                f"the limit is {self.max_page_pixels} in all (setting scans.max_page_pixels)",
                page,
            )


DEFAULT_LIMITS = ScanLimits()
