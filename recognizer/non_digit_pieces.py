"""What things that are no digit are drawn with: a canvas, lines, curves, text, and digits to take apart."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.augment import ImageStack
from recognizer.readings import InkImage

SIDE_PX = 64
"""Canvas; a digit drawn on it is about 40 high, as at 200 to 300 dpi."""

Maker = Callable[[np.random.Generator, ImageStack], InkImage]
"""Draws one image that is no digit, (h, w) of any size, perhaps of the digits handed in."""


def canvas() -> InkImage:
    """An empty square, (SIDE_PX, SIDE_PX)."""
    return np.zeros((SIDE_PX, SIDE_PX), np.uint8)


def random_pen_px(rng: np.random.Generator) -> int:
    """Width of a pen or of a printed rule, pixels of the canvas."""
    return int(rng.integers(2, 7))


def any_digit(rng: np.random.Generator, digits: ImageStack, scale: int = 2) -> InkImage:
    """A digit's own box, enlarged."""
    image = digits[rng.integers(len(digits))]
    left, top, width, height = cv2.boundingRect(image)
    if width == 0:
        return np.full((20 * scale, 3 * scale), 255, np.uint8)
    box = image[top : top + height, left : left + width]
    return np.asarray(cv2.resize(box, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)


def touching_digits(rng: np.random.Generator, digits: ImageStack, count: int) -> InkImage:
    """Digits side by side, just touching or overlapping."""
    row = any_digit(rng, digits)
    for _ in range(count - 1):
        other = any_digit(rng, digits)
        overlap = min(int(rng.integers(-3, 7)), row.shape[1] - 1, other.shape[1] - 1)
        shift = int(rng.integers(0, 7))
        height = max(row.shape[0], other.shape[0]) + shift
        joined = np.zeros((height, row.shape[1] + other.shape[1] - overlap), np.uint8)
        joined[: row.shape[0], : row.shape[1]] = row
        right = joined[shift : shift + other.shape[0], joined.shape[1] - other.shape[1] :]
        np.maximum(right, other, out=right)
        row = joined
    return row


def random_curve(rng: np.random.Generator, knots: int) -> NDArray[np.int32]:
    """(n, 2) points of a smooth random curve on the canvas."""
    points = rng.uniform(6, SIDE_PX - 6, (knots, 2))
    along = np.linspace(0, knots - 1, 20 * knots)
    path = np.stack([np.interp(along, np.arange(knots), points[:, axis]) for axis in (0, 1)])
    window = np.ones(13) / 13
    smooth = [np.convolve(np.pad(row, 6, "edge"), window, "valid") for row in path]
    return np.stack(smooth, axis=1).round().astype(np.int32)


def draw_line(ink: InkImage, start: tuple[float, float], end: tuple[float, float], pen_px: int) -> None:
    """Draw a straight line from one (x, y) to another."""
    first, last = (round(start[0]), round(start[1])), (round(end[0]), round(end[1]))
    cv2.line(ink, first, last, 255, pen_px, cv2.LINE_AA)


def is_like_one(ink: InkImage) -> bool:
    """One straight upright or leaning stroke, however thick, which people write for a 1."""
    mass = cv2.moments(ink)
    if mass["m00"] == 0:
        return False
    spread = np.array([[mass["mu20"], mass["mu11"]], [mass["mu11"], mass["mu02"]]]) / mass["m00"]
    minor, major = np.linalg.eigvalsh(spread)
    lies_flat = spread[0, 0] > 3 * spread[1, 1]
    return bool(minor < 0.1 * major and not lies_flat)


_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def draw_text(text: str, rng: np.random.Generator) -> InkImage:
    """Letters of a plotter's or a script font, slanted and turned a little."""
    font = _FONTS[rng.integers(len(_FONTS))]
    (width, height), _ = cv2.getTextSize(text, font, 1.6, 3)
    ink = np.zeros((height + 50, width + 50), np.uint8)
    cv2.putText(ink, text, (25, height + 22), font, 1.6, 255, int(rng.integers(2, 6)), cv2.LINE_AA)
    lean, turn = rng.uniform(-0.3, 0.3), rng.uniform(-0.15, 0.15)
    matrix = np.array([[1, -lean, lean * height / 2], [turn, 1, -turn * width / 2]])
    return np.asarray(cv2.warpAffine(ink, matrix, (ink.shape[1], ink.shape[0])), np.uint8)
