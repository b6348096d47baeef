"""What a form and a scanner leave in a digit's place: rules, frames, points, blots, specks and plain paper.

A vertical rule and a steep slash are left out: after normalisation they are ones, and only a field's grammar can tell.
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.augment import ImageStack
from recognizer.non_digit_pieces import SIDE_PX, any_digit, canvas, draw_line, is_like_one, random_pen_px
from recognizer.readings import InkImage


def border(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Corner, tee, bracket, frame or crossing of printed rules."""
    ink, pen = canvas(), random_pen_px(rng)
    low, high = rng.uniform(4, 18), rng.uniform(46, 60)
    sides = {
        "top": ((low, low), (high, low)),
        "left": ((low, low), (low, high)),
        "bottom": ((low, high), (high, high)),
        "right": ((high, low), (high, high)),
        "across": ((low, 32), (high, 32)),
        "down": ((32, low), (32, high)),
    }
    shapes = (("top", "left"), ("top", "down"), ("top", "left", "bottom"), ("top", "left", "bottom", "right"),
              ("across", "down"), ("top", "bottom"), ("left", "right"), ("left", "across"))  # fmt: skip
    for side in shapes[rng.integers(len(shapes))]:
        draw_line(ink, *sides[side], pen)
    return np.ascontiguousarray(np.rot90(ink, int(rng.integers(4))))


def ruled_digit(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit in a whole printed frame, so that it is tiny: the box was not removed."""
    ink = border(rng, digits)
    digit = cv2.resize(any_digit(rng, digits, 1), None, fx=1.2, fy=1.2)
    top, left = (SIDE_PX - digit.shape[0]) // 2, (SIDE_PX - digit.shape[1]) // 2
    inside = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
    np.maximum(inside, digit, out=inside)
    return ink


def rule(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A dash or a horizontal rule, often dead straight, perhaps broken, perhaps with a speck."""
    ink = canvas()
    y = rng.uniform(20, 44)
    rise = 0.0 if rng.random() < 0.4 else rng.uniform(-12, 12)
    draw_line(ink, (3, y), (60, y + rise), int(rng.integers(1, 8)))
    if rng.random() < 0.3:
        gap = int(rng.integers(8, 50))
        ink[:, gap : gap + int(rng.integers(2, 8))] = 0
    if rng.random() < 0.3:
        cv2.circle(ink, (int(rng.integers(64)), int(rng.integers(64))), int(rng.integers(1, 4)), 255, -1)
    return ink


def dots(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Points, colons and commas."""
    ink = canvas()
    for x, y in rng.integers(12, 52, (int(rng.integers(1, 4)), 2)):
        across = int(rng.integers(3, 9))
        axes = (across, round(across * rng.uniform(0.6, 1.6)))
        cv2.ellipse(ink, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        if rng.random() < 0.4:
            draw_line(ink, (x, y), (x - rng.uniform(2, 10), y + rng.uniform(5, 14)), int(rng.integers(2, 5)))
    return ink


def segments(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Five to eight pieces of printed rules in two directions."""
    ink, pen = canvas(), int(rng.integers(2, 6))
    for _ in range(int(rng.integers(5, 9))):
        place, start = rng.uniform(4, 60, 2)
        end = np.clip(start + rng.choice((-1, 1)) * rng.uniform(14, 50), 3, 61)
        ends = ((start, place), (end, place)) if rng.random() < 0.5 else ((place, start), (place, end))
        draw_line(ink, *ends, pen)
    return ink


def rings(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Two to four rings or arcs, one within the other."""
    ink, pen = canvas(), int(rng.integers(2, 5))
    flat = rng.uniform(0.6, 1.0)
    for radius in np.linspace(rng.uniform(4, 10), 29, int(rng.integers(2, 5))):
        start = rng.uniform(0, 360)
        axes = (round(radius), round(radius * flat))
        cv2.ellipse(ink, (32, 32), axes, 0, start, start + rng.uniform(200, 360), 255, pen, cv2.LINE_AA)
    return ink


def blot(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Filled shapes: a ticked-out box, a stamp's edge, a smear."""
    ink = canvas()
    if rng.random() < 0.2:
        across, down = rng.integers(18, 60, 2)
        ink[2 : 2 + down, 2 : 2 + max(across, down // 2)] = 255
        return ink
    corners = rng.uniform(4, 60, (int(rng.integers(3, 8)), 2)).round().astype(np.int32)
    if rng.random() < 0.7:
        corners = np.asarray(cv2.convexHull(corners), np.int32)
    cv2.fillPoly(ink, [corners], 255, cv2.LINE_AA)
    if is_like_one(ink):
        return blot(rng, digits)
    return ink if rng.random() < 0.5 else np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(1, 6)), np.uint8)


def noise(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Specks, a few or many, sharp or blurred."""
    side = int(rng.integers(16, 64))
    dots = np.where(rng.random((side, side)) < rng.uniform(0.005, 0.2), 255, 0).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(dots, (0, 0), rng.uniform(0.4, 1.5)), np.uint8)


def blank(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Nothing, or the paper's texture blown up to full contrast."""
    if rng.random() < 0.5:
        return canvas()
    texture = np.abs(rng.normal(0, 255, (32, 32))).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), rng.uniform(0.3, 3)), np.uint8)
