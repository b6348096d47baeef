"""What the server does with an upload: decode it within limits, read it with networks that are loaded once."""

from __future__ import annotations

import hashlib
import threading
from contextlib import closing
from dataclasses import dataclass, field, replace

from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import FieldReading, FieldSpec, MediaType, Source
from pipeline.errors import EmptyFileError, NoPagesError, UnsupportedTypeError
from pipeline.process import ReadingOptions, read_crop
from pipeline.storage.intake import media_type_of
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages
from recognizer.normalize import ink_of_picture
from recognizer.readings import DigitReadings, GrayImage, Recognizer

MAX_UPLOAD_PIXELS = 40_000_000
"""A whole A4 page at 600 dpi has 35 million; a digit or a field is a small part of one."""
_DECODERS = 2
"""Pictures decoded side by side: each may need a few bytes a pixel, and anybody with the token may send the largest."""


@dataclass(frozen=True)
class ReadingService:
    """Reads uploads. Safe to call from several threads; pictures are read one after another.

    Attributes:
        recognizer: loaded once.
        reading: options where a request gives none.
        limits: of any scan; those of uploads are tighter.
    """

    recognizer: Recognizer
    operating_point: OperatingPoint
    reading: ReadingOptions
    limits: ScanLimits
    _reading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _decoding: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_DECODERS), init=False, repr=False
    )

    def read_digit(self, content: bytes) -> DigitReadings:
        """Read a picture of one handwritten digit.

        Raises:
            SourceError: it is no picture, damaged or too large.
        """
        ink = ink_of_picture(self._picture(content))
        with self._reading:
            return self.recognizer.read_digits([ink])

    def read_field(self, content: bytes, spec: FieldSpec, max_error: float | None) -> FieldReading:
        """Read a picture of one field.

        Args:
            max_error: share of accepted values that may be wrong; None for that of the settings.

        Raises:
            SourceError: it is no picture, damaged or too large.
        """
        gray = self._picture(content)
        options = self.reading if max_error is None else replace(self.reading, max_error=max_error)
        with self._reading:
            return read_crop(gray, spec, self.recognizer, self.operating_point, options)

    def _picture(self, content: bytes) -> GrayImage:
        source = _source_of(content)
        limits = replace(self.limits, max_page_pixels=min(self.limits.max_page_pixels, MAX_UPLOAD_PIXELS))
        with self._decoding, closing(open_pages(source, limits)) as pages:
            page = next(pages, None)
        if page is None:
            raise NoPagesError("holds no picture")
        return page.gray


def _source_of(content: bytes) -> Source:
    if not content:
        raise EmptyFileError("the upload is empty (0 bytes)")
    media_type = media_type_of(content)
    if media_type in (MediaType.UNKNOWN, MediaType.PDF):
        raise UnsupportedTypeError("the upload is none of PNG, JPEG, TIFF, BMP, WebP, GIF and PNM, whatever its name")
    return Source(hashlib.sha256(content).hexdigest(), ("upload",), media_type, content)
