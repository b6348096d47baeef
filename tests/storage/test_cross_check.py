from __future__ import annotations

import dataclasses
import shutil

import cv2
import numpy as np
import pytest

from pipeline.document import MediaType, Source
from pipeline.storage import pdf_pages
from pipeline.storage.cross_check import differ
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages
from tests.storage import made_pdfs as made

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")

PAGE = np.full((1170, 827), 250, np.uint8)
for _row in range(100, 1100, 40):
    cv2.putText(PAGE, "0123456789", (80, _row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 20)


def changed(left: int, top: int, side: int, level: int) -> np.ndarray:
    page = PAGE.copy()
    page[top : top + side, left : left + side] = level
    return page


@pytest.mark.parametrize(
    "other",
    [
        PAGE,
        cv2.GaussianBlur(PAGE, (0, 0), 0.6),
        np.roll(PAGE, 1, axis=1),
        np.maximum(PAGE, 40),
        changed(600, 600, 2, 0),
    ],
    ids=["the same", "smoother", "a pixel aside", "paler ink", "a speck"],
)
def test_ways_of_drawing_make_no_difference(other: np.ndarray) -> None:
    larger = cv2.resize(PAGE, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    assert not differ(larger, np.ascontiguousarray(other))


@pytest.mark.parametrize(
    "other",
    [changed(600, 600, 8, 0), changed(80, 85, 16, 250), np.full_like(PAGE, 250), np.rot90(PAGE).copy(), 255 - PAGE],
    ids=["a mark more", "a digit less", "blank", "turned", "negative"],
)
def test_another_shape_makes_a_difference(other: np.ndarray) -> None:
    assert differ(PAGE, other)
    assert differ(other, PAGE)


CHECKED = ScanLimits(cross_check=True)


def source(*pages: made.PdfPage) -> Source:
    return Source("0" * 64, ("a.pdf",), MediaType.PDF, made.pdf_bytes(*pages))


@needs_poppler
def test_both_engines_show_the_same_pages() -> None:
    gray = made.sample_page()
    scanned = made.PdfPage([made.jpeg_picture(gray)])
    drawn = made.PdfPage([made.flate_picture(gray)], content=made.filling(79.2, 0, 0, 100.8, 0, 0) + " 9 9 9 9 re f")
    turned = dataclasses.replace(scanned, extra="/Rotate 90")
    assert [page.renderers_differ for page in open_pages(source(scanned, drawn, turned), CHECKED)] == [False] * 3


@needs_poppler
def test_a_page_that_the_second_engine_shows_otherwise_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    class ShowsTheFirst(pdf_pages.PopplerPages):
        def draw(self, number: int, dpi: int) -> np.ndarray:
            return super().draw(1, dpi)

    monkeypatch.setattr(pdf_pages, "PopplerPages", ShowsTheFirst)
    first = made.PdfPage([made.jpeg_picture(made.sample_page())])
    second = made.PdfPage([made.jpeg_picture(made.sample_page()[::-1].copy())])
    pages = pdf_pages.PdfPages(source(first, second).content, CHECKED)
    assert [pages.read(number).renderers_differ for number in (1, 2)] == [False, True]
    pages.close()


def test_nobody_is_asked_twice_unless_told_to() -> None:
    (page,) = open_pages(source(made.PdfPage([made.jpeg_picture(made.sample_page())])))
    assert not page.renderers_differ
