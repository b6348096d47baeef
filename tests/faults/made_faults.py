"""Every fault a file may have, made by code: name, bytes, what it must lead to, and the limits that matter."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from pipeline.storage.limits import ScanLimits
from tests.storage import made_pdfs as made
from tests.storage.made_pdfs import PdfPage, Picture, pdf_bytes, sample_page, stream, written

GRAY = sample_page()
JPEG = made.jpeg_picture(GRAY)
A4 = (0.0, 0.0, 595.0, 842.0)

TIGHT = ScanLimits(max_pages=50, max_page_pixels=30_000_000, page_timeout_s=2, max_memory=1 << 30)
"""Limits under which every fault ends soon."""

UNHURRIED = replace(TIGHT, page_timeout_s=30)
"""For what can be read: on a busy machine it may wait for the processor."""


@dataclass(frozen=True)
class Fault:
    """`code` is that of the error, or `page` for what looks like a fault and does no harm; `|` parts alternatives."""

    name: str
    make: Callable[[], bytes] = field(repr=False)
    code: str
    limits: ScanLimits = TIGHT


def saved(file_format: str, gray: np.ndarray = GRAY, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, file_format, **options)
    return buffer.getvalue()


def tiff_of(pages: int, compression: str | None = "group4") -> bytes:
    sheets = [Image.fromarray(np.roll(GRAY, 9 * number, axis=0) > 127) for number in range(pages)]
    buffer = io.BytesIO()
    sheets[0].save(buffer, "TIFF", save_all=True, append_images=sheets[1:], compression=compression, dpi=(200, 200))
    return buffer.getvalue()


SOUND: dict[str, Callable[[], bytes]] = {
    "scanned PDF": lambda: pdf_bytes(PdfPage([JPEG]), PdfPage([JPEG])),
    "drawn PDF": lambda: pdf_bytes(PdfPage([JPEG], content="q 79.2 0 0 100.8 0 0 cm /P0 Do Q 9 9 20 20 re f")),
    "fax PDF": lambda: pdf_bytes(PdfPage([made.fax_picture(GRAY)])),
    "JPEG": lambda: made.jpeg_bytes(GRAY, dpi=(200, 200)),
    "PNG": lambda: saved("PNG", dpi=(200, 200)),
    "G4 TIFF of 3 pages": lambda: tiff_of(3),
    "LZW TIFF of 2 pages": lambda: tiff_of(2, "tiff_lzw"),
    "plain TIFF": lambda: saved("TIFF"),
    "BMP": lambda: saved("BMP"),
    "WebP": lambda: saved("WEBP", lossless=True),
    "GIF": lambda: saved("GIF"),
    "PNM": lambda: saved("PPM"),
}


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is this large, with the few bytes of data that a bomb needs."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes((width + 1) * min(height, 64)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def with_size(content: bytes, place: int, layout: str, *size: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(layout, changed, place, *size)
    return bytes(changed)


def giant_jpeg() -> bytes:
    content = made.jpeg_bytes(GRAY)
    return with_size(content, content.index(b"\xff\xc0") + 5, ">HH", 65_000, 65_000)


def stretched_tiff() -> bytes:
    """Pixels that are said to be so oblong that square ones would fill the memory."""
    return saved("TIFF", np.full((4000, 4000), 255, np.uint8), compression="tiff_lzw", dpi=(90, 2300))


def content_bomb(operators: bytes, times: int) -> bytes:
    """A page whose drawing is small as a file and endless at work."""
    data = zlib.compress(operators * times, 9)
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        stream(f"<</Filter/FlateDecode/Length {len(data)}>>", data),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R/Resources<<>>>>",
    ]
    return written(bodies)


def slow_page() -> bytes:
    """Minutes of full-page fills in a few kilobytes."""
    return content_bomb(b"0 0 595 842 re 9 9 m 590 20 l 3 830 l h f*\n", 200_000)


def slow_among_sound(slow: int, sound: int) -> bytes:
    """Pages that take for ever before and between sound ones: s S s S ... then the rest of the sound."""
    fills = b"0 0 595 842 re 9 9 m 590 20 l 3 830 l h f*\n" * 200_000
    bomb = PdfPage(content=fills.decode(), media_box=A4)
    pages = []
    for number in range(max(slow, sound)):
        pages += [bomb] * (number < slow) + [PdfPage([JPEG])] * (number < sound)
    return pdf_bytes(*pages)


def page_tree_in_a_circle() -> bytes:
    return written([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"])


def nested(depth: int) -> bytes:
    """Arrays within arrays in the dictionary of a page."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 79 100]/Resources<<>>/Deep " + b"[" * depth + b"]" * depth + b">>",
    ]
    return written(bodies)


def half_copied() -> bytes:
    content = pdf_bytes(PdfPage([JPEG]), PdfPage([JPEG]))
    half = len(content) // 2
    return content[:half] + bytes(len(content) - half)  # as copying programs leave it that set the length first


def zero_pages() -> bytes:
    return written([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"])


GIANT_PICTURE = Picture(50_000, 50_000, zlib.compress(bytes(1 << 16)), "/FlateDecode")

FAULTS = [
    Fault("empty PDF header", lambda: b"%PDF-1.7\n", "damaged_file"),
    Fault("half-copied PDF", half_copied, "damaged_file"),
    Fault("PDF without a page", zero_pages, "no_pages"),
    Fault("PDF that needs a password", lambda: made.encrypted_pdf(GRAY, b"secret"), "encrypted_pdf"),
    Fault("page tree in a circle", page_tree_in_a_circle, "damaged_file"),
    Fault("a thousand nested arrays", lambda: nested(1_000), "page", UNHURRIED),
    Fault("a million nested arrays", lambda: nested(1_000_000), "page", UNHURRIED),
    Fault("200,000 nested states", lambda: content_bomb(b"q\n", 200_000), "page", UNHURRIED),
    Fault("giant page", lambda: pdf_bytes(PdfPage(media_box=(0, 0, 20_000, 20_000))), "too_large"),
    Fault("giant picture on a page", lambda: pdf_bytes(PdfPage([GIANT_PICTURE])), "too_large"),
    Fault("too many pages", lambda: pdf_bytes(*[PdfPage([JPEG])] * 51), "too_large"),
    Fault("giant PNG", lambda: png_of(50_000, 50_000), "too_large"),
    Fault("giant JPEG", giant_jpeg, "too_large"),
    Fault("giant GIF", lambda: with_size(saved("GIF"), 6, "<HH", 65_000, 65_000), "too_large"),
    Fault("giant BMP", lambda: with_size(saved("BMP"), 18, "<ii", 50_000, 50_000), "too_large"),
    Fault("giant PNM", lambda: b"P5 50000 50000 255\n", "too_large"),
    Fault("oblong pixels", stretched_tiff, "page", UNHURRIED),
    Fault("TIFF of too many pages", lambda: tiff_of(51), "too_large"),
    Fault("HTML called PDF", lambda: b"<!doctype html><p>Your session has expired", "unsupported_type"),
    Fault("SVG", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
    Fault("ZIP", lambda: b"PK\x03\x04" + bytes(64), "unsupported_type"),
    Fault("nothing", lambda: b"", "empty_file"),
]

SLOW_FAULTS = [Fault("endless drawing", slow_page, "decoder_timeout")]

CRAMPED = replace(TIGHT, max_memory=400 << 20)
CRASHES = "too_much_memory|decoder_died"
"""pdfium ends its process where it gets no memory."""

HUNGRY_FAULTS = [
    Fault("picture in colour", lambda: big_png(5000), "too_much_memory", CRAMPED),
    Fault("picture in colour on a drawn page", lambda: drawn_in_colour(5000), CRASHES, CRAMPED),
]


def big_png(side: int) -> bytes:
    """White, in colour: a few kilobytes that take four bytes a pixel to read."""
    return saved("PNG", np.full((side, side, 3), 255, np.uint8), compress_level=1)


def drawn_in_colour(side: int) -> bytes:
    picture = Picture(side, side, zlib.compress(bytes([255]) * (3 * side * side), 1), "/FlateDecode", "/DeviceRGB")
    return pdf_bytes(PdfPage([picture], content="q 79.2 0 0 100.8 0 0 cm /P0 Do Q 9 9 20 20 re f"))
