"""Which way up a page lies, from its printed words."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.document import Page
from pipeline.stages.locate import find_fields
from pipeline.stages.way_up import quarter_turns
from sample_docs.generator.paper import Sheet

PX_PER_MM = 6.0
LINES = (
    "Please write clearly and do not fold this part of the slip",
    "Department of the harbour, office for ferries and bridges",
    "Total of all that is to be paid before the end of the month",
    "whether daily, half yearly or by the date of the last ticket",
)


def printed_page(lines: tuple[str, ...] = LINES) -> np.ndarray:
    """A slip with words and a comb of eight cells, at 6 px/mm."""
    sheet = Sheet(150, 90, round(PX_PER_MM * 25.4))
    sheet.paragraph(15, 20, lines, 9)
    sheet.boxed_cells(20, 55, 8, 6, 8)
    return np.asarray(cv2.cvtColor(sheet.picture(), cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_print_shows_how_a_page_was_turned(turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(printed_page(), -turns))
    assert quarter_turns(turned, PX_PER_MM) == turns


@pytest.mark.parametrize(
    "gray",
    [
        pytest.param(np.rot90(printed_page(()), 2), id="a comb without words"),
        pytest.param(np.rot90(printed_page(("UPPER CASE LETTERS ONLY",)), 2), id="capitals"),
        pytest.param(np.full((400, 600), 250, np.uint8), id="blank"),
        pytest.param(np.random.default_rng(0).integers(0, 255, (400, 600), dtype=np.uint8), id="noise"),
        pytest.param(np.zeros((1, 1), np.uint8), id="one pixel"),
    ],
)
def test_without_telling_print_a_page_is_taken_as_it_lies(gray: np.ndarray) -> None:
    assert quarter_turns(np.ascontiguousarray(gray), PX_PER_MM) == 0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_fields_of_a_turned_page_are_cut_upright(turns: int) -> None:
    upright = printed_page()
    page = Page(1, np.ascontiguousarray(np.rot90(upright, -turns)), PX_PER_MM * 25.4)
    (comb,) = find_fields(page)
    assert len(comb.cells) == 8
    (x0, y0), (x1, y1) = comb.polygon_px[:2]
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) % 360 == pytest.approx(90 * turns, abs=1)
    (expected,) = find_fields(Page(1, upright, PX_PER_MM * 25.4))
    assert comb.image.shape == expected.image.shape
    assert np.abs(comb.image.astype(int) - expected.image).mean() < 4
