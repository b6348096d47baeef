"""What a TIFF promises: its pages and where their data lie, checked against the bytes that are there.

A truncated TIFF of many pages is read by OpenCV, and partly by Pillow, as a complete one of fewer pages.
Source: TIFF revision 6.0, section 2; BigTIFF as in libtiff.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from pipeline.errors import DamagedFileError, NoPagesError
from pipeline.storage.limits import ScanLimits

OFFSET_TAGS = ((273, 279), (324, 325))
"""StripOffsets with StripByteCounts, TileOffsets with TileByteCounts."""


def count_tiff_pages(content: bytes, limits: ScanLimits) -> int:
    """Number of pages in the chain of directories.

    Raises:
        DamagedFileError: a directory lies beyond the end of the file, or the chain runs in a circle.
        NoPagesError: there is no directory.
        TooLargeError: more pages than the limits allow.
    """
    seen: set[int] = set()
    try:
        for offset in _directory_offsets(content):
            if offset in seen:
                raise DamagedFileError(f"is damaged: after page {len(seen)} its pages run in a circle")
            seen.add(offset)
            limits.check_pages(len(seen))
    except (struct.error, OverflowError) as error:  # an offset of 64 bits may be larger than any place in memory
        raise DamagedFileError(f"is truncated: it ends before page {len(seen) + 1}") from error
    if not seen:
        raise NoPagesError("is a TIFF without a page")
    return len(seen)


def _directory_offsets(content: bytes) -> Iterator[int]:
    order = "<" if content[:2] == b"II" else ">"
    is_big = content[2:4] in (b"+\0", b"\0+")
    count, entry_bytes, link = ("Q", 20, "Q") if is_big else ("H", 12, "L")
    (offset,) = struct.unpack_from(order + link, content, 8 if is_big else 4)
    while offset:
        yield offset
        (entries,) = struct.unpack_from(order + count, content, offset)
        next_at = offset + struct.calcsize(order + count) + entries * entry_bytes
        if next_at >= len(content):
            raise struct.error("directory beyond the end of the file")
        (offset,) = struct.unpack_from(order + link, content, next_at)


def check_page_data(frame: TiffImagePlugin.TiffImageFile, content: bytes, page: int) -> None:
    """Make sure that all the data of a page are there.

    Raises:
        DamagedFileError: data lie beyond the end of the file.
    """
    for offsets_tag, counts_tag in OFFSET_TAGS:
        offsets = frame.tag_v2.get(offsets_tag, ())
        counts = frame.tag_v2.get(counts_tag, ())
        if any(offset + count > len(content) for offset, count in zip(offsets, counts, strict=False)):
            raise DamagedFileError(f"page {page} is truncated: its data end beyond the end of the file", page)


def is_white_zero(image: Image.Image) -> bool:
    """Whether this is a TIFF whose samples count up from white. Pillow turns them over, but not those of 16 bits."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO


PHOTOMETRIC = 262
WHITE_IS_ZERO = 0
