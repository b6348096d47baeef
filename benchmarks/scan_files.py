"""Files as scanners write them, for measuring: PDFs of pages in every coding, each page with data of its own."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.jbig2 import jbig2_data
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from recognizer.readings import GrayImage

SAMPLES = Path(__file__).resolve().parent.parent / "sample_docs"
DPI = 300
A4_PX = (2480, 3508)
A4_POINTS = (595.2, 841.92)
JPEG_QUALITY = 75


def draw_page(number: int) -> GrayImage:
    """A filled-in A4 page as scanned: (3508, 2480) uint8, print, strokes and the grain of a sensor."""
    random = np.random.default_rng(number)
    width, height = A4_PX
    page = np.full((height, width), 250, np.uint8)
    for row in range(250, height - 200, 110):
        cv2.line(page, (200, row + 30), (width - 200, row + 30), 90, 2)
        text = "".join(random.choice(list("0123456789 ABCDEFGH"), 44))
        cv2.putText(page, text, (220, row), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 40, 3, cv2.LINE_AA)
    grain = random.normal(0, 1.0, (height // 4, width // 4)).astype(np.float32)
    rough = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(page + rough, 0, 255), np.uint8)


def jpeg_data(gray: GrayImage, dpi: int = DPI) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "JPEG", quality=JPEG_QUALITY, dpi=(dpi, dpi))
    return buffer.getvalue()


def sample_scans(name: str) -> list[GrayImage]:
    """The pages of one of the sample documents."""
    return [page.gray for page in open_pages(take_in(SAMPLES / "inbox" / name))]


def _jpeg(gray: GrayImage) -> tuple[str, bytes]:
    return "/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", jpeg_data(gray)


def _colour_jpeg(gray: GrayImage) -> tuple[str, bytes]:
    return "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", jpeg_data(np.dstack([gray, gray, gray]))


def _png(gray: GrayImage) -> tuple[str, bytes]:
    rgb = np.dstack([gray, gray, gray])
    rows = np.hstack([np.full((len(rgb), 1), 1, np.uint8), _sub_filtered(rgb)])
    width = gray.shape[1]
    coding = f"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors 3/BitsPerComponent 8/Columns {width}>>"
    return "/ColorSpace/DeviceRGB/BitsPerComponent 8" + coding, zlib.compress(rows.tobytes())


def _sub_filtered(rgb: np.ndarray) -> np.ndarray:
    """PNG filter 1: each sample less the one to its left."""
    left = np.roll(rgb, 1, axis=1)
    left[:, 0] = 0
    return (rgb - left).reshape(len(rgb), -1)


def _fax(gray: GrayImage) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    Image.fromarray(gray > 128).save(buffer, "TIFF", compression="group4", tiffinfo={278: gray.shape[0]})
    with Image.open(buffer) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
    height, width = gray.shape
    coding = f"/Filter/CCITTFaxDecode/DecodeParms<</K -1/BlackIs1 true/Columns {width}/Rows {height}>>"
    return "/ColorSpace/DeviceGray/BitsPerComponent 1" + coding, buffer.getvalue()[start : start + length]


def _jbig2(gray: GrayImage) -> tuple[str, bytes]:
    return "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode", jbig2_data(gray <= 128)


Coding = Callable[[GrayImage], tuple[str, bytes]]

CODINGS: dict[str, Coding] = {
    "JPEG, gray": _jpeg,
    "JPEG, colour": _colour_jpeg,
    "G4": _fax,
    "JBIG2": _jbig2,
    "PNG in PDF": _png,
}


def scanned_pdf(path: Path, pages: int, coding: Coding, scans: Sequence[GrayImage] | None = None) -> None:
    """Write a PDF with one picture a page; drawings repeat, data do not: each has its number behind its end.

    Args:
        scans: pages at `DPI` that take turns, (H, W) uint8; drawn ones when None.
    """
    shown = scans or [draw_page(number) for number in range(min(pages, 4))]
    coded = [(coding(gray), gray.shape) for gray in shown]
    _write(path, (_scan_objects(*coded[number % len(coded)], number) for number in range(pages)))


def vector_pdf(path: Path, pages: int) -> None:
    """Write a PDF of lines and text that is drawn, not scanned."""
    rows = [f"60 {y} m 540 {y} l S BT /F1 11 Tf 60 {y + 3} Td (0123456789 abc) Tj ET" for y in range(60, 800, 14)]
    _write(path, (_vector_objects("\n".join(rows)) for _ in range(pages)))


def _scan_objects(coded: tuple[str, bytes], shape: tuple[int, ...], number: int) -> list[bytes]:
    (dictionary, data), (height, width) = coded, shape
    own = data + b"\n%%%d" % number if "DCT" in dictionary else data
    picture = f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}{dictionary}/Length {len(own)}>>"
    paint = f"q {A4_POINTS[0]} 0 0 {A4_POINTS[1]} 0 0 cm /P Do Q".encode()
    return [_stream(picture, own), _stream(f"<</Length {len(paint)}>>", paint), b"/XObject<</P %d 0 R>>"]


def _vector_objects(drawing: str) -> list[bytes]:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return [font, _stream(f"<</Length {len(drawing)}>>", drawing.encode()), b"/Font<</F1 %d 0 R>>"]


def _stream(dictionary: str, data: bytes) -> bytes:
    return dictionary.encode() + b"\nstream\n" + data + b"\nendstream"


def _write(path: Path, pages: Iterator[list[bytes]]) -> None:
    """Write page after page; the tree and the catalog come last, so that nothing is held in memory."""
    offsets: list[int] = []
    kids: list[int] = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.5\n")

        def add(body: bytes) -> int:
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%s\nendobj\n" % (len(offsets) + 2, body))
            return len(offsets) + 2

        for first, drawing, resources in pages:
            used = add(first)
            content = add(drawing)
            box = b"[0 0 %g %g]" % A4_POINTS
            kids.append(
                add(
                    b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents %d 0 R/Resources<<%s>>>>"
                    % (box, content, resources % used)
                )
            )
        catalog = file.tell()
        file.write(b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
        tree = file.tell()
        children = b" ".join(b"%d 0 R" % kid for kid in kids)
        file.write(b"2 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (len(kids), children))
        table = file.tell()
        places = b"".join(b"%010d 00000 n \n" % place for place in [catalog, tree, *offsets])
        file.write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(offsets) + 3, places))
        file.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 3, table))
