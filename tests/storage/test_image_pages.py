from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from pipeline.document import Page
from pipeline.errors import DamagedFileError, NoPagesError, SourceError, TooLargeError, UnsupportedTypeError
from pipeline.storage.decoding import PageReader, open_reader
from pipeline.storage.intake import media_type_of
from pipeline.storage.limits import ScanLimits
from tests.storage.made_pdfs import jpeg_bytes, sample_page

SAMPLE = sample_page(60, 84)


def read(content: bytes, limits: ScanLimits = ScanLimits()) -> list[Page]:
    with closing(opened(content, limits)) as reader:
        return [reader.read(number) for number in range(1, reader.page_count + 1)]


def opened(content: bytes, limits: ScanLimits = ScanLimits()) -> PageReader:
    return open_reader(media_type_of(content), content, limits)


def read_one(content: bytes, limits: ScanLimits = ScanLimits()) -> Page:
    (page,) = read(content, limits)
    return page


def saved(image: Image.Image | np.ndarray, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def tiff_of(count: int, mode: str = "L", **options: object) -> bytes:
    pages = [Image.fromarray(sample_page(60, 84 + n)).convert(mode) for n in range(count)]
    return saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], **options)


def plain_tiff(gray: np.ndarray, order: str = ">", photometric: int = 1) -> bytes:
    """Written by hand: Pillow writes in the order of the machine, and black is zero. `photometric` 0 is the other."""
    height, width = gray.shape
    bits = gray.dtype.itemsize * 8
    data = gray.astype(f"{order}u{gray.dtype.itemsize}").tobytes()
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1), (278, height)]
    tags.append((279, len(data)))
    entries = b"".join(struct.pack(order + "HHLL", tag, 4, 1, value) for tag, value in tags)
    header = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "L", 8 + len(data))
    return header + data + struct.pack(order + "H", len(tags)) + entries + b"\0\0\0\0"


def transparent_sample() -> Image.Image:
    """Ink in black; paper black as well, but transparent."""
    alpha = np.where(SAMPLE < 128, 255, 0).astype(np.uint8)
    return Image.fromarray(np.dstack([np.zeros_like(SAMPLE)] * 3 + [alpha]))


INK_ONLY = np.where(SAMPLE < 128, 0, 255).astype(np.uint8)
RGB = Image.fromarray(np.dstack([SAMPLE] * 3))
SIXTEEN = SAMPLE.astype(np.uint16) * 257

LOSSLESS: dict[str, tuple[bytes, np.ndarray]] = {
    "PNG gray": (saved(SAMPLE, "PNG"), SAMPLE),
    "PNG colour": (saved(RGB, "PNG"), SAMPLE),
    "PNG of one bit": (saved(Image.fromarray(INK_ONLY).convert("1"), "PNG"), INK_ONLY),
    "PNG of 16 bits": (saved(SIXTEEN, "PNG"), SAMPLE),
    "PNG of 12 bits in 16": (saved(SAMPLE.astype(np.uint16) * 16, "PNG"), SAMPLE),
    "PNG palette": (saved(RGB.quantize(256), "PNG"), SAMPLE),
    "PNG transparent": (saved(transparent_sample(), "PNG"), INK_ONLY),
    "PNG gray and transparent": (saved(transparent_sample().convert("LA"), "PNG"), INK_ONLY),
    "PNG with a transparent colour": (saved(Image.fromarray(INK_ONLY), "PNG", transparency=255), INK_ONLY),
    "BMP": (saved(SAMPLE, "BMP"), SAMPLE),
    "BMP colour": (saved(RGB, "BMP"), SAMPLE),
    "WebP": (saved(RGB, "WEBP", lossless=True), SAMPLE),
    "WebP transparent": (saved(transparent_sample(), "WEBP", lossless=True, exact=True), INK_ONLY),
    "GIF": (saved(SAMPLE, "GIF"), SAMPLE),
    "PGM": (saved(SAMPLE, "PPM"), SAMPLE),
    "PPM": (saved(RGB, "PPM"), SAMPLE),
    "PGM of 16 bits": (b"P5 60 84 65535\n" + SIXTEEN.astype(">u2").tobytes(), SAMPLE),
    "TIFF": (saved(SAMPLE, "TIFF"), SAMPLE),
    "TIFF LZW": (saved(SAMPLE, "TIFF", compression="tiff_lzw"), SAMPLE),
    "TIFF Deflate": (saved(SAMPLE, "TIFF", compression="tiff_adobe_deflate"), SAMPLE),
    "TIFF PackBits": (saved(SAMPLE, "TIFF", compression="packbits"), SAMPLE),
    "TIFF G3": (saved(Image.fromarray(INK_ONLY).convert("1"), "TIFF", compression="group3"), INK_ONLY),
    "TIFF G4": (saved(Image.fromarray(INK_ONLY).convert("1"), "TIFF", compression="group4"), INK_ONLY),
    "TIFF of 16 bits": (saved(SIXTEEN, "TIFF"), SAMPLE),
    "TIFF colour": (saved(RGB, "TIFF"), SAMPLE),
    "TIFF transparent": (saved(transparent_sample(), "TIFF"), INK_ONLY),
    "TIFF palette": (saved(RGB.quantize(256), "TIFF"), SAMPLE),
    "TIFF big-endian": (plain_tiff(SAMPLE), SAMPLE),
    "TIFF white is zero": (plain_tiff(255 - SAMPLE, photometric=0), SAMPLE),
    "TIFF of 16 bits, big-endian": (plain_tiff(SIXTEEN), SAMPLE),
    "TIFF of 16 bits, white is zero": (plain_tiff(65535 - SIXTEEN, "<", photometric=0), SAMPLE),
    "BigTIFF": (saved(SAMPLE, "TIFF", big_tiff=True), SAMPLE),
}


@pytest.mark.parametrize(("content", "expected"), LOSSLESS.values(), ids=LOSSLESS.keys())
def test_every_lossless_format_gives_dark_ink_on_white_paper(content: bytes, expected: np.ndarray) -> None:
    page = read_one(content)
    assert page.gray.dtype == np.uint8
    np.testing.assert_allclose(page.gray.astype(int), expected.astype(int), atol=1)


LOSSY = {
    "JPEG": jpeg_bytes(SAMPLE),
    "JPEG colour": jpeg_bytes(np.dstack([SAMPLE] * 3)),
    "JPEG progressive": jpeg_bytes(SAMPLE, progressive=True),
    "JPEG in CMYK": saved(RGB.convert("CMYK"), "JPEG", quality=92),
    "TIFF JPEG": saved(SAMPLE, "TIFF", compression="jpeg", quality=92),
    "TIFF in CMYK": saved(RGB.convert("CMYK"), "TIFF"),
}


@pytest.mark.parametrize("content", LOSSY.values(), ids=LOSSY.keys())
def test_every_lossy_format_gives_dark_ink_on_white_paper(content: bytes) -> None:
    assert np.abs(read_one(content).gray.astype(int) - SAMPLE).mean() < 6


TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).T,
    8: lambda a: np.rot90(a, -1),
}
"""How a camera that is held so stores an upright scene."""


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_exif_turn_is_applied_once(file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if file_format == "WEBP" else {"quality": 95} if file_format == "JPEG" else {}
    stored = np.ascontiguousarray(TURNS[orientation](SAMPLE))
    page = read_one(saved(stored, file_format, exif=exif, **options))
    assert page.gray.shape == SAMPLE.shape
    assert np.abs(page.gray.astype(int) - SAMPLE).mean() < 6


@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw"])
def test_a_turned_tiff_is_turned_once_whatever_its_compression(compression: str | None) -> None:
    stored = Image.fromarray(np.ascontiguousarray(TURNS[6](INK_ONLY))).convert("1")
    page = read_one(saved(stored, "TIFF", compression=compression, tiffinfo={274: 6}))
    np.testing.assert_array_equal(page.gray, INK_ONLY)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_the_resolution_comes_from_the_header(file_format: str) -> None:
    page = read_one(saved(SAMPLE, file_format, dpi=(200, 200)))
    assert page.dpi == pytest.approx(200, abs=0.1)
    assert not page.is_dpi_doubtful


@pytest.mark.parametrize("options", [{}, {"dpi": (72, 72)}, {"dpi": (96, 96)}, {"dpi": (1, 1)}], ids=str)
def test_a_resolution_that_is_absent_or_a_screens_is_doubtful(options: dict[str, tuple[int, int]]) -> None:
    assert read_one(saved(SAMPLE, "PNG", **options)).is_dpi_doubtful


def test_a_fax_gets_square_pixels_before_it_is_turned() -> None:
    stored = np.ascontiguousarray(TURNS[6](SAMPLE))[::2]
    exif = Image.Exif()
    exif[0x0112] = 6
    page = read_one(saved(stored, "TIFF", dpi=(204, 102), exif=exif))
    assert page.gray.shape == SAMPLE.shape
    assert page.dpi == pytest.approx(204)


@pytest.mark.parametrize("compression", [None, "group4", "group3", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_gives_all_its_pages_in_order(compression: str | None) -> None:
    pages = read(tiff_of(5, compression=compression, mode="1"))
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.gray.shape for page in pages] == [(84 + n, 60) for n in range(5)]


# --- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_truncated_tiff_is_never_a_shorter_one(compression: str | None) -> None:
    content = tiff_of(3, compression=compression, mode="1")
    for length in range(4, len(content) - 4, 41):
        with pytest.raises(DamagedFileError):
            read(content[:length])


NOISE = np.random.default_rng(3).integers(0, 256, (84, 60), dtype=np.uint8)
"""Does not compress: every cut takes pixels."""

TRUNCATED = {
    "JPEG": jpeg_bytes(NOISE),
    "JPEG progressive": jpeg_bytes(NOISE, progressive=True),
    "PNG": saved(NOISE, "PNG"),
    "BMP": saved(NOISE, "BMP"),
    "WebP": saved(NOISE, "WEBP"),
    "GIF": saved(NOISE, "GIF"),
    "PGM": saved(NOISE, "PPM"),
    "TIFF": saved(NOISE, "TIFF"),
}


@pytest.mark.parametrize("content", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_a_truncated_picture_is_damaged(content: bytes) -> None:
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        with pytest.raises(DamagedFileError):
            read(content[: int(len(content) * share)])


@pytest.mark.parametrize("kind", ["baseline", "progressive"])
@pytest.mark.parametrize("count", [1, 7, 8, 16])
def test_zeros_that_fill_a_jpeg_up_to_a_word_are_no_damage(count: int, kind: str) -> None:
    sound = jpeg_bytes(NOISE, progressive=kind == "progressive")
    padded = sound[:-2] + bytes(count) + sound[-2:]
    np.testing.assert_array_equal(read_one(padded).gray, read_one(sound).gray)


@pytest.mark.parametrize("filling", [bytes(60), b"\x55" * 9, b"\x55" * 9 + bytes(9)], ids=["block", "data", "both"])
def test_what_else_is_left_over_before_the_end_of_a_jpeg_is_damage(filling: bytes) -> None:
    sound = jpeg_bytes(NOISE)
    with pytest.raises(DamagedFileError, match="extraneous bytes"):
        read_one(sound[:-2] + filling + sound[-2:])


def test_a_jpeg_damaged_in_the_middle_is_damaged() -> None:
    content = bytearray(jpeg_bytes(sample_page()))
    middle = len(content) // 2
    content[middle : middle + 200] = b"\x55" * 200
    with pytest.raises(DamagedFileError, match="page 1 is a damaged JPEG"):
        read(bytes(content))


def test_a_png_with_a_flipped_bit_is_damaged() -> None:
    content = bytearray(saved(sample_page(), "PNG"))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(DamagedFileError):
        read(bytes(content))


def test_a_damaged_tiff_page_costs_only_itself() -> None:
    content = bytearray(tiff_of(3, compression="tiff_adobe_deflate"))
    with Image.open(io.BytesIO(content)) as tiff:
        tiff.seek(1)
        start = tiff.tag_v2[273][0]
    content[start : start + 8] = b"\xff" * 8
    reader = opened(bytes(content))
    assert reader.read(1).number == 1
    with pytest.raises(DamagedFileError) as caught:
        reader.read(2)
    assert caught.value.page == 2
    assert reader.read(3).number == 3


def test_a_tiff_whose_pages_lie_beyond_any_memory_is_truncated() -> None:
    content = bytearray(saved(SAMPLE, "TIFF", big_tiff=True))
    struct.pack_into("<Q", content, 8, 1 << 63)
    with pytest.raises(DamagedFileError, match="truncated"):
        opened(bytes(content))


def test_a_tiff_whose_pages_run_in_a_circle_is_damaged() -> None:
    content = bytearray(saved(SAMPLE, "TIFF"))
    (directory,) = struct.unpack_from("<L", content, 4)
    (entries,) = struct.unpack_from("<H", content, directory)
    struct.pack_into("<L", content, directory + 2 + 12 * entries, directory)
    with pytest.raises(DamagedFileError, match="circle"):
        read(bytes(content))


def test_a_tiff_without_a_page_says_so() -> None:
    with pytest.raises(NoPagesError):
        read(b"II*\0\0\0\0\0" + b"\0" * 64)


def test_floating_point_samples_are_refused() -> None:
    with pytest.raises(UnsupportedTypeError, match="8 bits"):
        read(saved(SAMPLE.astype(np.float32) / 255, "TIFF"))


def png_claiming(width: int, height: int, bits: int = 1, kind: int = 0) -> bytes:
    """A few hundred bytes that unpack to gigabytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


BOMBS = {
    "PNG 50,000 x 50,000": png_claiming(50_000, 50_000),
    "PNG 14,000 x 14,000 in colour": png_claiming(14_000, 14_000, bits=8, kind=2),
    "PNG 12,000 x 9,000": png_claiming(12_000, 9_000),
    "PNG as wide as can be": png_claiming(2**31 - 1, 1),
    "PGM": b"P5 60000 60000 255\n" + b"\0" * 99,
    "BMP": b"BM" + struct.pack("<LLLLllHHLLllLL", 0, 0, 54, 40, 50_000, 50_000, 1, 8, 0, 0, 0, 0, 0, 0) + b"\0" * 2000,
    "JPEG": jpeg_bytes(SAMPLE).replace(struct.pack(">HH", 84, 60), struct.pack(">HH", 65_000, 65_000), 1),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(content: bytes) -> None:
    with pytest.raises(TooLargeError, match="pixels"):
        read(content)


def test_a_tiff_of_too_many_pages_is_refused() -> None:
    with pytest.raises(TooLargeError, match="has more than 3 pages"):
        read(tiff_of(4), ScanLimits(max_pages=3))


@pytest.mark.parametrize("content", [*TRUNCATED.values(), tiff_of(3)], ids=[*TRUNCATED.keys(), "TIFF of 3 pages"])
def test_mutated_pictures_are_read_or_refused_by_name(content: bytes) -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        mutated = bytearray(content)
        for place in rng.integers(0, min(len(content), 400), 4):
            mutated[place] = rng.integers(0, 256)
        with contextlib.suppress(SourceError):
            assert read(bytes(mutated), ScanLimits(max_page_pixels=1_000_000))
