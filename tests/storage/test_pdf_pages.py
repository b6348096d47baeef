"""Pages of a PDF that are one picture: taken pixel by pixel; and what size and resolution pages have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.storage import made_pdfs as made
from tests.storage.read_pdfs import H, W, drawn, read, read_one, shown_by_pdfium

__all__ = ["drawn"]


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
