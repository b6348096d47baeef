"""Digits cut off by the edge of their picture, told from digits and printed lines that only reach it."""

import cv2
import numpy as np
import pytest

from pipeline.document import Box
from pipeline.stages.clip import is_clipped
from pipeline.stages.paths import Step
from pipeline.stages.segment import segment_field
from tests.stages.drawing import CELL_W, MARGIN, comb_region, line_region, one_in_cell

WIDTH = 400


def ring(image, x):
    cv2.ellipse(image, (x, 55), (16, 26), 0, 0, 360, 30, 5, cv2.LINE_AA)


def digit_at(left: int, right: int, sureness: float = 0.99, char: str = "0") -> Step:
    return Step(char, sureness, Box(left, 26, right, 84))


def field_of(*draws):
    region = line_region([], (110, WIDTH))
    for draw in draws:
        draw(region.image)
    return segment_field(region)


CASES = [
    pytest.param([lambda i: ring(i, 200)], [digit_at(182, 219)], False, id="whole digit"),
    pytest.param([lambda i: ring(i, 0)], [digit_at(0, 19)], True, id="half a digit at the left"),
    pytest.param([lambda i: ring(i, WIDTH - 1)], [digit_at(WIDTH - 19, WIDTH)], True, id="half a digit at the right"),
    pytest.param(
        [lambda i: cv2.polylines(i, [np.array([(0, 40), (30, 30), (30, 84)])], False, 30, 5)],
        [digit_at(0, 33, char="1")],
        False,
        id="stroke that touches the edge, read surely",
    ),
    pytest.param(
        [lambda i: cv2.polylines(i, [np.array([(0, 40), (30, 30), (30, 84)])], False, 30, 5)],
        [digit_at(0, 33, 0.5, "1")],
        True,
        id="the same read with doubt",
    ),
    pytest.param(
        [lambda i: cv2.line(i, (0, 20), (0, 90), 30, 4), lambda i: ring(i, 200)],
        [digit_at(182, 219)],
        False,
        id="side of a box far from the digits",
    ),
    pytest.param(
        [lambda i: ring(i, -4), lambda i: ring(i, 45)], [digit_at(27, 64)], True, id="rest of a digit beside those read"
    ),
    pytest.param([], [], False, id="nothing"),
]


@pytest.mark.parametrize(("draws", "steps", "expected"), CASES)
def test_digit_cut_by_the_edge_is_told_from_what_only_reaches_it(draws, steps, expected):
    assert is_clipped(field_of(*draws), steps) is expected


@pytest.mark.parametrize(("columns", "expected"), [(CELL_W // 2, True), (0, False)], ids=["cut", "whole"])
def test_comb_whose_last_cell_is_cut_off_with_the_picture_is_clipped(columns, expected):
    region = comb_region(5, [one_in_cell(i) for i in range(5)])
    end = MARGIN + 5 * CELL_W - columns
    cells = tuple(cell.clipped(end, region.image.shape[0]) for cell in region.cells)
    picture = region.image[:, : end if columns else None]
    cut = type(region)(**{**vars(region), "image": picture, "cells": cells})
    assert is_clipped(segment_field(cut), []) is expected
