"""JPEG, decoded strictly: libjpeg's warnings, which other readers swallow, are errors here.

OpenCV returns a truncated JPEG as a page with a gray foot, and Pillow misses damage in the middle of a file.
"""

from __future__ import annotations

import simplejpeg

from pipeline.errors import DamagedFileError
from pipeline.storage.limits import ScanLimits
from recognizer.readings import GrayImage

INK_SPACES = ("CMYK", "YCCK")
"""Colour spaces whose polarity depends on the program that wrote them: left to Pillow or pdfium."""


def decode_jpeg(data: bytes, limits: ScanLimits, page: int = 1) -> GrayImage | None:
    """Decode a JPEG to gray.

    Args:
        data: the whole JPEG; EXIF turns are not applied.
        page: named in errors.

    Returns:
        (H, W) uint8; None for a sound JPEG in CMYK, which is to be decoded by a reader that knows its polarity.

    Raises:
        DamagedFileError: truncated or corrupt.
        TooLargeError: more pixels than the limits allow.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        limits.check_pixels(width, height, page)
        colorspace = "CMYK" if space in INK_SPACES else "GRAY"
        decoded = simplejpeg.decode_jpeg(data, colorspace=colorspace, strict=True)
    except ValueError as error:
        raise DamagedFileError(f"page {page} is a damaged JPEG: {_reason(error)}", page) from error
    gray: GrayImage = decoded[:, :, 0]
    return None if space in INK_SPACES else gray


def _reason(error: ValueError) -> str:
    """The library's words without its function names."""
    return str(error).rpartition("(): ")[2].lower()
