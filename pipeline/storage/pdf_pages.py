"""Pages of a PDF: pdfium first, poppler for the pages or files that pdfium refuses."""

from __future__ import annotations

import mmap
from dataclasses import replace

from pipeline.document import Page
from pipeline.errors import DamagedFileError, SourceError
from pipeline.storage.cross_check import COMPARED_DPI, differ
from pipeline.storage.limits import ScanLimits
from pipeline.storage.pdfium import PdfiumPages, PdfiumRefusalError
from pipeline.storage.poppler import PopplerMissingError, PopplerPages

POPPLER_HINT = "installing poppler-utils adds a second PDF engine that may read it"


class PdfPages:
    """The pages of a PDF by whichever engine reads them.

    Attributes:
        page_count: by the engine that opened the file.
    """

    def __init__(self, content: bytes | mmap.mmap, limits: ScanLimits) -> None:
        """Open the document.

        Raises:
            DamagedFileError, EncryptedPdfError, NoPagesError, TooLargeError: see `pipeline.errors`.
        """
        self._content = content
        self._limits = limits
        self._pdfium: PdfiumPages | None = None
        self._poppler: PopplerPages | None = None
        try:
            self._pdfium = PdfiumPages(content, limits)
            self.page_count = self._pdfium.page_count
        except PdfiumRefusalError as refusal:
            self.page_count = self._second_engine(refusal).page_count

    def read(self, number: int) -> Page:
        """Decode or draw a page.

        Raises:
            DamagedFileError, TooLargeError: see `pipeline.errors`; each names the page.
        """
        if self._pdfium is None:
            return self._second_engine().read(number)
        try:
            page = self._pdfium.read(number)
        except PdfiumRefusalError as refusal:
            return self._second_engine(refusal, number).read(number)
        return replace(page, renderers_differ=self._differs(page)) if self._limits.cross_check else page

    def close(self) -> None:
        """Close both engines."""
        for engine in (self._pdfium, self._poppler):
            if engine is not None:
                engine.close()

    def _differs(self, page: Page) -> bool:
        """Whether poppler shows another page, or none."""
        try:
            return differ(page.gray, self._second_engine().draw(page.number, COMPARED_DPI))
        except SourceError:
            return True

    def _second_engine(self, refusal: PdfiumRefusalError | None = None, page: int | None = None) -> PopplerPages:
        if self._poppler is None:
            try:
                self._poppler = PopplerPages(self._content, self._limits)
            except PopplerMissingError as missing:
                where = "is" if page is None else f"page {page} is"
                raise DamagedFileError(f"{where} damaged: {refusal}; {POPPLER_HINT}", page) from missing
        return self._poppler
