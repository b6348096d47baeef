"""The first PDF engine: pdfium through pypdfium2.

A scanned page, which is one picture and nothing else to be seen, is taken as that picture, pixel by pixel; every
other page is drawn. pdfium must not be entered by two threads at once, whatever the documents: each call into it
holds one lock, so that threads are safe but do not run side by side. Use processes for that.
"""

from __future__ import annotations

import mmap
import threading

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c

from pipeline.document import Page
from pipeline.errors import DamagedFileError, EncryptedPdfError, NoPagesError
from pipeline.storage.dpi import believed_dpi
from pipeline.storage.jpeg import decode_jpeg
from pipeline.storage.limits import ScanLimits
from pipeline.storage.pdf_picture import (
    POINTS_PER_INCH,
    PictureDictionaries,
    find_page_picture,
)
from recognizer.readings import GrayImage

ENTERING_PDFIUM = threading.RLock()

CALL_FAILURES = (pypdfium2.PdfiumError, ValueError, AssertionError)
"""What pypdfium2 raises when a call into pdfium comes back with nothing."""


ROUND_DOWN = 1 - 1e-6
"""pypdfium2 rounds up sizes that pdfium holds as 32-bit floats: letter paper would get 3,301 rows at 300 dpi."""


REOPENED_AFTER = 32
"""Pages: pdfium keeps a copy of the data of each picture until its document is closed, in the end the whole file."""


class PdfiumRefusalError(Exception):
    """pdfium cannot make sense of a file or page; another engine may."""


class PdfiumPages:
    """The pages of a PDF, decoded or drawn when asked for.

    Attributes:
        page_count: at least one.
    """

    def __init__(self, content: bytes | mmap.mmap, limits: ScanLimits) -> None:
        """Open the document.

        Raises:
            EncryptedPdfError, NoPagesError, TooLargeError: see `pipeline.errors`.
            PdfiumRefusalError: pdfium cannot open it.
        """
        self._limits = limits
        self._content = content  # pdfium reads from it as long as the document is open
        with ENTERING_PDFIUM:
            self._document = _open(content)
            self.page_count = len(self._document)
        limits.check_pages(self.page_count)
        self._pages_read = 0
        self._dictionaries = PictureDictionaries(content)

    def read(self, number: int) -> Page:
        """Decode or draw a page.

        Raises:
            DamagedFileError, TooLargeError: see `pipeline.errors`; each names the page.
            PdfiumRefusalError: pdfium cannot load or draw it.
        """
        with ENTERING_PDFIUM:
            self._pages_read += 1
            if self._pages_read % REOPENED_AFTER == 0:
                self._document.close()
                self._document = _open(self._content)
            try:
                page = self._document[number - 1]
                try:
                    return self._read(page, number)
                finally:
                    page.close()
            except CALL_FAILURES as error:
                raise PdfiumRefusalError(str(error)) from error

    def close(self) -> None:
        """Close the document."""
        with ENTERING_PDFIUM:
            self._document.close()

    def _read(self, page: pypdfium2.PdfPage, number: int) -> Page:
        picture = find_page_picture(page)
        gray = None if picture is None else self._decode(picture.image, number)
        if picture is None or gray is None:
            return self._draw(page, number)
        displayed, dpi = picture.as_displayed(gray, self._limits, number)
        return Page(number, displayed, *believed_dpi(dpi, displayed.shape[1], displayed.shape[0]))

    def _decode(self, image: pypdfium2.PdfImage, number: int) -> GrayImage | None:
        """The picture as it is in the file; None when the page must be drawn to look right."""
        width, height = image.get_px_size()
        self._limits.check_pixels(width, height, number)
        data = bytes(image.get_data())
        if image.get_filters() == JPEG_ONLY and self._dictionaries.is_plain(data, is_jpeg=True):
            gray = decode_jpeg(data, self._limits, number)
            return gray if gray is not None and gray.shape == (height, width) else None
        if not self._dictionaries.is_plain(data, is_jpeg=False):
            return None
        self._check_data(image, number)
        return _gray_of(image.get_bitmap())

    def _draw(self, page: pypdfium2.PdfPage, number: int) -> Page:
        for image in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]):
            picture_width, picture_height = image.get_px_size()
            self._limits.check_pixels(picture_width, picture_height, number)
            self._check_data(image, number)
        scale = self._limits.render_dpi / POINTS_PER_INCH * ROUND_DOWN
        width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise DamagedFileError(f"page {number} has no size", number)
        self._limits.check_pixels(width * scale, height * scale, number)
        gray = _gray_of(page.render(scale=scale, grayscale=True))
        return Page(number, gray, *believed_dpi(self._limits.render_dpi, gray.shape[1], gray.shape[0]))

    def _check_data(self, image: pypdfium2.PdfImage, number: int) -> None:
        """pdfium shows what it can of damaged data and says nothing."""
        complex_filters = image.get_filters(skip_simple=True)
        if complex_filters == JPEG_ONLY:
            decode_jpeg(bytes(image.get_data(decode_simple=True)), self._limits, number)
        elif not complex_filters and _is_short(image):
            raise DamagedFileError(f"page {number} is damaged: the data of a picture end too early", number)


JPEG_ONLY = ["DCTDecode"]
FEWER_BITS = (1, 2, 4, 8, 16, 24)
LINE_END_BYTES = 2


def _is_short(image: pypdfium2.PdfImage) -> bool:
    """Whether a picture without lossy or fax coding unpacks to less than its size asks for."""
    length = int(pdfium_c.FPDFImageObj_GetImageDataDecoded(image, None, 0))
    facts = image.get_metadata()
    if length >= _data_bytes(facts, facts.bits_per_pixel):
        return False
    # pdfium names the bits of its own bitmap, which may be more: 8 for a palette of 4, 32 where a colour is masked.
    # The exact length for fewer bits, but for a line end behind the data, is no coincidence.
    fewer = (bits for bits in FEWER_BITS if bits < facts.bits_per_pixel)
    return not any(0 <= length - _data_bytes(facts, bits) <= LINE_END_BYTES for bits in fewer)


def _data_bytes(facts: pdfium_c.FPDF_IMAGEOBJ_METADATA, bits_per_pixel: int) -> int:
    return int(facts.height) * ((int(facts.width) * bits_per_pixel + 7) // 8)


def _open(content: bytes | mmap.mmap) -> pypdfium2.PdfDocument:
    if not any(mark in content[-END_WITHIN:] for mark in END_MARKS):
        # pdfium and poppler would rebuild a truncated or half-copied file and show its pages with pictures missing.
        raise DamagedFileError("is truncated: it ends before the end of the PDF; copy it again")
    # Not by pypdfium2, which takes a document without a page for one that failed to open, and then reports whatever
    # went wrong with the file before it.
    place = np.frombuffer(content, np.uint8).ctypes.data
    handle = pdfium_c.FPDF_LoadMemDocument64(place, len(content), None)
    if not handle:
        code = pdfium_c.FPDF_GetLastError()
        if code == pdfium_c.FPDF_ERR_PASSWORD:
            raise EncryptedPdfError("needs a password; save it without one, for instance by printing to PDF")
        if code == pdfium_c.FPDF_ERR_SECURITY:
            raise EncryptedPdfError("is encrypted in a way that cannot be read; save it without encryption")
        raise PdfiumRefusalError("pdfium cannot make sense of it")
    document = pypdfium2.PdfDocument(handle)
    try:
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        document.close()
        raise PdfiumRefusalError("pdfium cannot make sense of its form fields") from error
    if len(document) < 1:
        document.close()
        raise NoPagesError("is a PDF without a page")
    return document


END_MARKS = (b"%%EOF", b"startxref")
END_WITHIN = 2048
"""Viewers look for the end of a PDF in its last 1,024 bytes (PDF 1.7 reference, appendix H, note 18); twice that."""


def _gray_of(bitmap: pypdfium2.PdfBitmap) -> GrayImage:
    """Pixels of a bitmap in memory of their own."""
    pixels = bitmap.to_numpy()
    if pixels.ndim == 2:
        return np.array(pixels)
    gray: GrayImage = cv2.cvtColor(pixels, _TO_GRAY[pixels.shape[2]])
    return gray


_TO_GRAY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}
