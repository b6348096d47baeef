"""What pdfium refuses is drawn by poppler, page by page, and believed only where it does not complain."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from pipeline.document import Page
from pipeline.errors import (
    DamagedFileError,
    TooLargeError,
)
from pipeline.storage import pdf_pages, pdfium
from pipeline.storage.limits import ScanLimits
from tests.storage import made_pdfs as made
from tests.storage.read_pdfs import drawn, read

__all__ = ["drawn"]


needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")


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
