"""Which pens over digits are strikes, and which joined digits only look like them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.stages.pen_line import has_pen_line
from pipeline.stages.segment import segment_field
from pipeline.stages.strike import is_struck_out
from tests.stages.drawing import line_region

HEIGHT, TOP, LEFT = 50, 30, 40


def ink_of(draw, width=420) -> np.ndarray:
    image = np.zeros((HEIGHT, width), np.uint8)
    draw(image)
    return image > 0


def uprights(image, count=6):
    for i in range(count):
        cv2.line(image, (20 + 60 * i, 2), (16 + 60 * i, 47), 255, 5)


def with_uprights(draw):
    def both(image):
        uprights(image)
        draw(image)

    return both


def stroke(*points, thickness=5):
    return lambda image: cv2.polylines(image, [np.array(points, np.int32)], False, 255, thickness)


def bowls(image):
    for i in range(6):
        cv2.ellipse(image, (30 + 44 * i, 25), (22, 20), 0, 0, 360, 255, 6)


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        pytest.param(with_uprights(stroke((5, 25), (340, 25))), True, id="through the middle"),
        pytest.param(with_uprights(stroke((5, 45), (340, 5))), True, id="from corner to corner"),
        pytest.param(with_uprights(stroke((5, 22), (120, 28), (230, 21), (340, 27))), True, id="wavering"),
        pytest.param(uprights, False, id="no line"),
        pytest.param(with_uprights(stroke((5, 4), (340, 4))), False, id="bar on top"),
        pytest.param(with_uprights(stroke((5, 47), (340, 47))), False, id="rule under the digits"),
        pytest.param(with_uprights(stroke((20, 25), (90, 25))), False, id="bar of one digit"),
        pytest.param(bowls, False, id="joined zeros"),
        pytest.param(lambda image: None, False, id="nothing"),
        pytest.param(lambda image: image.fill(255), False, id="all ink"),
    ],
)
def test_line_through_several_digits_is_told_from_what_digits_have(draw, expected):
    assert has_pen_line(ink_of(draw), HEIGHT, 2.0 * HEIGHT) is expected


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (40, 3), (2, 300)])
def test_degenerate_pictures_hold_no_line(shape):
    assert has_pen_line(np.ones(shape, bool), 40.0, 80.0) is False


def zigzag(count=6) -> list[list[tuple[int, int]]]:
    """Digits like ones, and a pen that goes up and down over all of them."""
    digits = [[(LEFT + 45 * i, TOP), (LEFT - 3 + 45 * i, TOP + HEIGHT)] for i in range(count)]
    pen = [(LEFT - 15 + 20 * i, TOP + (4 if i % 2 else HEIGHT - 4)) for i in range(2 * count + 2)]
    return [*digits, pen]


def test_tangle_over_all_digits_is_a_strike_where_they_are_read_with_doubt():
    field = segment_field(line_region(zigzag()))
    assert is_struck_out(field, digits=6, confidence=0.2)
    assert not is_struck_out(field, digits=6, confidence=0.97)


def test_joined_digits_that_are_read_surely_are_no_strike():
    joined = [(LEFT + x, TOP + y) for x, y in ((0, 0), (0, 50), (60, 50), (60, 0), (120, 50), (120, 0), (180, 50))]
    field = segment_field(line_region([joined]))
    assert not is_struck_out(field, digits=4, confidence=0.95)


def test_strike_that_was_erased_as_a_rule_is_seen_where_the_blank_form_is_known():
    digits = [[(LEFT + 45 * i, TOP), (LEFT - 3 + 45 * i, TOP + HEIGHT)] for i in range(6)]
    region = line_region([*digits, [(20, TOP + 25), (330, TOP + 27)]])
    assert is_struck_out(segment_field(replace(region, background=line_region([]).image)), digits=6, confidence=0.97)


def test_marks_alone_are_judged_without_complaint():
    assert not is_struck_out(segment_field(line_region([[(40, 60), (70, 40), (90, 30)]])), confidence=0.0)
