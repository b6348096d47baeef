"""PDF files that are damaged, locked, empty or too large: each says so by name, and costs no more than itself."""

from __future__ import annotations

import contextlib
import dataclasses
import zlib

import numpy as np
import pytest

from pipeline.errors import (
    DamagedFileError,
    EncryptedPdfError,
    NoPagesError,
    SourceError,
    TooLargeError,
)
from pipeline.storage.limits import ScanLimits
from tests.storage import made_pdfs as made
from tests.storage.read_pdfs import FILL, JPEG, drawn, opened, read, read_one

__all__ = ["drawn"]


def with_damaged_jpeg(gray: np.ndarray, extra: str = "") -> made.Picture:
    sound = made.jpeg_picture(gray, extra)
    middle = len(sound.data) // 2
    return dataclasses.replace(sound, data=sound.data[:middle] + b"\0" * 200 + sound.data[middle + 200 :])


@pytest.mark.parametrize(
    "page",
    [
        made.PdfPage([with_damaged_jpeg(made.sample_page())]),
        made.PdfPage([with_damaged_jpeg(made.sample_page(), "/Decode[1 0]")]),
        made.PdfPage([with_damaged_jpeg(made.sample_page())], FILL + " 0 0 9 9 re f"),
        made.PdfPage([dataclasses.replace(JPEG, data=JPEG.data[: len(JPEG.data) // 2])]),
        made.PdfPage(
            [dataclasses.replace(JPEG, data=zlib.compress(JPEG.data[:-200]), filter="[/FlateDecode/DCTDecode]")]
        ),
    ],
    ids=["taken as it is", "remapped", "drawn", "truncated", "compressed again"],
)
def test_a_damaged_jpeg_in_a_page_is_an_error_not_a_wrecked_page(page: made.PdfPage) -> None:
    with pytest.raises(DamagedFileError, match="page 1 is a damaged JPEG") as caught:
        read(made.pdf_bytes(page))
    assert caught.value.page == 1


LOSSLESS_DAMAGED = {
    "gray": made.flate_picture(made.sample_page()),
    "colour": made.rgb_picture(made.sample_page()),
    "bilevel": made.bilevel_picture(made.sample_page()),
    "palette": made.palette_picture(made.sample_page()),
}


@pytest.mark.parametrize("extra_content", ["", " 0 0 9 9 re f"], ids=["taken as it is", "drawn"])
@pytest.mark.parametrize("picture", LOSSLESS_DAMAGED.values(), ids=LOSSLESS_DAMAGED.keys())
def test_a_lossless_picture_that_ends_too_early_is_an_error(picture: made.Picture, extra_content: str) -> None:
    half = dataclasses.replace(picture, data=picture.data[: len(picture.data) // 2])
    with pytest.raises(DamagedFileError, match="page 1 is damaged: the data of a picture end too early"):
        read(made.pdf_bytes(made.PdfPage([half], FILL + extra_content)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_pictures_of_few_bits_are_complete_as_they_are(bits: int) -> None:
    levels = (made.sample_page(333, 420) >> (8 - bits)).astype(np.uint8)
    planes = np.unpackbits(levels[:, :, None], axis=2)[:, :, 8 - bits :]
    data = zlib.compress(np.packbits(planes.reshape(420, -1), axis=1).tobytes())
    for space in ("/DeviceGray", f"[/Indexed/DeviceGray {2**bits - 1}<{bytes(range(0, 256, 256 >> bits)).hex()}>]"):
        picture = made.Picture(333, 420, data, "/FlateDecode", space=space, bits=bits)
        assert read_one(made.pdf_bytes(made.PdfPage([picture]))).gray.shape[1] == 333


def test_a_damaged_page_costs_only_itself() -> None:
    sound = made.PdfPage([JPEG])
    damaged = made.PdfPage([with_damaged_jpeg(made.sample_page())])
    content = made.pdf_bytes(sound, damaged, sound)
    reader = opened(content)
    assert reader.page_count == 3
    assert reader.read(1).number == 1
    with pytest.raises(DamagedFileError):
        reader.read(2)
    assert reader.read(3).number == 3


def test_a_pdf_truncated_anywhere_is_damaged() -> None:
    content = made.pdf_bytes(*[made.PdfPage([JPEG])] * 2)
    for length in range(8, len(content) - 40, 97):
        with pytest.raises(DamagedFileError):
            read(content[:length])


def test_a_half_copied_pdf_whose_catalog_comes_first_is_damaged() -> None:
    content = made.pdf_bytes(*[made.PdfPage([JPEG])] * 2)
    half = len(content) // 2
    with pytest.raises(DamagedFileError, match="truncated"):
        read(content[:half] + b"\0" * (len(content) - half))


def test_junk_before_the_header_does_no_harm() -> None:
    content = made.pdf_bytes(made.PdfPage([JPEG]))
    assert read_one(b"X-Mail: 1\r\n" * 60 + content).gray.shape == (420, 330)


def test_a_pdf_that_needs_a_password_says_so() -> None:
    with pytest.raises(EncryptedPdfError, match="password"):
        read(made.encrypted_pdf(made.sample_page(), user_password=b"secret"))


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    gray = made.sample_page()
    page = read_one(made.encrypted_pdf(gray, user_password=b""))
    assert np.abs(page.gray.astype(int) - gray).mean() < 5


def test_a_pdf_without_a_page_says_so() -> None:
    with pytest.raises(EncryptedPdfError):
        read(made.encrypted_pdf(made.sample_page(), user_password=b"secret"))
    with pytest.raises(NoPagesError):  # and not what pdfium remembers of the file before
        read(made.pdf_bytes())


@pytest.mark.parametrize(
    ("page", "limits"),
    [
        (made.PdfPage(media_box=(0, 0, 20_000, 20_000)), ScanLimits()),
        (
            made.PdfPage([dataclasses.replace(made.bilevel_picture(made.sample_page()), width=50_000, height=50_000)]),
            ScanLimits(),
        ),
        (
            made.PdfPage(
                [dataclasses.replace(made.bilevel_picture(made.sample_page()), width=50_000, height=50_000)],
                FILL + " 0 0 9 9 re f",
            ),
            ScanLimits(),
        ),
        (made.PdfPage([JPEG]), ScanLimits(max_page_pixels=330 * 420 - 1)),
    ],
    ids=["giant page", "giant picture", "giant picture among others", "one pixel over"],
)
def test_a_page_of_too_many_pixels_is_refused_before_it_is_decoded(page: made.PdfPage, limits: ScanLimits) -> None:
    with pytest.raises(TooLargeError, match="max_page_pixels") as caught:
        read(made.pdf_bytes(page), limits)
    assert caught.value.page == 1


def test_a_pdf_of_too_many_pages_is_refused() -> None:
    content = made.pdf_bytes(*[made.PdfPage()] * 4)
    with pytest.raises(TooLargeError, match="has more than 3 pages"):
        read(content, ScanLimits(max_pages=3))


@pytest.mark.parametrize("seed", range(60))
def test_a_mutated_pdf_is_read_or_refused_by_name(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(made.pdf_bytes(*[made.PdfPage([JPEG], FILL + " 0 0 9 9 re f")] * 2))
    for place in rng.integers(0, len(content), 12):
        content[place] = rng.integers(0, 256)
    with contextlib.suppress(SourceError):
        assert read(bytes(content))
