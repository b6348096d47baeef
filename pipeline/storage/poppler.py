"""The second PDF engine: poppler's pdftoppm through pdf2image, for what pdfium refuses.

Slower by an order of magnitude and run as a program of its own, page by page, with an explicit size and a time-out.
Its word is taken only when it has nothing to complain about and the picture has the size asked for: on a giant page
poppler answers with one white pixel and an exit code of 0.
"""

from __future__ import annotations

import mmap
import os
import re
import weakref

import numpy as np
import pdf2image
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)

from pipeline.document import Page
from pipeline.errors import DamagedFileError, DecoderTimeoutError, NoPagesError
from pipeline.storage.dpi import believed_dpi
from pipeline.storage.limits import ScanLimits
from pipeline.storage.shared_memory import write_all
from recognizer.readings import GrayImage

POINTS_PER_INCH = 72

NOT_INSTALLED = (PDFInfoNotInstalledError, PopplerNotInstalledError)


class PopplerMissingError(Exception):
    """There is no poppler here; what pdfium said stands."""


class PopplerPages:
    """The pages of a PDF, drawn by poppler when asked for.

    Attributes:
        page_count: as poppler counts.
    """

    def __init__(self, content: bytes | mmap.mmap, limits: ScanLimits) -> None:
        """Put the file where poppler can read it, and count its pages.

        Raises:
            PopplerMissingError: it is not installed.
            DamagedFileError, DecoderTimeoutError, NoPagesError, TooLargeError: see `pipeline.errors`.
        """
        self._limits = limits
        # In memory, with a name of ours: whatever becomes of this process, no copy of a scan stays behind on a disk.
        descriptor = os.memfd_create("source.pdf")
        self._release_copy = weakref.finalize(self, os.close, descriptor)
        write_all(descriptor, content)
        self._path = f"/proc/{os.getpid()}/fd/{descriptor}"
        self.page_count = int(self._facts(first=1)["Pages"])
        limits.check_pages(self.page_count)
        if self.page_count < 1:
            raise NoPagesError("is a PDF without a page")

    def read(self, number: int) -> Page:
        """Draw a page at the resolution that the limits name.

        Raises:
            DamagedFileError, DecoderTimeoutError, TooLargeError: see `pipeline.errors`; each names the page.
        """
        gray = self.draw(number, self._limits.render_dpi)
        return Page(number, gray, *believed_dpi(self._limits.render_dpi, gray.shape[1], gray.shape[0]))

    def draw(self, number: int, dpi: int) -> GrayImage:
        """Draw a page: (H, W) uint8.

        Raises:
            DamagedFileError, DecoderTimeoutError, TooLargeError: see `pipeline.errors`; each names the page.
        """
        size, is_turned = self._page_size_px(number, dpi)
        self._limits.check_pixels(*size, number)
        try:
            pictures = pdf2image.convert_from_path(
                self._path,
                dpi=dpi,
                first_page=number,
                last_page=number,
                size=size,
                grayscale=True,
                use_cropbox=True,
                strict=True,
                timeout=self._limits.page_timeout_s,
            )
        except PDFPopplerTimeoutError as error:
            raise DecoderTimeoutError(f"page {number} takes too long to draw", number) from error
        except (PDFSyntaxError, PDFPageCountError, OSError, ValueError, IndexError) as error:
            raise DamagedFileError(f"page {number} is damaged: both PDF engines refuse it", number) from error
        if len(pictures) != 1 or pictures[0].size != (size[::-1] if is_turned else size):
            raise DamagedFileError(f"page {number} cannot be drawn in its own size", number)
        return np.array(pictures[0].convert("L"))

    def close(self) -> None:
        """Let go of the copy of the file."""
        self._release_copy()

    def _page_size_px(self, number: int, dpi: float) -> tuple[tuple[int, int], bool]:
        """Width and height before the page is turned, as pdftoppm wants them, and whether it is turned sideways."""
        facts = self._facts(first=number)
        size = re.match(r"([\d.]+) x ([\d.]+) pts", facts.get(f"Page {number:>4} size", ""))
        if size is None:
            raise DamagedFileError(f"page {number} has no size", number)
        width, height = (max(1, round(float(side) / POINTS_PER_INCH * dpi)) for side in size.groups())
        return (width, height), facts.get(f"Page {number:>4} rot", "0") in ("90", "270")

    def _facts(self, first: int) -> dict[str, str]:
        try:
            facts = pdf2image.pdfinfo_from_path(
                self._path, first_page=first, last_page=first, timeout=self._limits.page_timeout_s
            )
        except NOT_INSTALLED as error:
            raise PopplerMissingError from error
        except PDFPopplerTimeoutError as error:
            raise DecoderTimeoutError("takes too long to open") from error
        except PDFPageCountError as error:
            raise DamagedFileError("is damaged: both PDF engines refuse it") from error
        return {str(key): str(value) for key, value in facts.items()}
