"""Things found in digit fields that nothing drawn for training resembles: for measuring only."""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.augment import ImageStack
from recognizer.ink import FloatArray
from recognizer.non_digit_pieces import Maker, canvas, draw_line
from recognizer.pen import draw_strokes, mark_strokes, random_hand
from recognizer.readings import InkImage


def pen_mark(mark: str) -> Maker:
    """A maker of one of `recognizer.pen.MARKS`, in many hands."""

    def draw(rng: np.random.Generator, digits: ImageStack) -> InkImage:
        hand = random_hand(rng)
        return draw_strokes(mark_strokes(mark, hand, rng), 40, 40 * hand.pen_width, hand.touch, rng)

    return draw


def star(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A pentagram drawn in one go. A rosette of strokes would be the asterisk of the trained symbols."""
    ink = canvas()
    angle = np.arange(6) * 4 * np.pi / 5 + rng.uniform(0, 6)
    points = np.stack([32 + 27 * np.cos(angle), 32 + 27 * np.sin(angle)], axis=1) + rng.normal(0, 2, (6, 2))
    _polyline(ink, points, int(rng.integers(2, 5)))
    return ink


def arrow(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """An arrow to the left or right, at the field beside it. An upright one may be a 1, a steep one a 7."""
    ink, pen = canvas(), int(rng.integers(2, 6))
    heading = rng.choice((0.0, np.pi)) + rng.uniform(-0.5, 0.5)
    half, barb = rng.uniform(20, 28), rng.uniform(10, 18)
    along = np.array([np.cos(heading), np.sin(heading)])
    tip, tail = 32 + half * along, 32 - half * along + rng.normal(0, 2, 2)
    _polyline(ink, np.stack([tail, tip]), pen)
    spread = rng.uniform(0.45, 0.8)
    for side in (-1, 1):
        back = heading + np.pi + side * spread
        _polyline(ink, np.stack([tip, tip + barb * np.array([np.cos(back), np.sin(back)])]), pen)
    return ink


def crossed_box(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A printed box that somebody marked with a cross, in pen."""
    ink = canvas()
    left, top = (int(v) for v in rng.integers(6, 16, 2))
    side = int(rng.integers(34, 44))
    cv2.rectangle(ink, (left, top), (left + side, top + side), 255, int(rng.integers(2, 5)), cv2.LINE_AA)
    pen = int(rng.integers(2, 6))
    # Within the box at its smallest, beyond it at its largest.
    reach = side * rng.uniform(0.25, 0.65)
    x, y = left + side / 2, top + side / 2
    for sign in (-1, 1):
        ends = rng.normal((x - reach, y - sign * reach, x + reach, y + sign * reach), 2)
        draw_line(ink, (ends[0], ends[1]), (ends[2], ends[3]), pen)
    return ink


def registration_mark(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A printer's target: hair lines crossing in a circle and beyond it, two opposite quarters filled at times."""
    ink, pen = canvas(), int(rng.integers(2, 4))
    radius = int(rng.integers(11, 21))
    cv2.circle(ink, (32, 32), radius, 255, pen, cv2.LINE_AA)
    reach = rng.uniform(radius + 5, 30)
    draw_line(ink, (32 - reach, 32), (32 + reach, 32), pen)
    draw_line(ink, (32, 32 - reach), (32, 32 + reach), pen)
    if rng.random() < 0.4:
        for start in (0, 180):
            cv2.ellipse(ink, (32, 32), (radius, radius), 0, start, start + 90, 255, -1, cv2.LINE_AA)
    return ink


def barcode(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A piece of a bar code: five to nine upright bars and gaps of one to four modules."""
    module = int(rng.integers(2, 4))
    bars = int(rng.integers(5, 10))
    widths = rng.integers(1, 5, 2 * bars - 1) * module
    is_bar = np.arange(len(widths)) % 2 == 0
    row = np.repeat(np.where(is_bar, 255, 0).astype(np.uint8), widths)
    return np.ascontiguousarray(np.tile(row, (int(rng.integers(30, 60)), 1)))


def flourish(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Running loops, as at the end of a signature: three to five, slanted, smaller towards the end."""
    loops = int(rng.integers(3, 6))
    turn = np.linspace(0, 2 * np.pi * loops, 40 * loops)
    size = np.linspace(1, rng.uniform(0.4, 1), len(turn))
    loop_px, step_px = rng.uniform(9, 13), rng.uniform(8, 13)
    x = step_px * turn / (2 * np.pi) - loop_px * 0.7 * size * np.sin(turn)
    y = -loop_px * size * np.cos(turn)
    x = x - rng.uniform(0, 0.6) * y
    points = np.stack([x, y], axis=1)
    points = points - points.min(axis=0) + 6
    ink = np.zeros(np.ceil(points.max(axis=0) + 6).astype(int)[::-1], np.uint8)
    _polyline(ink, points, int(rng.integers(2, 5)))
    return ink


def _polyline(ink: InkImage, points: FloatArray, pen_px: int) -> None:
    cv2.polylines(ink, [points.round().astype(np.int32)], False, 255, pen_px, cv2.LINE_AA)
