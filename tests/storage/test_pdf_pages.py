from __future__ import annotations

import contextlib
import dataclasses
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

import cv2
import numpy as np
import pypdfium2
import pytest

from pipeline.document import MediaType, Page
from pipeline.errors import (
    DamagedFileError,
    EncryptedPdfError,
    NoPagesError,
    SourceError,
    TooLargeError,
)
from pipeline.storage import pdf_pages, pdfium
from pipeline.storage.decoding import PageReader, open_reader
from pipeline.storage.limits import ScanLimits
from tests.storage import made_pdfs as made

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")


def read(content: bytes, limits: ScanLimits = ScanLimits()) -> list[Page]:
    with closing(opened(content, limits)) as reader:
        return [reader.read(number) for number in range(1, reader.page_count + 1)]


def opened(content: bytes, limits: ScanLimits = ScanLimits()) -> PageReader:
    return open_reader(MediaType.PDF, content, limits)


def read_one(content: bytes, limits: ScanLimits = ScanLimits()) -> Page:
    (page,) = read(content, limits)
    return page


def shown_by_pdfium(content: bytes, size: tuple[int, int]) -> np.ndarray:
    """What a viewer shows, scaled to (height, width)."""
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    shown = np.array(page.render(scale=4, grayscale=True).to_numpy())
    page.close()
    document.close()
    return cv2.resize(shown, (size[1], size[0]), interpolation=cv2.INTER_AREA)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Numbers of the pages that were drawn instead of being taken as they are."""
    numbers: list[int] = []
    draw = pdfium.PdfiumPages._draw

    def noted(self: pdfium.PdfiumPages, page: pypdfium2.PdfPage, number: int) -> Page:
        numbers.append(number)
        return draw(self, page, number)

    monkeypatch.setattr(pdfium.PdfiumPages, "_draw", noted)
    return numbers


ENCODINGS: dict[str, Callable[[np.ndarray], made.Picture]] = {
    "jpeg": made.jpeg_picture,
    "colour jpeg": made.rgb_jpeg_picture,
    "negative jpeg by Decode": lambda gray: made.jpeg_picture(255 - gray, extra="/Decode[1 0]"),
    "flate": made.flate_picture,
    "colour flate": made.rgb_picture,
    "bilevel": made.bilevel_picture,
    "negative bilevel by Decode": lambda gray: made.bilevel_picture(255 - gray, extra="/Decode[1 0]"),
    "palette": made.palette_picture,
    "fax": made.fax_picture,
}

W, H = 79.2, 100.8
MATRICES = {
    "plain": (W, 0, 0, H, 0, 0),
    "left to right": (-W, 0, 0, H, W, 0),
    "upside down mirrored": (W, 0, 0, -H, 0, H),
    "half turn": (-W, 0, 0, -H, W, H),
}
TURNED_MATRICES = {
    "quarter turn left": (0, W, -H, 0, H, 0),
    "quarter turn right": (0, -W, H, 0, 0, W),
    "transposed": (0, W, H, 0, 0, 0),
    "transposed the other way": (0, -W, -H, 0, H, W),
}
PLACEMENTS = [
    *((name, matrix, (0.0, 0.0, W, H)) for name, matrix in MATRICES.items()),
    *((name, matrix, (0.0, 0.0, H, W)) for name, matrix in TURNED_MATRICES.items()),
]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(("matrix", "box"), [p[1:] for p in PLACEMENTS], ids=[p[0] for p in PLACEMENTS])
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_scanned_page_is_taken_pixel_by_pixel_as_a_viewer_shows_it(
    encode: Callable[[np.ndarray], made.Picture],
    matrix: tuple[float, ...],
    box: tuple[float, float, float, float],
    turn: int,
    drawn: list[int],
) -> None:
    # Pictures of a matrix that turns them are as wide as the page is high.
    gray = made.sample_page()
    page = made.PdfPage([encode(gray)], made.filling(*matrix), box, f"/Rotate {turn}")
    content = made.pdf_bytes(page)
    read_page = read_one(content)
    is_across = (matrix[0] == 0) != (turn in (90, 270))
    assert read_page.gray.shape == (gray.shape[::-1] if is_across else gray.shape)
    assert read_page.dpi == pytest.approx(300, abs=0.5)
    assert not read_page.is_dpi_doubtful
    assert drawn == []
    difference = np.abs(shown_by_pdfium(content, read_page.gray.shape).astype(int) - read_page.gray)
    assert difference.mean() < 3


def test_the_pixels_of_a_lossless_scan_are_exactly_those_of_the_file() -> None:
    gray = made.sample_page()
    np.testing.assert_array_equal(read_one(made.pdf_bytes(made.PdfPage([made.flate_picture(gray)]))).gray, gray)


def _form_with(picture: made.Picture) -> bytes:
    """The picture inside a form XObject, number 3; the picture is number 4."""
    drawing = made.filling(W, 0, 0, H, 0, 0).encode()
    form = made.stream(
        f"<</Type/XObject/Subtype/Form/BBox[0 0 {W} {H}]/Resources<</XObject<</P0 4 0 R>>>>/Length {len(drawing)}>>",
        drawing,
    )
    page = made.PdfPage(content="/F Do", extra="/Resources<</XObject<</F 3 0 R>>>>")
    return made.pdf_bytes(page, objects=[form, picture.as_object()]).replace(b"/Resources<</XObject<<>>>>", b"")


FILL = made.filling(W, 0, 0, H, 0, 0)
JPEG = made.jpeg_picture(made.sample_page())
MASK = made.Picture(8, 8, zlib.compress(bytes([0] * 32 + [255] * 32)), "/FlateDecode")
FONT = "/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"

NOT_JUST_A_PICTURE = {
    "visible text": made.pdf_bytes(made.PdfPage([JPEG], FILL + " BT /F1 20 Tf 10 20 Td (77) Tj ET"), resources=FONT),
    "a filled box over it": made.pdf_bytes(made.PdfPage([JPEG], FILL + " 1 g 10 10 40 40 re f")),
    "a clip": made.pdf_bytes(made.PdfPage([JPEG], f"q 0 0 40 {H} re W n {FILL} Q")),
    "two pictures": made.pdf_bytes(made.PdfPage([JPEG, JPEG], FILL + " q 30 0 0 30 40 10 cm /P1 Do Q")),
    "half the page": made.pdf_bytes(made.PdfPage([JPEG], made.filling(W / 2, 0, 0, H, 0, 0))),
    "cropped by the page": made.pdf_bytes(made.PdfPage([JPEG], made.filling(2 * W, 0, 0, H, 0, 0))),
    "skewed": made.pdf_bytes(made.PdfPage([JPEG], made.filling(W, 3, -3, H, 0, 0))),
    "a soft mask": made.pdf_bytes(
        made.PdfPage([made.jpeg_picture(made.sample_page(), "/SMask 3 0 R")]), objects=[MASK.as_object()]
    ),
    "a soft mask with its name in hexadecimal": made.pdf_bytes(
        made.PdfPage([made.jpeg_picture(made.sample_page(), "/S#4dask 3 0 R")]), objects=[MASK.as_object()]
    ),
    "a colour key mask": made.pdf_bytes(made.PdfPage([made.flate_picture(made.sample_page(), "/Mask[20 20]")])),
    "a stencil": made.pdf_bytes(
        made.PdfPage(
            [dataclasses.replace(made.bilevel_picture(made.sample_page(), "/ImageMask true"), space="null")],
            "0.5 g " + FILL,
        )
    ),
    "half transparent": made.pdf_bytes(made.PdfPage([JPEG], "/G gs " + FILL), resources="/ExtGState<</G<</ca 0.5>>>>"),
    "in a form": _form_with(JPEG),
    "content that may be switched off": made.pdf_bytes(
        made.PdfPage([JPEG], f"/OC /L BDC {FILL} EMC"), resources="/Properties<</L<</Type/OCG/Name(l)>>>>"
    ),
    "an inline picture": made.pdf_bytes(
        made.PdfPage(content=f"q {W} 0 0 {H} 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 /D [1 0] ID \x10\x70\x70\x10 EI Q")
    ),
    "an annotation": made.pdf_bytes(
        made.PdfPage([JPEG], extra="/Annots[<</Type/Annot/Subtype/Square/Rect[10 10 60 60]/C[0 0 0]>>]")
    ),
    "nothing at all": made.pdf_bytes(made.PdfPage()),
}


@pytest.mark.parametrize("content", NOT_JUST_A_PICTURE.values(), ids=NOT_JUST_A_PICTURE.keys())
def test_a_page_that_is_more_than_its_picture_is_drawn(content: bytes, drawn: list[int]) -> None:
    page = read_one(content)
    assert drawn == [1]
    assert page.gray.shape == (420, 330)
    assert page.dpi == 300
    difference = np.abs(shown_by_pdfium(content, page.gray.shape).astype(int) - page.gray)
    assert difference.mean() < 3


def test_invisible_text_does_not_count(drawn: list[int]) -> None:
    text = " BT 3 Tr /F1 20 Tf 10 20 Td (found by a text recogniser) Tj ET"
    content = made.pdf_bytes(made.PdfPage([JPEG], FILL + text), resources=FONT)
    assert read_one(content).gray.shape == (420, 330)
    assert drawn == []


def test_the_crop_box_is_the_page() -> None:
    gray = made.sample_page()
    page = made.PdfPage([made.flate_picture(gray)], media_box=(0, 0, W, H), extra=f"/CropBox[{W / 2} 0 {W} {H / 2}]")
    shown = read_one(made.pdf_bytes(page)).gray
    assert shown.shape == (210, 165)
    assert np.abs(shown.astype(int) - gray[210:, 165:]).mean() < 3


def test_a_fax_page_gets_square_pixels() -> None:
    coarse = made.sample_page()[::2]
    page = read_one(made.pdf_bytes(made.PdfPage([made.flate_picture(coarse)])))
    assert page.gray.shape == (420, 330)
    assert page.dpi == pytest.approx(300, abs=0.5)


def test_a_page_size_that_was_made_up_is_a_doubtful_resolution() -> None:
    gray = made.sample_page(600, 800)
    page = read_one(made.pdf_bytes(made.PdfPage([made.flate_picture(gray)], media_box=(0, 0, 600, 800))))
    assert page.gray.shape == (800, 600)
    assert page.is_dpi_doubtful


def test_pages_come_in_order_with_their_numbers() -> None:
    grays = [made.sample_page(330, 400 + 10 * n) for n in range(5)]
    pages = read(
        made.pdf_bytes(
            *(made.PdfPage([made.jpeg_picture(gray)], media_box=(0, 0, W, gray.shape[0] * 0.24)) for gray in grays)
        )
    )
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.gray.shape[0] for page in pages] == [400, 410, 420, 430, 440]


def test_a_filled_in_form_field_is_drawn() -> None:
    appearance = made.stream("<</Type/XObject/Subtype/Form/BBox[0 0 40 20]/Length 22>>", b"0 g 0 0 40 20 re f    ")
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(1)/Rect[10 10 50 30]/F 4/AP<</N 3 0 R>>>>"
    page = made.PdfPage(extra="/Annots[4 0 R]")
    content = made.pdf_bytes(page, objects=[appearance, widget])
    content = content.replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm<</Fields[4 0 R]>>", 1)
    assert read_one(content).gray.min() < 50


# --- faults ----------------------------------------------------------------------------------------


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


# --- the second engine -----------------------------------------------------------------------------


class RefusesPages(pdfium.PdfiumPages):
    """pdfium that opens the file and gives up on its second page."""

    def read(self, number: int) -> Page:
        if number == 2:
            raise pdfium.PdfiumRefusalError("Failed to load page.")
        return super().read(number)


class RefusesFiles(pdfium.PdfiumPages):
    """pdfium that cannot open the file."""

    def __init__(self, content: bytes, limits: ScanLimits) -> None:
        raise pdfium.PdfiumRefusalError("Failed to load document (PDFium: Data format error).")


@needs_poppler
@pytest.mark.parametrize("engine", [RefusesPages, RefusesFiles], ids=["a page", "the file"])
def test_poppler_draws_what_pdfium_refuses(engine: type[pdfium.PdfiumPages], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "PdfiumPages", engine)
    gray = made.sample_page()
    page = made.PdfPage([made.flate_picture(gray)])
    pages = read(made.pdf_bytes(page, page, dataclasses.replace(page, extra="/Rotate 90")))
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.gray.shape for page in pages] == [(420, 330), (420, 330), (330, 420)]
    assert np.abs(pages[1].gray.astype(int) - gray).mean() < 3
    assert pages[1].dpi == 300


@needs_poppler
def test_poppler_is_not_believed_when_it_complains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "PdfiumPages", RefusesFiles)
    broken = dataclasses.replace(made.flate_picture(made.sample_page()), width=0)
    with pytest.raises(DamagedFileError):
        read(made.pdf_bytes(made.PdfPage([broken])))


@needs_poppler
def test_poppler_never_draws_a_giant_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "PdfiumPages", RefusesFiles)
    with pytest.raises(TooLargeError):
        read(made.pdf_bytes(made.PdfPage(media_box=(0, 0, 20_000, 20_000))))


def test_without_poppler_the_error_says_what_could_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "PdfiumPages", RefusesFiles)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DamagedFileError, match=r"Data format error.*poppler-utils"):
        read(made.pdf_bytes(made.PdfPage()))


@pytest.mark.parametrize("seed", range(60))
def test_a_mutated_pdf_is_read_or_refused_by_name(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(made.pdf_bytes(*[made.PdfPage([JPEG], FILL + " 0 0 9 9 re f")] * 2))
    for place in rng.integers(0, len(content), 12):
        content[place] = rng.integers(0, 256)
    with contextlib.suppress(SourceError):
        assert read(bytes(content))
