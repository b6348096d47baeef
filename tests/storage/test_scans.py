from __future__ import annotations

import contextlib
import dataclasses
import resource
import threading
from contextlib import closing

import numpy as np
import pytest

from pipeline.document import MediaType, Source
from pipeline.errors import DamagedFileError, TooLargeError
from pipeline.storage.limits import ScanLimits
from pipeline.storage.scans import open_pages
from tests.storage import made_pdfs as made

JPEG = made.jpeg_picture(made.sample_page())


def pdf_source(page_count: int) -> Source:
    return Source("0" * 64, ("a.pdf",), MediaType.PDF, made.pdf_bytes(*[made.PdfPage([JPEG])] * page_count))


def test_nothing_is_opened_before_the_first_page_is_asked_for() -> None:
    pages = open_pages(Source("0" * 64, ("a.pdf",), MediaType.PDF, b"%PDF- no more"))
    with pytest.raises(DamagedFileError):
        next(pages)


def test_after_an_error_of_the_whole_file_iteration_has_ended() -> None:
    pages = open_pages(Source("0" * 64, ("a.pdf",), MediaType.PDF, b"%PDF- no more"))
    with contextlib.suppress(DamagedFileError):
        next(pages)
    assert list(pages) == []


def test_pages_can_be_left_half_way() -> None:
    with closing(open_pages(pdf_source(3))) as pages:
        assert next(pages).number == 1
    assert list(pages) == []


def test_closing_before_the_first_page_and_twice_is_harmless() -> None:
    pages = open_pages(pdf_source(1))
    pages.close()
    pages.close()
    assert list(pages) == []


def test_two_files_can_be_read_in_turns() -> None:
    both = zip(open_pages(pdf_source(3)), open_pages(pdf_source(3)), strict=True)
    assert [(one.number, two.number) for one, two in both] == [(1, 1), (2, 2), (3, 3)]


def test_threads_may_read_side_by_side() -> None:
    expected = [page.gray for page in open_pages(pdf_source(20))]
    failures: list[str] = []

    def read() -> None:
        pages = [page.gray for page in open_pages(pdf_source(20))]
        if len(pages) != 20 or not all(map(np.array_equal, pages, expected)):
            failures.append(f"{len(pages)} pages")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_page_outlives_its_file() -> None:
    pages = list(open_pages(pdf_source(2)))
    copies = [page.gray.copy() for page in pages]
    list(open_pages(pdf_source(5)))
    for page, copy in zip(pages, copies, strict=True):
        np.testing.assert_array_equal(page.gray, copy)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ScanLimits) if field.type != "bool"])
def test_limits_are_positive(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be positive"):
        ScanLimits(**{field: 0})


def test_a_limit_names_its_setting() -> None:
    with pytest.raises(TooLargeError, match=r"scans\.max_page_pixels"):
        ScanLimits().check_pixels(1e6, 1e6, 1)


@pytest.mark.slow
def test_a_file_of_many_pages_needs_the_memory_of_one() -> None:
    many = pdf_source(2000)
    list(open_pages(pdf_source(20)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in open_pages(many)) == 2000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
