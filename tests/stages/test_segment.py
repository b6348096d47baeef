from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box, FieldKind, FieldSpec
from pipeline.stages.comb import segment_comb
from pipeline.stages.comb_blobs import share_ink
from pipeline.stages.cuts import ink_on_cuts, right_of_cut
from pipeline.stages.ink import find_blobs, find_ink
from pipeline.stages.segment import segment_field
from pipeline.stages.strike import is_struck_out
from tests.stages.drawing import CELL_H, CELL_W, MARGIN, comb_region, line_region, one_in_cell, paper, region


def test_empty_comb_is_blank():
    assert segment_field(comb_region(5)).is_blank


def test_stroke_in_a_cell_is_found_in_that_cell_only():
    field = segment_field(comb_region(5, [one_in_cell(3)]))
    assert [crop.first for crop in field.crops] == [3]
    crop = field.crops[0]
    assert crop.box.height == pytest.approx(CELL_H - 24 + 5, abs=3)
    assert crop.ink.shape == (crop.box.height, crop.box.width)
    assert crop.ink.max() == 255


@pytest.mark.parametrize("reach", [12, 16, 20], ids=["touches the line", "crosses by 4 px", "crosses by 8 px"])
def test_stroke_over_the_border_stays_whole(reach):
    crop = segment_field(comb_region(3, [one_in_cell(1, reach)])).crops[0]
    assert crop.box.height == pytest.approx(CELL_H - 24 + 2 * reach, abs=7)
    columns = (crop.ink > 0).sum(axis=0)
    assert columns.max() >= 0.9 * crop.box.height, "the stroke is not broken where the line was"


def test_stroke_reaching_into_the_next_cell_belongs_to_its_own():
    x = MARGIN + CELL_W // 2
    tail = [(x, MARGIN + 12), (x, MARGIN + 50), (x + 32, MARGIN + 54)]
    field = segment_field(comb_region(3, [tail]))
    assert [crop.first for crop in field.crops] == [0]


def test_drop_out_comb_needs_no_printed_lines():
    field = segment_field(comb_region(4, [one_in_cell(0), one_in_cell(2)], printed=False))
    assert [crop.first for crop in field.crops] == [0, 2]


def test_speck_of_dust_leaves_a_cell_blank():
    assert segment_field(comb_region(2, [[(MARGIN + 20, MARGIN + 30), (MARGIN + 20, MARGIN + 30)]])).is_blank


def test_printed_mark_of_the_blank_form_is_no_ink():
    spec = FieldSpec("amount", FieldKind.AMOUNT)
    image = paper(80, 200)
    image[30:60, 90:100] = 40
    plain = region(image, Box(0, 0, 200, 80), (), spec)
    with_background = plain.__class__(**{**plain.__dict__, "background": image.copy()})
    assert not segment_field(plain).is_blank
    assert segment_field(with_background).is_blank


def test_pen_line_through_the_cells_is_struck_out():
    digits = [one_in_cell(i) for i in range(4)]
    struck = [(MARGIN + 5, MARGIN + 40), (MARGIN + 4 * CELL_W - 5, MARGIN + 34)]
    assert is_struck_out(segment_field(comb_region(4, [*digits, struck])))
    assert not is_struck_out(segment_field(comb_region(4, digits)))


def test_pen_line_through_a_free_line_is_struck_out():
    digits = [[(40 + 50 * i, 25), (36 + 50 * i, 85)] for i in range(5)]
    assert is_struck_out(segment_field(line_region([*digits, [(10, 60), (280, 50)]], (110, 600))))
    assert not is_struck_out(segment_field(line_region(digits, (110, 600))))


def test_free_line_lists_every_blob_as_a_candidate():
    field = segment_field(line_region([[(50, 25), (45, 85)], [(120, 25), (115, 85)]]))
    singles = [crop for crop in field.crops if crop.last == crop.first + 1]
    assert len(singles) == 2
    assert singles[0].box.right < singles[1].box.left
    assert field.strip is not None


def test_touching_strokes_are_cut_into_pieces():
    joined = [[(50, 25), (45, 85)], [(110, 25), (105, 85)], [(45, 80), (108, 80)]]
    field = segment_field(line_region(joined))
    assert len(field.line.lattice.primitives) >= 2
    assert any(crop.last - crop.first > 1 for crop in field.crops)


ZEROS = [[(x, y), (x + 25, y), (x + 25, y + 50), (x, y + 50), (x, y)] for x, y in ((40, 80), (90, 84), (140, 80))]


def test_strip_cut_loosely_is_cut_down_to_its_writing():
    strip = segment_field(line_region(ZEROS, size=(220, 240))).strip
    assert strip.top == pytest.approx(80 - 55 / 4, abs=5)
    assert strip.image.shape[0] == pytest.approx(59 + 55 / 2, abs=9)
    assert (strip.image < 128).sum() == (line_region(ZEROS, size=(220, 240)).image < 128).sum()


def test_strip_cut_tightly_stays_as_it_is():
    region = line_region([[(x, y - 70) for x, y in zero] for zero in ZEROS], size=(80, 240))
    assert np.array_equal(segment_field(region).strip.image, region.image)


def test_picture_of_a_comb_shows_the_digits_and_no_boxes():
    field = segment_field(comb_region(3, [one_in_cell(0), one_in_cell(2, reach=14)]))
    dark = (field.comb_picture < 128).astype(np.uint8)
    assert cv2.connectedComponents(dark)[0] - 1 == 2
    assert field.comb_picture.shape[1] == pytest.approx(3 * CELL_W + 0.3 * CELL_H, abs=3)


@pytest.mark.parametrize("region", [comb_region(3), line_region([[(40, 25), (36, 85)]])], ids=["blank comb", "line"])
def test_only_a_filled_comb_has_a_picture_of_it(region):
    assert segment_field(region).comb_picture is None


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 200), (200, 3)], ids=str)
def test_degenerate_pictures_are_blank(shape):
    field = segment_field(region(np.full(shape, 255, np.uint8), Box(0, 0, shape[1], shape[0]), (), None))
    assert field.is_blank


def test_all_dark_picture_has_no_ink():
    assert not find_ink(np.zeros((50, 50), np.uint8), 5).mask.any()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(1, 120),
    st.integers(0, 6),
    st.sampled_from([0.02, 0.5, 0.9]),
)
def test_any_picture_is_segmented(seed, height, width, cells, share):
    rng = np.random.default_rng(seed)
    image = np.where(rng.random((height, width)) < share, 30, 230).astype(np.uint8)
    edges = np.linspace(0, width, cells + 1).astype(int)
    boxes = tuple(Box(int(a), 0, int(b), height) for a, b in pairwise(edges)) if cells else ()
    field = segment_field(region(image, Box(0, 0, width, height), boxes, None))
    for crop in field.crops:
        assert crop.ink.shape[0] > 0
        assert crop.ink.shape[1] > 0
    is_struck_out(field)


def test_bar_that_joins_zeros_at_their_tops_is_no_strike():
    zeros = [
        [(40 + 60 * i + int(20 * np.cos(a)), 55 + int(30 * np.sin(a))) for a in np.linspace(0, 7, 30)] for i in range(4)
    ]
    ligature = [(40, 25), (220, 25)]
    assert not is_struck_out(segment_field(line_region([*zeros, ligature], (110, 600))))
    assert is_struck_out(segment_field(line_region([*zeros, [(10, 58), (260, 50)]], (110, 600))))


def test_slanted_cut_parts_slanted_strokes_that_every_upright_cut_crosses():
    mask = np.zeros((60, 50), bool)
    for y in range(60):
        mask[y, 5 + y // 2 : 9 + y // 2] = mask[y, 14 + y // 2 : 18 + y // 2] = True
    upright = np.arange(10.0, 40.0)
    assert ink_on_cuts(mask, upright, upright).any(axis=1).all()
    assert not ink_on_cuts(mask, np.array([11.0]), np.array([41.0])).any()
    is_right = right_of_cut(mask.shape, 11.0, 41.0)
    assert (mask & is_right).sum() == (mask & ~is_right).sum() == mask.sum() / 2


def test_bold_wall_before_the_cents_is_no_part_of_the_digit_that_touches_it():
    """A comb of ticks with one wall of full height, as payment slips part their cents."""
    blank = comb_region(4, printed=False)
    form = blank.image.copy()
    foot, wall = blank.cells[0].bottom, blank.cells[2].left
    for cell in blank.cells:
        cv2.line(form, (cell.left, foot - 18), (cell.left, foot), 60, 2)
    cv2.line(form, (blank.cells[0].left, foot), (blank.cells[-1].right, foot), 60, 2)
    cv2.line(form, (wall, blank.cells[0].top - 4), (wall, foot), 40, 5)
    written = form.copy()
    cv2.ellipse(written, (wall + 13, foot - 35), (15, 25), 15, 0, 360, 30, 5, cv2.LINE_AA)
    (crop,) = [cell for cell in segment_comb(replace(blank, image=written, background=form)).cells if cell is not None]
    assert crop.first == 2
    height, width = crop.ink.shape
    assert height < 62  # the ring alone; the wall is as high as the cell
    assert width < 36


def test_stroke_over_a_printed_wall_that_dropped_out_of_the_scan_stays_whole():
    """The blank form shows a bold wall; on the page it is as pale as paper, and a 0 is written over it."""
    blank = comb_region(4, printed=False)
    form, page = blank.image.copy(), blank.image.copy()
    wall, top, foot = blank.cells[2].left, blank.cells[0].top, blank.cells[0].bottom
    cv2.line(form, (wall, top - 4), (wall, foot + 4), 40, 7)
    cv2.ellipse(page, (wall + 20, foot - 35), (18, 25), 0, 0, 360, 30, 5, cv2.LINE_AA)
    with_form = segment_comb(replace(blank, image=page, background=form))
    assert (with_form.written == segment_comb(replace(blank, image=page)).written).all()


def test_caption_close_over_a_comb_is_no_part_of_the_digits_under_it():
    plain = comb_region(3, [one_in_cell(0), one_in_cell(1, reach=8), one_in_cell(2)])
    image = plain.image.copy()
    for cell in plain.cells:
        cv2.rectangle(image, (cell.left + 15, cell.top - 17), (cell.left + 35, cell.top - 7), 40, -1)
    captioned = segment_comb(replace(plain, image=image)).cells
    for digit, expected in zip(captioned, segment_comb(plain).cells, strict=True):
        assert digit.box == expected.box


@pytest.mark.parametrize(("has_captions", "first"), [(True, [112]), (False, [84, 112])])
def test_print_beside_a_comb_is_no_digit_of_its_first_cell_but_writing_is(has_captions, first) -> None:
    cells = tuple(Box(100 + 40 * k, 20, 140 + 40 * k, 70) for k in range(3))
    written = np.zeros((90, 260), np.bool_)
    for left in (20, 84, 112, 152, 192):
        written[30:60, left : left + 12] = True
    shared = share_ink(find_blobs(written), cells, 20, has_captions)
    assert [[blob.box.left for blob in blobs] for blobs in shared.cells] == [first, [152], [192]]
