"""Scans into the bytes of PDF, TIFF, PNG and JPEG files.

No dates and no random ids: the same scans give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sample_docs.generator.scanner import Scan

JPEG_QUALITY = 68
"""About what office scanners write: digits keep their edges, a gray A4 page at 200 dpi stays near 200 kB."""

_TIFF_STRIP_OFFSETS, _TIFF_ROWS_PER_STRIP, _TIFF_STRIP_BYTES = 273, 278, 279
_PNG_LEVEL_STEP = 17
"""Gray PNGs hold sixteen levels, as scanners' 4-bit mode does; it halves the file."""


def jpeg_bytes(scan: Scan, quality: int = JPEG_QUALITY) -> bytes:
    """One page as JPEG, gray or colour."""
    return _saved(_picture(scan), "JPEG", quality=quality, dpi=(scan.dpi, scan.dpi))


def png_bytes(scan: Scan) -> bytes:
    """One page as PNG; gray ones in sixteen levels."""
    image = scan.image
    if image.ndim == 2:
        image = np.asarray(np.round(image / _PNG_LEVEL_STEP) * _PNG_LEVEL_STEP, np.uint8)
    return _saved(Image.fromarray(image), "PNG", optimize=True, dpi=(scan.dpi, scan.dpi))


def tiff_bytes(scans: Sequence[Scan]) -> bytes:
    """All pages in one TIFF: bilevel ones by CCITT group 4, others deflated in sixteen levels."""
    pictures = [_picture(scan) for scan in scans]
    is_bilevel = pictures[0].mode == "1"
    if not is_bilevel:
        pictures = [picture.point(lambda level: round(level / 17) * 17) for picture in pictures]
    compression = "group4" if is_bilevel else "tiff_adobe_deflate"
    dpi = scans[0].dpi
    first, *others = pictures
    return _saved(first, "TIFF", save_all=True, append_images=others, compression=compression, dpi=(dpi, dpi))


def pdf_bytes(scans: Sequence[Scan], quality: int = JPEG_QUALITY) -> bytes:
    """All pages in one PDF, each one image as wide as its paper: JPEG inside, or CCITT group 4 for bilevel scans.

    The page tree comes last, so that a file cut short has no page at all.
    """
    objects: list[bytes] = []
    page_numbers: list[int] = []
    tree_number = 3 * len(scans) + 1
    for scan in scans:
        image = _pdf_image(scan, quality)
        width, height = (72 * side / scan.dpi for side in (scan.image.shape[1], scan.image.shape[0]))
        paint = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /Scan Do Q".encode()
        first = len(objects) + 1
        objects.append(image.as_object())
        objects.append(_stream(f"<< /Length {len(paint)} >>", paint))
        objects.append(
            f"<< /Type /Page /Parent {tree_number} 0 R /MediaBox [0 0 {width:.2f} {height:.2f}] "
            f"/Resources << /XObject << /Scan {first} 0 R >> >> /Contents {first + 1} 0 R >>".encode()
        )
        page_numbers.append(first + 2)
    kids = " ".join(f"{number} 0 R" for number in page_numbers)
    objects.append(f"<< /Type /Pages /Count {len(scans)} /Kids [{kids}] >>".encode())
    objects.append(f"<< /Type /Catalog /Pages {tree_number} 0 R >>".encode())
    return _pdf_file(objects)


@dataclass(frozen=True)
class _PdfImage:
    width: int
    height: int
    color_space: str
    bits: int
    filter: str
    content: bytes

    def as_object(self) -> bytes:
        return _stream(
            f"<< /Type /XObject /Subtype /Image /Width {self.width} /Height {self.height} "
            f"/ColorSpace /{self.color_space} /BitsPerComponent {self.bits} {self.filter} "
            f"/Length {len(self.content)} >>",
            self.content,
        )


def _pdf_image(scan: Scan, quality: int) -> _PdfImage:
    height, width = scan.image.shape[:2]
    picture = _picture(scan)
    if picture.mode == "1":
        parameters = f"/Filter /CCITTFaxDecode /DecodeParms << /K -1 /BlackIs1 true /Columns {width} /Rows {height} >>"
        return _PdfImage(width, height, "DeviceGray", 1, parameters, _group4(picture))
    space = "DeviceRGB" if picture.mode == "RGB" else "DeviceGray"
    return _PdfImage(width, height, space, 8, "/Filter /DCTDecode", jpeg_bytes(scan, quality))


def _group4(picture: Image.Image) -> bytes:
    """CCITT group 4 data of a bilevel picture: the one strip of a TIFF, whose black runs are Pillow's white ones."""
    content = _saved(picture, "TIFF", compression="group4", tiffinfo={_TIFF_ROWS_PER_STRIP: picture.height})
    with Image.open(io.BytesIO(content)) as tiff:
        (offset,), (length,) = tiff.tag_v2[_TIFF_STRIP_OFFSETS], tiff.tag_v2[_TIFF_STRIP_BYTES]  # type: ignore[attr-defined]
    return content[offset : offset + length]


def _stream(dictionary: str, content: bytes) -> bytes:
    return dictionary.encode() + b"\nstream\n" + content + b"\nendstream"


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    """Number the objects from 1, the last one being the catalog."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root {len(objects)} 0 R >>\n".encode()
    out += f"startxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _picture(scan: Scan) -> Image.Image:
    picture = Image.fromarray(scan.image)
    if scan.image.ndim == 2 and set(np.unique(scan.image)) <= {0, 255}:
        return picture.point(lambda level: level, mode="1")
    return picture


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
