"""PDF files read as the pipeline reads them, and what a viewer shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import cv2
import numpy as np
import pypdfium2
import pytest

from pipeline.document import MediaType, Page
from pipeline.storage import pdfium
from pipeline.storage.decoding import PageReader, open_reader
from pipeline.storage.limits import ScanLimits
from tests.storage import made_pdfs as made

W, H = 79.2, 100.8
"""Size of `made.sample_page()` at 300 dpi, points."""
FILL = made.filling(W, 0, 0, H, 0, 0)
JPEG = made.jpeg_picture(made.sample_page())


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
