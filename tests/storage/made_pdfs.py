"""Small PDFs built byte by byte, with exactly the pages, pictures and faults a test asks for."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """An image XObject: its data under its filter, and the rest of its dictionary."""

    width: int
    height: int
    data: bytes
    filter: str
    space: str = "/DeviceGray"
    bits: int = 8
    extra: str = ""

    def as_object(self) -> bytes:
        dictionary = (
            f"<</Type/XObject/Subtype/Image/Width {self.width}/Height {self.height}/ColorSpace {self.space}"
            f"/BitsPerComponent {self.bits}/Filter {self.filter}{self.extra}/Length {len(self.data)}>>"
        )
        return stream(dictionary, self.data)


def stream(dictionary: str, data: bytes) -> bytes:
    return dictionary.encode() + b"\nstream\n" + data + b"\nendstream"


def sample_page(width: int = 330, height: int = 420) -> Gray:
    """A page without any symmetry: a shape that differs in every turn and mirror image."""
    page = np.full((height, width), 250, np.uint8)
    page[height // 10 : height // 6, width // 10 : width * 3 // 4] = 20
    page[height // 10 : height * 2 // 3, width // 10 : width // 6] = 20
    page[height * 4 // 5 :, width * 3 // 5 : width * 4 // 5] = 110
    page[height // 2 : height // 2 + 9 : 3, width // 2 :] = 70
    return page


def jpeg_bytes(image: Gray, quality: int = 92, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def jpeg_picture(gray: Gray, extra: str = "") -> Picture:
    return Picture(gray.shape[1], gray.shape[0], jpeg_bytes(gray), "/DCTDecode", extra=extra)


def rgb_jpeg_picture(gray: Gray) -> Picture:
    data = jpeg_bytes(np.dstack([gray, gray, gray]))
    return Picture(gray.shape[1], gray.shape[0], data, "/DCTDecode", space="/DeviceRGB")


def flate_picture(gray: Gray, extra: str = "") -> Picture:
    return Picture(gray.shape[1], gray.shape[0], zlib.compress(gray.tobytes()), "/FlateDecode", extra=extra)


def rgb_picture(gray: Gray) -> Picture:
    data = zlib.compress(np.dstack([gray, gray, gray]).tobytes())
    return Picture(gray.shape[1], gray.shape[0], data, "/FlateDecode", space="/DeviceRGB")


def bilevel_picture(gray: Gray, extra: str = "") -> Picture:
    bits = np.packbits(gray > 127, axis=1)
    return Picture(gray.shape[1], gray.shape[0], zlib.compress(bits.tobytes()), "/FlateDecode", bits=1, extra=extra)


def palette_picture(gray: Gray) -> Picture:
    """Indices run against brightness, so that whoever takes them for gray gets a negative."""
    palette = "".join(f"{255 - i:02x}" * 3 for i in range(256))
    data = zlib.compress((255 - gray).tobytes())
    space = f"[/Indexed/DeviceRGB 255<{palette}>]"
    return Picture(gray.shape[1], gray.shape[0], data, "/FlateDecode", space=space)


def fax_picture(gray: Gray) -> Picture:
    """CCITT group 4, the data taken out of a TIFF."""
    buffer = io.BytesIO()
    Image.fromarray(gray > 127).save(buffer, "TIFF", compression="group4", tiffinfo={278: gray.shape[0]})
    with Image.open(buffer) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
        black_is_one = "true" if tiff.tag_v2[262] == 1 else "false"
    data = buffer.getvalue()[start : start + length]
    height, width = gray.shape
    parameters = f"/DecodeParms<</K -1/Columns {width}/Rows {height}/BlackIs1 {black_is_one}>>"
    return Picture(width, height, data, "/CCITTFaxDecode", bits=1, extra=parameters)


@dataclass(frozen=True)
class PdfPage:
    """A page and the pictures that its content names `/P0`, `/P1` ...; by default one picture filling it."""

    pictures: Sequence[Picture] = ()
    content: str | None = None
    media_box: tuple[float, float, float, float] = (0, 0, 79.2, 100.8)
    extra: str = ""

    def drawing(self) -> str:
        if self.content is not None:
            return self.content
        left, bottom, right, top = self.media_box
        return filling(right - left, 0, 0, top - bottom, left, bottom) if self.pictures else ""


def filling(*matrix: float) -> str:
    return f"q {' '.join(f'{value:g}' for value in matrix)} cm /P0 Do Q"


def pdf_bytes(*pages: PdfPage, resources: str = "", objects: Sequence[bytes] = ()) -> bytes:
    """A PDF of these pages; `objects` are added with numbers from 3 on, `resources` go to every page."""
    bodies: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b"", *objects]
    kids = []
    for page in pages:
        names = []
        for index, picture in enumerate(page.pictures):
            bodies.append(picture.as_object())
            names.append(f"/P{index} {len(bodies)} 0 R")
        drawing = page.drawing().encode()
        bodies.append(stream(f"<</Length {len(drawing)}>>", drawing))
        box = " ".join(f"{side:g}" for side in page.media_box)
        bodies.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {len(bodies)} 0 R"
            f"/Resources<</XObject<<{''.join(names)}>>{resources}>>{page.extra}>>".encode()
        )
        kids.append(f"{len(bodies)} 0 R")
    bodies[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    return written(bodies)


def written(bodies: Sequence[bytes], trailer: str = "", header: bytes = b"%PDF-1.5\n") -> bytes:
    """Objects 1, 2, ... with their cross-reference table; the first is the catalog."""
    out, places = bytearray(header), []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(bodies) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n"
    return bytes(out) + end.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


# --- encryption: the standard security handler, revision 2, RC4 with 40 bits (PDF 1.7 reference, 3.5) -------------


def encrypted_pdf(gray: Gray, user_password: bytes, owner_password: bytes = b"owner") -> bytes:
    """One page; opens without asking when the user password is empty."""
    height, width = gray.shape
    permissions, file_id = -44, b"0123456789abcdef"
    owner_entry = _rc4(hashlib.md5(_padded(owner_password)).digest()[:5], _padded(user_password))
    material = _padded(user_password) + owner_entry + struct.pack("<i", permissions) + file_id
    key = hashlib.md5(material).digest()[:5]
    user_entry = _rc4(key, _PADDING)

    def sealed(number: int, data: bytes) -> bytes:
        return _rc4(hashlib.md5(key + struct.pack("<I", number)[:3] + b"\0\0").digest()[:10], data)

    picture = Picture(width, height, sealed(3, jpeg_bytes(gray)), "/DCTDecode")
    drawing = sealed(4, filling(79.2, 0, 0, 100.8, 0, 0).encode())
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[5 0 R]/Count 1>>",
        picture.as_object(),
        stream(f"<</Length {len(drawing)}>>", drawing),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 79.2 100.8]/Contents 4 0 R/Resources<</XObject<</P0 3 0 R>>>>>>",
        f"<</Filter/Standard/V 1/R 2/P {permissions}/O<{owner_entry.hex()}>/U<{user_entry.hex()}>>>".encode(),
    ]
    return written(bodies, trailer=f"/Encrypt 6 0 R/ID[<{file_id.hex()}><{file_id.hex()}>]")


_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
