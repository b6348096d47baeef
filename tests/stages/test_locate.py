"""Cutting fields out of registered pages."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box, Registration, RegistrationStatus
from pipeline.stages.comb_grid import even_cells, fit_cells
from pipeline.stages.form_print import MAX_PX_PER_MM
from pipeline.stages.locate import locate_fields
from pipeline.stages.plane import map_points
from pipeline.stages.register import register_page
from tests.stages.forms import COMB_MM, blank_form, scan, template

FORM = template(0)


@pytest.mark.parametrize(
    ("turn", "skew_deg", "dpi"), [(0, 0.0, 150), (90, 3.0, 200), (180, -6.0, 300), (270, 1.0, 600)]
)
def test_fields_come_upright_with_their_cells_on_the_printed_walls(turn: int, skew_deg: float, dpi: float) -> None:
    page, truth = scan(blank_form(0), turn, skew_deg, dpi=dpi, border=dpi // 2)
    account, amount = locate_fields(page, register_page(page, [FORM]))
    assert [account.spec.name, amount.spec.name] == ["account", "amount"]
    assert account.px_per_mm == pytest.approx(min(MAX_PX_PER_MM, dpi / 25.4), rel=0.02)
    assert len(account.cells) == 6
    assert amount.cells == ()
    for number, cell in enumerate(account.cells):
        corner_mm = np.array([(COMB_MM.left + 7 * number, COMB_MM.top)], np.float64)
        true = map_points(truth, corner_mm)[0]
        found = map_points(account.region_to_page, np.array([(cell.left, cell.top)], np.float64))[0]
        assert np.abs(found - true).max() < 0.35 * dpi / 25.4


def test_the_polygon_follows_the_field_on_a_page_upside_down() -> None:
    page, truth = scan(blank_form(0), 180)
    account = locate_fields(page, register_page(page, [FORM]))[0]
    corners = np.array([(20, 30), (62, 30), (62, 37), (20, 37)], np.float64)
    assert np.abs(np.array(account.polygon_px) - map_points(truth, corners)).max() < 2


def test_the_blank_form_lies_behind_every_field() -> None:
    page, _ = scan(blank_form(0), 0, 4.0)
    for region in locate_fields(page, register_page(page, [FORM])):
        assert region.background is not None
        assert region.background.shape == region.image.shape
        difference = np.abs(region.background.astype(int) - region.image.astype(int))
        assert np.median(difference) < 12


def test_a_page_that_failed_to_register_has_no_fields() -> None:
    page, _ = scan(blank_form(0))
    assert locate_fields(page, Registration(RegistrationStatus.FAILED)) == ()


def test_cells_in_drop_out_colour_come_from_the_blank_form() -> None:
    page, _ = scan(blank_form(0))
    registration = register_page(page, [FORM])
    before = locate_fields(page, registration)[0]
    gray = page.gray.copy()
    gray[40 + 175 : 40 + 228, 40 + 114 : 40 + 378] = 245
    after = locate_fields(type(page)(1, gray, page.dpi), registration)[0]
    assert all(cell.iou(other) > 0.9 for cell, other in zip(before.cells, after.cells, strict=True))


@settings(deadline=None)
@given(left=st.integers(0, 500), width=st.integers(20, 900), count=st.integers(1, 20), gap=st.floats(0, 6))
def test_even_cells_are_ordered_and_fill_the_field(left: int, width: int, count: int, gap: float) -> None:
    inner = Box(left, 5, left + width, 45)
    cells = even_cells(inner, count, min(gap, width / count / 2))
    assert len(cells) == count
    assert cells[0].left == inner.left
    assert abs(cells[-1].right - inner.right) <= 1
    assert all(cell.width > 0 and (cell.top, cell.bottom) == (5, 45) for cell in cells)
    assert all(cell.left < following.left for cell, following in pairwise(cells))


def test_no_cells_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least one"):
        even_cells(Box(0, 0, 10, 10), 0)


@pytest.mark.parametrize("gap", [0, 6])
def test_cells_follow_printed_walls_that_lie_beside_their_place(gap: int) -> None:
    image = np.full((90, 400), 240, np.uint8)
    for left in range(35, 335, 50):
        cv2.rectangle(image, (left, 20), (left + 50 - gap, 70), 80, 2)
    cells = fit_cells(image, Box(30, 20, 330 - gap, 70), 6, 8)
    assert cells is not None
    assert all(abs(cell.left - left) <= 2 for cell, left in zip(cells, range(35, 335, 50), strict=True))


def test_strokes_of_digits_are_no_walls() -> None:
    image = np.full((90, 400), 240, np.uint8)
    for x in (70, 140, 290):
        cv2.line(image, (x, 25), (x, 65), 40, 4)
    assert fit_cells(image, Box(30, 20, 330, 70), 6, 8) is None
