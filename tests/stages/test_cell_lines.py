from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from pipeline.document import Box
from pipeline.stages.cell_lines import erase_cell_lines
from pipeline.stages.cell_sides import find_sides
from pipeline.stages.comb_blobs import share_ink
from pipeline.stages.ink import find_blobs, find_ink
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.readings import NOT_A_DIGIT, DigitReadings, StripReadings
from tests.stages.drawing import CELL_H, CELL_W, MARGIN, comb_region, one_in_cell
from tests.stages.scripted import row

WALL = MARGIN + CELL_W
PEN, LIGHT_PRINT, DARK_PRINT = 30, 150, 20


def drawn_comb(strokes=(), cells=4, print_level=60, slope=0.0, is_printed=True):
    """A comb, printed at one level and leaning, with pen strokes of one level under the print where that is darker."""
    height, width = CELL_H + 2 * MARGIN, cells * CELL_W + 2 * MARGIN
    printed = np.full((height, width), 240, np.uint8)
    edges = [MARGIN + i * CELL_W for i in range(cells + 1)]
    middle = (edges[0] + edges[-1]) / 2

    def at(x, y):
        return round(x - slope * (y - MARGIN - CELL_H / 2)), round(y + slope * (x - middle))

    for y in (MARGIN, MARGIN + CELL_H) if is_printed else ():
        cv2.line(printed, at(edges[0], y), at(edges[-1], y), print_level, 2, cv2.LINE_AA)
    for x in edges if is_printed else ():
        cv2.line(printed, at(x, MARGIN), at(x, MARGIN + CELL_H), print_level, 2, cv2.LINE_AA)
    written = np.full_like(printed, 240)
    for points in strokes:
        cv2.polylines(written, [np.array(points, np.int32)], False, PEN, 6, cv2.LINE_AA)
    boxes = tuple(Box(a, MARGIN, b, MARGIN + CELL_H) for a, b in pairwise(edges))
    return find_ink(np.minimum(printed, written), 8), boxes


@pytest.mark.parametrize("slope", [0.0, 0.01, -0.01], ids=["level", "falling", "rising"])
@pytest.mark.parametrize("print_level", [LIGHT_PRINT, 60, DARK_PRINT], ids=["light", "dark", "darker than the pen"])
def test_print_without_writing_leaves_no_blob_of_a_digits_height(print_level, slope):
    ink, cells = drawn_comb(print_level=print_level, slope=slope)
    assert ink.mask.sum() > 500
    shared = share_ink(find_blobs(erase_cell_lines(ink, cells).written), cells, 9)
    assert all(blob.box.height < CELL_H / 4 for blobs in shared.cells for blob in blobs)


@pytest.mark.parametrize(("share", "is_seen"), [(1.2, True), (3.0, False)], ids=["lifted by noise", "far below ink"])
def test_print_somewhat_paler_than_ink_is_seen_since_noise_makes_ink_of_it(share, is_seen):
    ink, cells = drawn_comb(print_level=LIGHT_PRINT)
    assert bool(find_sides(replace(ink, threshold=share * (240 - LIGHT_PRINT)), cells)) is is_seen


@pytest.mark.parametrize("print_level", [LIGHT_PRINT, 60, DARK_PRINT], ids=["light", "dark", "darker than the pen"])
def test_stroke_across_a_wall_stays_in_one_piece(print_level):
    ink, cells = drawn_comb([[(WALL - 20, MARGIN + 30), (WALL + 20, MARGIN + 40)]], print_level=print_level)
    count, _, stats, _ = cv2.connectedComponentsWithStats(erase_cell_lines(ink, cells).written.astype(np.uint8))
    assert stats[1:count, cv2.CC_STAT_WIDTH].max() >= 40


def test_stroke_along_one_wall_is_the_pen_since_the_other_walls_are_thinner():
    ink, cells = drawn_comb([[(WALL, MARGIN + 12), (WALL, MARGIN + 55)]])
    written = erase_cell_lines(ink, cells).written
    assert written[MARGIN + 15 : MARGIN + 52, WALL - 4 : WALL + 5].any(axis=1).all()
    assert not written[MARGIN + 15 : MARGIN + 52, WALL + CELL_W - 4 : WALL + CELL_W + 5].any()


def test_bar_of_a_seven_in_drop_out_ink_is_no_printed_line():
    bar = [(MARGIN + 4, MARGIN), (MARGIN + CELL_W - 4, MARGIN)]
    ink, cells = drawn_comb([bar], is_printed=False)
    assert (erase_cell_lines(ink, cells).written == ink.mask).all()


def test_stroke_hidden_under_a_line_is_offered_as_a_bridge():
    # Both ends dive under a line as thick and dark as the pen; between them nothing shows.
    ink, cells = drawn_comb(
        [
            [(MARGIN + 15, MARGIN + 40), (MARGIN + 15, MARGIN + CELL_H)],
            [(MARGIN + 33, MARGIN + 40), (MARGIN + 33, MARGIN + CELL_H)],
        ],
        print_level=PEN,
    )
    found = erase_cell_lines(ink, cells)
    between = (slice(MARGIN + CELL_H - 3, MARGIN + CELL_H + 4), slice(MARGIN + 22, MARGIN + 27))
    assert not found.written[between].any()
    assert found.bridged[between].any()
    assert (found.bridged | found.written == found.bridged).all()


def test_one_written_on_a_wall_belongs_to_the_empty_cell():
    three = [(WALL + 12, MARGIN + 15), (WALL + 35, MARGIN + 20), (WALL + 15, MARGIN + 35), (WALL + 35, MARGIN + 55)]
    one = [(WALL + 2, MARGIN + 12), (WALL + 2, MARGIN + 55)]
    written = np.zeros((CELL_H + 2 * MARGIN, 2 * CELL_W + 2 * MARGIN), np.uint8)
    for points in (three, one):
        cv2.polylines(written, [np.array(points, np.int32)], False, 1, 5)
    cells = tuple(Box(MARGIN + i * CELL_W, MARGIN, MARGIN + (i + 1) * CELL_W, MARGIN + CELL_H) for i in range(2))
    shared = share_ink(find_blobs(written.astype(bool)), cells, 9)
    assert [len(blobs) for blobs in shared.cells] == [1, 1]
    assert shared.cells[0][0].box.width < 10


def touching_pair():
    """Two rings that touch on the wall between the first and the second cell."""
    angle = np.linspace(0, 2 * np.pi, 40)
    rings = [
        [(int(x + 19 * np.cos(a)), int(MARGIN + 35 + 22 * np.sin(a))) for a in angle] for x in (WALL - 17, WALL + 18)
    ]
    return comb_region(3, rings, printed=False)


def test_touching_digits_are_cut_and_every_other_cut_names_both_cells():
    field = segment_field(touching_pair())
    assert [crop.first for crop in field.crops] == [0, 1]
    assert field.comb.is_touching
    assert field.comb.variants
    assert all(set(variant.inks) == {0, 1} for variant in field.comb.variants)


class FirstAskedIsUnsure:
    """Takes the crops of the first way to cut for no digit, and those of all others for sevens."""

    def __init__(self, unsure):
        self.unsure = unsure

    def read_digits(self, crops):
        rows = [row(NOT_A_DIGIT, 0.9) if i < self.unsure else row(7) for i in range(len(crops))]
        return DigitReadings(np.array(rows, np.float32))

    def read_strips(self, strips):
        assert not strips, "combs have no strips"
        return StripReadings(())

    def read_combs(self, pictures):
        return StripReadings(((),) * len(pictures))


def test_the_cut_that_gives_digits_is_believed():
    field = segment_field(touching_pair())
    digits = read_fields([field], FirstAskedIsUnsure(len(field.crops)))[0].digits
    assert digits.shape == (2, 11)
    assert digits.argmax(axis=1).tolist() == [7, 7]
    assert digits.sum(axis=1) == pytest.approx(1)


def test_field_that_was_cut_one_way_is_read_as_it_is():
    field = segment_field(comb_region(3, [one_in_cell(1)]))
    assert field.variants == ()
    assert read_fields([field], FirstAskedIsUnsure(0))[0].digits == pytest.approx(np.array([row(7)]))
