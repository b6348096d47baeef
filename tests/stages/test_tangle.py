from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.stages.segment import segment_field
from pipeline.stages.strike import is_struck_out
from pipeline.stages.tangle import texture_of
from tests.stages.drawing import CELL_H, CELL_W, MARGIN, comb_region, line_region

HEIGHT = 44


def written(text: str, strike=lambda image: None) -> np.ndarray:
    image = np.zeros((100, 60 + 40 * len(text)), np.uint8)
    cv2.putText(image, text, (30, 70), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 4)
    strike(image)
    return image > 0


def hatching(image):
    xs = np.arange(25, image.shape[1] - 25, 5)
    ys = np.where(np.arange(len(xs)) % 2, 28, 68)
    cv2.polylines(image, [np.stack([xs, ys], axis=1)], False, 255, 2)


def coils(image):
    t = np.linspace(0, 2 * np.pi * 9, 400)
    xs, ys = 30 + (image.shape[1] - 60) * t / t[-1] + 16 * np.cos(t), 48 + 20 * np.sin(t)
    cv2.polylines(image, [np.stack([xs, ys], axis=1).astype(np.int32)], False, 255, 4)


@pytest.mark.parametrize("text", ["12345", "67594", "24681", "77171"])
def test_digits_are_not_tangled(text):
    assert not texture_of(written(text), HEIGHT, at_least=len(text)).is_tangled


@pytest.mark.parametrize("text", ["12345", "67890"])
@pytest.mark.parametrize("strike", [hatching, coils])
def test_scribble_over_digits_is_tangled(text, strike):
    assert texture_of(written(text, strike), HEIGHT, at_least=len(text)).is_tangled


@pytest.mark.parametrize("text", ["", "8"])
def test_too_little_writing_is_not_judged(text):
    assert texture_of(written(text), HEIGHT, digits=len(text)) is None


def strokes(cells: int):
    """Digits like ones in cells."""
    xs = [MARGIN + i * CELL_W + CELL_W // 2 for i in range(cells)]
    return [[(x, MARGIN + 12), (x - 4, MARGIN + CELL_H - 12)] for x in xs]


def test_line_through_a_comb_and_through_a_free_line_is_a_strike():
    y = MARGIN + CELL_H // 2
    across = [(MARGIN + 8, y), (MARGIN + 5 * CELL_W - 8, y + 3)]
    assert is_struck_out(segment_field(comb_region(5, [*strokes(5), across])))
    assert not is_struck_out(segment_field(comb_region(5, strokes(5))))
    free = [[(40 + 50 * i, 25), (36 + 50 * i, 85)] for i in range(6)]
    blank = line_region([]).image
    assert is_struck_out(segment_field(replace(line_region([*free, [(20, 55), (330, 58)]]), background=blank)))
    assert not is_struck_out(segment_field(replace(line_region(free), background=blank)))
