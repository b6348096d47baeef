"""Writing that runs out of its field, told from what stands in the fields beside it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.document import Box
from pipeline.stages.overflow import is_overflow
from pipeline.stages.segment import segment_field
from tests.stages.drawing import CELL_H, CELL_W, MARGIN, comb_region, line_region, one_in_cell

INNER = Box(40, 40, 360, 110)


def ones(*places: int, top: int = 55, bottom: int = 95):
    """Upright strokes at some columns."""
    return [[(x, top), (x - 4, bottom)] for x in places]


def line(strokes, print_form=lambda image: None):
    """A free line in a box with room round it, the blank form known."""
    blank, page = line_region([], (150, 420)), line_region([], (150, 420))
    for image in (blank.image, page.image):
        cv2.rectangle(image, (INNER.left, INNER.top), (INNER.right, INNER.bottom), 70, 2)
        print_form(image)
    for points in strokes:
        cv2.polylines(page.image, [np.array(points, np.int32)], False, 30, 5, cv2.LINE_AA)
    return replace(page, inner=INNER, background=blank.image)


def neighbour(image):
    cv2.rectangle(image, (374, INNER.top), (419, INNER.bottom), 70, 2)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        pytest.param(line(ones(100, 150, 200)), False, id="within"),
        pytest.param(line(ones(250, 300, 345, 385)), True, id="on beyond the right end"),
        pytest.param(line(ones(24, 58, 100, 150)), True, id="from before the left end"),
        pytest.param(line(ones(100, 150, 395)), False, id="far from the digits"),
        pytest.param(line(ones(250, 300, 345, 395), neighbour), False, id="digit in the next field"),
        pytest.param(line(ones(100, 150, 200, 250, top=10, bottom=140)), True, id="far too high"),
        pytest.param(line([]), False, id="empty"),
        pytest.param(replace(line(ones(250, 300, 345, 385)), background=None), False, id="unknown form"),
    ],
)
def test_writing_beyond_a_line_is_told_from_its_neighbours(region, expected):
    assert is_overflow(segment_field(region)) is expected


@pytest.mark.parametrize(
    ("strokes", "expected"),
    [
        pytest.param([one_in_cell(i) for i in range(5)], False, id="within"),
        pytest.param([one_in_cell(i, reach=16) for i in range(5)], False, id="over the lines by a little"),
        pytest.param([[(x, 1), (x - 6, CELL_H + 2 * MARGIN - 2)] for x in range(45, 290, 50)], True, id="far too high"),
        pytest.param(
            [[(MARGIN + 5 * CELL_W + 12, MARGIN + 10), (MARGIN + 5 * CELL_W + 10, 75)]], True, id="beside empty cells"
        ),
    ],
)
def test_writing_out_of_a_comb_is_an_overflow_only_in_good_part(strokes, expected):
    region = comb_region(5, strokes)
    assert is_overflow(segment_field(replace(region, background=comb_region(5).image))) is expected
