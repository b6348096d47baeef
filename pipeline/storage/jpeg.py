"""JPEG, decoded strictly: libjpeg's warnings, which other readers swallow, are errors here.

OpenCV returns a truncated JPEG as a page with a gray foot, and Pillow misses damage in the middle of a file.
"""

from __future__ import annotations

import numpy as np
import simplejpeg
from numpy.typing import NDArray

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
        decoded = _decoded(data, "CMYK" if space in INK_SPACES else "GRAY")
    except ValueError as error:
        raise DamagedFileError(f"page {page} is a damaged JPEG: {_reason(error)}", page) from error
    gray: GrayImage = decoded[:, :, 0]
    return None if space in INK_SPACES else gray


def _decoded(data: bytes, colorspace: str) -> NDArray[np.uint8]:
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace=colorspace, strict=True))
    except ValueError:
        unpadded = _without_padding(data)
        if unpadded is None:
            raise
        return np.asarray(simplejpeg.decode_jpeg(unpadded, colorspace=colorspace, strict=True))


MOST_PADDING = 16
"""Bytes: devices fill their data up to a whole word. More zeros are a block that was never written."""

END = b"\xff\xd9"


def _without_padding(data: bytes) -> bytes | None:
    """The same without a few zeros before its end, which say nothing and are no damage; None when there are none."""
    end = data.rfind(END)
    start = len(data[max(0, end - MOST_PADDING - 1) : end].rstrip(b"\0")) + max(0, end - MOST_PADDING - 1)
    return data[:start] + END if 0 < end - start <= MOST_PADDING else None


def _reason(error: ValueError) -> str:
    """The library's words without its function names."""
    return str(error).rpartition("(): ")[2].lower()
