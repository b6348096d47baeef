"""Pages of a PDF that are more than one picture: drawn as a viewer shows them."""

from __future__ import annotations

import dataclasses
import zlib

import numpy as np
import pytest

from tests.storage import made_pdfs as made
from tests.storage.read_pdfs import FILL, JPEG, H, W, drawn, read_one, shown_by_pdfium

__all__ = ["drawn"]


def _form_with(picture: made.Picture) -> bytes:
    """The picture inside a form XObject, number 3; the picture is number 4."""
    drawing = made.filling(W, 0, 0, H, 0, 0).encode()
    form = made.stream(
        f"<</Type/XObject/Subtype/Form/BBox[0 0 {W} {H}]/Resources<</XObject<</P0 4 0 R>>>>/Length {len(drawing)}>>",
        drawing,
    )
    page = made.PdfPage(content="/F Do", extra="/Resources<</XObject<</F 3 0 R>>>>")
    return made.pdf_bytes(page, objects=[form, picture.as_object()]).replace(b"/Resources<</XObject<<>>>>", b"")


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


def test_a_filled_in_form_field_is_drawn() -> None:
    appearance = made.stream("<</Type/XObject/Subtype/Form/BBox[0 0 40 20]/Length 22>>", b"0 g 0 0 40 20 re f    ")
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(1)/Rect[10 10 50 30]/F 4/AP<</N 3 0 R>>>>"
    page = made.PdfPage(extra="/Annots[4 0 R]")
    content = made.pdf_bytes(page, objects=[appearance, widget])
    content = content.replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm<</Fields[4 0 R]>>", 1)
    assert read_one(content).gray.min() < 50
