"""Boxes found on pages without a template."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box, Page, RectMm
from pipeline.stages.box_fields import BoxField, reading_order
from pipeline.stages.locate import FindOptions, find_fields
from tests.stages.forms import AMOUNT_MM, COMB_MM, DPI, PX_PER_MM, blank_form, draw_comb, scan


def page_of(gray: np.ndarray) -> Page:
    return Page(3, gray, DPI)


def empty_page() -> np.ndarray:
    return np.full((630, 900), 245, np.uint8)


def box_px(rect: RectMm) -> Box:
    sides = (rect.left, rect.top, rect.left + rect.width, rect.top + rect.height)
    left, top, right, bottom = (round(side * PX_PER_MM) for side in sides)
    return Box(left, top, right, bottom)


def around(polygon: tuple[tuple[float, float], ...]) -> Box:
    x, y = zip(*polygon, strict=True)
    return Box(round(min(x)), round(min(y)), round(max(x)), round(max(y)))


def test_a_comb_and_a_ruled_box_are_found_in_reading_order() -> None:
    comb, amount = find_fields(page_of(blank_form(0)))
    assert [comb.spec.name, amount.spec.name] == ["p3_box1", "p3_box2"]
    assert len(comb.cells) == 6
    assert amount.cells == ()
    assert around(comb.polygon_px).iou(box_px(COMB_MM)) > 0.85
    assert around(amount.polygon_px).iou(box_px(AMOUNT_MM)) > 0.85


@pytest.mark.parametrize("skew_deg", [-8.0, -1.5, 3.0, 8.0])
def test_boxes_are_found_on_a_skewed_page_and_cut_upright(skew_deg: float) -> None:
    page, _ = scan(blank_form(0), 0, skew_deg, dpi=200, border=100)
    comb, amount = find_fields(page)
    assert len(comb.cells) == 6
    assert amount.image.shape[1] > 3 * amount.image.shape[0]
    (x0, y0), (x1, y1) = comb.polygon_px[:2]
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(skew_deg, abs=0.5)


def digit_in_every_cell(gray: np.ndarray) -> None:
    for number, digit in enumerate("174031"):
        place = (round((COMB_MM.left + 7 * number + 2) * PX_PER_MM), round((COMB_MM.top + 6.3) * PX_PER_MM))
        cv2.putText(gray, digit, place, cv2.FONT_HERSHEY_SIMPLEX, 1.1, 50, 2, cv2.LINE_AA)


def test_digits_in_and_across_the_cells_change_nothing() -> None:
    gray = blank_form(0)
    digit_in_every_cell(gray)
    comb = find_fields(page_of(gray))[0]
    assert len(comb.cells) == 6
    assert around(comb.polygon_px).iou(box_px(COMB_MM)) > 0.8


@pytest.mark.parametrize("thickness", [8, 14])
def test_strokes_across_the_walls_at_either_end_hide_no_box(thickness: int) -> None:
    gray = empty_page()
    draw_comb(gray, AMOUNT_MM, 1)
    box = box_px(AMOUNT_MM)
    for x in (box.left, box.right):
        y = (box.top + box.bottom) // 2
        cv2.line(gray, (x - 14, y + 3), (x + 14, y - 3), 40, thickness, cv2.LINE_AA)
    (found,) = find_fields(page_of(gray))
    assert around(found.polygon_px).iou(box) > 0.85


def test_a_line_goes_on_under_the_digits_that_cross_it() -> None:
    gray = empty_page()
    draw_comb(gray, COMB_MM, 6)
    box = box_px(COMB_MM)
    for x in np.linspace(box.left + 20, box.right - 20, 5).astype(int).tolist():
        cv2.line(gray, (x + 5, box.bottom - 16), (x - 5, box.bottom + 14), 40, 7, cv2.LINE_AA)
    (found,) = find_fields(page_of(gray))
    assert len(found.cells) == 6


def test_a_broken_wall_does_not_break_the_comb() -> None:
    gray = blank_form(0)
    x, y = round((COMB_MM.left + 14) * PX_PER_MM), round((COMB_MM.top + 1) * PX_PER_MM)
    gray[y : y + 24, x - 3 : x + 4] = 245
    assert len(find_fields(page_of(gray))[0].cells) == 6


def test_pale_boxes_are_found() -> None:
    gray = empty_page()
    draw_comb(gray, COMB_MM, 8, gray=215)
    assert [len(field.cells) for field in find_fields(page_of(gray))] == [8]


def test_separate_boxes_side_by_side_are_one_comb() -> None:
    gray = empty_page()
    for number in range(7):
        draw_comb(gray, RectMm(20 + 7 * number, 40, 6, 8), 1)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 7
    assert all(cell.right <= following.left + 1 for cell, following in pairwise(comb.cells))


def test_ticks_on_a_base_line_are_a_comb() -> None:
    gray = empty_page()
    cv2.line(gray, (100, 300), (400, 300), 90, 1)
    for number in range(11):
        height = 38 if number in (0, 10) else 16
        cv2.line(gray, (100 + 30 * number, 300 - height), (100 + 30 * number, 300), 90, 1)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 10


def test_short_ticks_in_a_frame_divide_it() -> None:
    gray = empty_page()
    cv2.rectangle(gray, (100, 300), (340, 350), 90, 1)
    for number in range(1, 6):
        cv2.line(gray, (100 + 40 * number, 335), (100 + 40 * number, 350), 90, 1)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 6


def test_a_dotted_comb_is_found() -> None:
    gray = empty_page()
    for x in range(100, 341, 5):
        for y in (300, 350):
            cv2.line(gray, (x, y), (x + 1, y), 60, 2)
    for y in range(300, 350, 5):
        for x in range(100, 341, 40):
            cv2.line(gray, (x, y), (x, y + 1), 60, 2)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 6


@pytest.mark.parametrize(("paper", "cell"), [(245, 220), (220, 245)], ids=["tinted cells", "white on a panel"])
def test_cells_without_lines_are_found_by_their_tint(paper: int, cell: int) -> None:
    gray = empty_page()
    gray[280:380, 80:380] = paper
    for number in range(7):
        gray[300:350, 100 + 36 * number : 132 + 36 * number] = cell
    cv2.line(gray, (110, 310), (118, 342), 40, 3)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 7
    assert around(comb.polygon_px).iou(Box(100, 300, 348, 350)) > 0.85


def test_an_upright_stroke_of_the_pen_divides_no_box() -> None:
    gray = empty_page()
    draw_comb(gray, RectMm(20, 40, 60, 9), 1, gray=150)
    cv2.line(gray, (260, 236), (262, 298), 20, 4)
    (field,) = find_fields(page_of(gray))
    assert around(field.polygon_px).iou(box_px(RectMm(20, 40, 60, 9))) > 0.85


def test_boxes_under_one_another_with_paper_between_them_are_no_table() -> None:
    gray = empty_page()
    for row in range(4):
        draw_comb(gray, RectMm(20, 20 + 13 * row, 50, 9), 1)
    assert len(find_fields(page_of(gray))) == 4


def test_cells_far_apart_for_their_width_are_one_comb() -> None:
    gray = empty_page()
    for number in range(9):
        draw_comb(gray, RectMm(20 + 6 * number, 40, 4.2, 8), 1)
    (comb,) = find_fields(page_of(gray))
    assert len(comb.cells) == 9


def barcode_page() -> np.ndarray:
    gray = empty_page()
    edges = 100 + np.cumsum(np.random.default_rng(1).choice([2, 4, 6], 80))
    for first, second in zip(edges[::2], edges[1::2], strict=True):
        gray[200:260, first:second] = 20
    return gray


def text_page() -> np.ndarray:
    gray = empty_page()
    for y in range(40, 620, 26):
        cv2.putText(gray, "the quick brown fox jumps over the lazy dog again", (30, y), 0, 0.7, 30, 2, cv2.LINE_AA)
    return gray


def table_page() -> np.ndarray:
    gray = empty_page()
    for row in range(8):
        for column in range(3):
            draw_comb(gray, RectMm(10 + 40 * column, 10 + 8 * row, 40, 8), 1)
    return gray


def ruled_page() -> np.ndarray:
    gray = empty_page()
    for y in range(60, 600, 48):
        cv2.line(gray, (30, y), (870, y), 90, 1)
        for x in range(60, 800, 97):
            cv2.line(gray, (x, y - 46), (x + 1, y), 40, 2)
    return gray


@pytest.mark.parametrize(
    "gray",
    [
        pytest.param(text_page(), id="printed text"),
        pytest.param(table_page(), id="table"),
        pytest.param(barcode_page(), id="barcode"),
        pytest.param(ruled_page(), id="tall strokes on ruled paper"),
        pytest.param(empty_page(), id="blank"),
        pytest.param(np.zeros((630, 900), np.uint8), id="black"),
        pytest.param(np.random.default_rng(0).integers(0, 255, (630, 900), dtype=np.uint8), id="noise"),
        pytest.param(np.zeros((1, 1), np.uint8), id="one pixel"),
        pytest.param(np.zeros((2, 900), np.uint8), id="sliver"),
    ],
)
def test_what_is_no_box_to_write_in_is_left_alone(gray: np.ndarray) -> None:
    assert find_fields(page_of(gray)) == ()


def test_boxes_of_other_heights_are_left_alone() -> None:
    assert find_fields(page_of(blank_form(0)), FindOptions(10, 16)) == ()


def test_a_caption_cell_beside_a_box_is_not_a_field() -> None:
    gray = empty_page()
    draw_comb(gray, RectMm(20, 40, 15, 9), 1)
    draw_comb(gray, RectMm(35, 40, 60, 9), 1)
    (field,) = find_fields(page_of(gray))
    assert around(field.polygon_px).iou(box_px(RectMm(35, 40, 60, 9))) > 0.85


@settings(max_examples=15, deadline=None)
@given(
    combs=st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.integers(3, 9), st.integers(60, 190)), min_size=1, max_size=6
    )
)
def test_drawn_combs_are_found_inside_the_page_and_in_order(combs: list[tuple[int, bool, int, int]]) -> None:
    gray = empty_page()
    drawn: dict[tuple[int, bool], int] = {}
    for row, is_right, cells, tone in combs:
        if (row, is_right) not in drawn:
            drawn[row, is_right] = cells
            draw_comb(gray, RectMm(12 + 70 * is_right, 8 + 24 * row, 6.5 * cells, 8), cells, tone)
    found = find_fields(page_of(gray))
    assert [len(field.cells) for field in found] == [drawn[place] for place in sorted(drawn)]
    for field in found:
        box = around(field.polygon_px)
        assert box.clipped(900, 630) == box
        assert all(cell.left < following.left for cell, following in pairwise(field.cells))


@settings(deadline=None)
@given(
    boxes=st.lists(
        st.builds(
            lambda left, top, width, height: Box(left, top, left + width, top + height),
            st.integers(0, 900),
            st.integers(0, 900),
            st.integers(1, 90),
            st.integers(1, 90),
        )
    )
)
def test_reading_order_keeps_every_field_and_goes_right_within_a_line(boxes: list[Box]) -> None:
    ordered = [field.box for field in reading_order([BoxField(box) for box in boxes])]
    key = lambda box: (box.left, box.top, box.right, box.bottom)  # noqa: E731
    assert sorted(ordered, key=key) == sorted(boxes, key=key)
    for box, following in pairwise(ordered):
        assert following.bottom > box.top or following.left > box.left
