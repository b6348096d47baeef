"""Pages of picture files: TIFF with any number of pages, PNG, JPEG, BMP, WebP, GIF, PNM.

Pillow reads headers and everything but JPEG; JPEG is decoded strictly. No library is ever handed a file name.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from pipeline.document import MediaType, Page
from pipeline.errors import DamagedFileError, TooLargeError, UnsupportedTypeError
from pipeline.storage.dpi import believed_dpi, with_square_pixels
from pipeline.storage.jpeg import decode_jpeg
from pipeline.storage.limits import ScanLimits
from pipeline.storage.tiff import check_page_data, count_tiff_pages, is_white_zero
from recognizer.readings import GrayImage

PILLOW_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise on damaged files, as met when its own collection of broken files is read."""

WHITE = 255
OPAQUE = 255
DEEP_WHITE = 65535

SAMPLE_BITS = (8, 10, 12, 14, 16)
"""Bits a sample that cameras and scanners write into 16."""


class ImagePages:
    """The pages of one picture file, decoded when asked for.

    Attributes:
        page_count: of a TIFF as its directories say.
    """

    def __init__(self, media_type: MediaType, content: bytes, limits: ScanLimits) -> None:
        """Read the header.

        Raises:
            DamagedFileError, NoPagesError, TooLargeError, UnsupportedTypeError: see `pipeline.errors`.
        """
        self._content = content
        self._limits = limits
        self._is_jpeg = media_type is MediaType.JPEG
        in_tiff = count_tiff_pages(content, limits) if media_type is MediaType.TIFF else None
        with _pillow_errors(page=None):
            # Formats are pinned to what the first bytes said; Pillow would try PostScript, icons and much else.
            self._image = Image.open(io.BytesIO(self._content), formats=_PILLOW_FORMATS[media_type])
            self.page_count = in_tiff or self._count_frames()
        limits.check_pages(self.page_count)

    def read(self, number: int) -> Page:
        """Decode a page.

        Raises:
            DamagedFileError, TooLargeError, UnsupportedTypeError: see `pipeline.errors`; each names the page.
        """
        with _pillow_errors(number):
            self._image.seek(number - 1)
            self._limits.check_pixels(*self._image.size, number)
            if isinstance(self._image, TiffImagePlugin.TiffImageFile):
                check_page_data(self._image, self._content, number)
            claimed, turn = _claimed_dpi(self._image), _turn(self._image)
            strict = decode_jpeg(self._content, self._limits, number) if self._is_jpeg else None
            gray = strict if strict is not None else _gray_of(self._image, number)
            left_to_turn = _turn(self._image)
        if turn in SIDEWAYS and left_to_turn not in SIDEWAYS:  # Pillow turns a TIFF while it loads it
            claimed = claimed and claimed[::-1]
        squared, dpi = (gray, None) if claimed is None else with_square_pixels(gray, claimed, self._limits, number)
        return _page(squared, number, dpi, left_to_turn)

    def close(self) -> None:
        """Let go of the decoder."""
        self._image.close()

    def _count_frames(self) -> int:
        if self._is_jpeg:  # it may carry more pictures, such as the thumbnail of a telephone; the scan is the first
            return 1
        return int(getattr(self._image, "n_frames", 1))


_PILLOW_FORMATS = {
    MediaType.TIFF: ("TIFF",),
    MediaType.PNG: ("PNG",),
    MediaType.JPEG: ("JPEG", "MPO"),
    MediaType.BMP: ("BMP",),
    MediaType.WEBP: ("WEBP",),
    MediaType.GIF: ("GIF",),
    MediaType.PNM: ("PPM",),
}


@contextmanager
def _pillow_errors(page: int | None) -> Iterator[None]:
    where = f"page {page}" if page else "the file"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, and about sizes that are checked here anyway
            yield
    except Image.DecompressionBombError as error:
        raise TooLargeError(f"{where} has far more pixels than a scan", page) from error
    except UnidentifiedImageError as error:
        raise DamagedFileError(f"{where} cannot be read: its header is damaged or of a rare kind", page) from error
    except PILLOW_FAILURES as error:
        raise DamagedFileError(f"{where} is truncated or damaged ({error or type(error).__name__})", page) from error


def _page(gray: GrayImage, number: int, dpi: float | None, turn: int) -> Page:
    upright = np.ascontiguousarray(_TURNS.get(turn, lambda image: image)(gray))
    believed, is_doubtful = believed_dpi(dpi, upright.shape[1], upright.shape[0])
    return Page(number, upright, believed, is_doubtful)


_TURNS = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.T,
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].T,
    8: lambda image: np.rot90(image),
}
"""What undoes each EXIF orientation (Exif 2.3, tag 0x0112)."""


SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


def _turn(image: Image.Image) -> int:
    """EXIF orientation still to be applied; 1 for none."""
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _claimed_dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    return float(dpi[0]), float(dpi[1])


def _gray_of(image: Image.Image, number: int) -> GrayImage:
    """A picture of any mode as it looks on white paper: (H, W) uint8."""
    image.load()
    if image.mode == "F":  # nobody has agreed on what black and white are
        raise UnsupportedTypeError(f"page {number} has floating-point samples; save it with 8 bits a sample", number)
    if image.mode.startswith("I"):
        samples = np.clip(np.asarray(image).astype(np.int64), 0, DEEP_WHITE)
        return _from_deep(DEEP_WHITE - samples if is_white_zero(image) else samples)
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert("RGBA")))
    return np.array(image.convert("L"))


def _from_deep(samples: NDArray[np.integer]) -> GrayImage:
    """More than 8 bits a sample to 8.

    Pillow says 16 or 32 bits also where a scanner filled 10, 12 or 14 of them, which would come out nearly black:
    white paper reaches far enough up to tell the depth.
    """
    highest = int(samples.max(initial=0))
    depth = next(bits for bits in SAMPLE_BITS if highest < 1 << bits)
    return (samples >> (depth - 8)).astype(np.uint8)


def _on_white(rgba: NDArray[np.uint8]) -> GrayImage:
    """Black on transparent is black on white to everybody who looks at it, and all black to plain conversions."""
    gray = cv2.cvtColor(rgba, cv2.COLOR_RGBA2GRAY).astype(np.uint16)
    alpha = rgba[:, :, 3].astype(np.uint16)
    return ((gray * alpha + WHITE * (OPAQUE - alpha) + OPAQUE // 2) // OPAQUE).astype(np.uint8)
