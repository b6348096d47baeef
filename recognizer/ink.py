"""Strokes to pictures: a pen tip of varying width and darkness is dragged along them.

`recognizer.pen` says what to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import InkImage

FloatArray = NDArray[np.float64]
Strokes = tuple[FloatArray, ...]
"""Pen strokes in order, each (n, 2) float64 of (x, y): x to the right, y down; a digit is 1 high."""

_GRAIN_SIZE = 256
_SUPERSAMPLED_HEIGHT = 150
"""Strokes are drawn at about this many pixels a digit before they are shrunk: finer changes no grey value by much."""


class Tool(StrEnum):
    """What leaves the ink."""

    BALL = "ball"
    GEL = "gel"
    FELT = "felt"
    PENCIL = "pencil"


@dataclass(frozen=True, slots=True)
class Touch:
    """How a hand presses its pen on the paper.

    Attributes:
        tool: the pen.
        darkness: ink of a full stroke, 0 (none) to 1 (black).
        contrast: how much thicker strokes along the nib are than strokes across it, 0 to 0.6.
        nib_rad: direction in which strokes are thickest, radians, 0 = along x.
        unsteadiness: spread of the slow change of pressure along a stroke, share of the width.
        taper: how much a stroke thins out where the pen leaves the paper, 0 to 0.6.
        softness: blur of the stroke's edge, pixels.
    """

    tool: Tool = Tool.GEL
    darkness: float = 1.0
    contrast: float = 0.0
    nib_rad: float = np.pi / 2
    unsteadiness: float = 0.0
    taper: float = 0.0
    softness: float = 0.0


STEADY_TOUCH = Touch()
"""Even black ink of one width."""


def draw_strokes(
    strokes: Sequence[FloatArray],
    height_px: float,
    pen_px: float,
    touch: Touch = STEADY_TOUCH,
    rng: np.random.Generator | None = None,
) -> InkImage:
    """Draw strokes into a picture that just holds them.

    Args:
        strokes: what to draw, a digit being 1 high.
        height_px: pixels of the height 1; positive. Ink of a digit is `height_px + pen_px` high.
        pen_px: mean width of the stroke, pixels; positive.
        touch: how the pen is pressed.
        rng: source of pressure and grain; without one the ink is even whatever `touch` says.

    Returns:
        (h, w) uint8, ink bright on zero, one empty pixel or more all round; 1 x 1 and empty without strokes.
    """
    return lay_strokes(strokes, height_px, pen_px, touch, rng)[0]


def lay_strokes(
    strokes: Sequence[FloatArray],
    height_px: float,
    pen_px: float,
    touch: Touch = STEADY_TOUCH,
    rng: np.random.Generator | None = None,
) -> tuple[InkImage, tuple[int, int]]:
    """As `draw_strokes`, and the (left, top) pixel of the picture relative to where the strokes' origin is."""
    if height_px <= 0 or pen_px <= 0:
        raise ValueError(f"height_px and pen_px must be positive, not {height_px} and {pen_px}")
    if not strokes:
        return np.zeros((1, 1), np.uint8), (0, 0)
    corners = np.array([point for stroke in strokes for point in (stroke.min(axis=0), stroke.max(axis=0))])
    margin = 0.75 * pen_px + 2 + 2 * touch.softness  # pressure makes a stroke up to 1.4 times as wide
    left, top = np.floor(corners.min(axis=0) * height_px - margin).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) * height_px + margin).astype(int) + 1
    finer = int(np.clip(round(_SUPERSAMPLED_HEIGHT / height_px), 1, 6))
    if finer == 1 and pen_px < 8:
        finer = 2
    canvas = np.zeros(((bottom - top) * finer, (right - left) * finer), np.uint8)
    origin = np.array([left, top]) * finer + 0.5
    for stroke in strokes:
        widths, shades = _pressure(stroke, touch, rng)
        _drag(canvas, stroke * (height_px * finer) - origin, widths * (pen_px * finer), shades * touch.darkness)
    size = (int(right - left), int(bottom - top))
    ink = np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)
    if touch.softness > 0:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), touch.softness), np.uint8)
    if rng is not None:
        ink = _grained(ink, touch.tool, rng)
    return ink, (int(left), int(top))


def _pressure(stroke: FloatArray, touch: Touch, rng: np.random.Generator | None) -> tuple[FloatArray, FloatArray]:
    """Width (1 = the pen's mean) and darkness (0 to 1) of each segment of a stroke."""
    steps = np.diff(stroke, axis=0)
    count = len(steps)
    widths = np.ones(count)
    if rng is None:
        return widths, np.ones(count)
    if touch.contrast > 0:
        widths += touch.contrast * 0.5 * np.cos(2 * (np.arctan2(steps[:, 1], steps[:, 0]) - touch.nib_rad))
    knots = max(2, count // 10 + 2)
    slow = np.interp(np.linspace(0, knots - 1, count), np.arange(knots), rng.standard_normal(knots))
    widths += touch.unsteadiness * slow
    if touch.taper > 0:
        leaving = np.clip(np.arange(count)[::-1] / min(10, count), 0, 1)
        widths *= 1 - touch.taper * (1 - leaving)
    shades = 1 + 0.12 * slow if touch.tool is not Tool.FELT else np.ones(count)
    return np.clip(widths, 0.35, 1.4), np.clip(shades, 0.55, 1.0)


def _drag(canvas: InkImage, points: FloatArray, widths: FloatArray, shades: FloatArray) -> None:
    """Draw one stroke, segments of like width and shade in one go."""
    pixels = np.round(points * 16).astype(np.int32)
    thick = np.maximum(1, np.round(widths)).astype(int)
    levels = (np.clip(shades, 0, 1) * 15).round().astype(int) * 17
    changes = np.flatnonzero((np.diff(thick) != 0) | (np.diff(levels) != 0)) + 1
    bounds = [0, *changes.tolist(), len(thick)]
    for first, last in pairwise(bounds):
        run = pixels[first : last + 1]
        cv2.polylines(canvas, [run], False, int(levels[first]), int(thick[first]), cv2.LINE_8, 4)


def _grained(ink: InkImage, tool: Tool, rng: np.random.Generator) -> InkImage:
    grain = _grain(tool)
    if grain is None:
        return ink
    height, width = ink.shape
    row, column = rng.integers(0, _GRAIN_SIZE, 2)
    rows = np.arange(row, row + height) % _GRAIN_SIZE
    columns = np.arange(column, column + width) % _GRAIN_SIZE
    return np.asarray(cv2.multiply(ink, grain[rows[:, None], columns[None, :]], scale=1 / 255), np.uint8)


@cache
def _grain(tool: Tool) -> InkImage | None:
    """(256, 256) share of the ink that sticks to the paper, 255 = all; None for pens that leave all of it."""
    noise = np.random.default_rng(20).standard_normal((_GRAIN_SIZE, _GRAIN_SIZE))
    if tool is Tool.PENCIL:  # graphite catches on the tooth of the paper only
        tooth = cv2.GaussianBlur(noise, (0, 0), 0.6)
        share = 0.86 + 0.17 * tooth / tooth.std()
    elif tool is Tool.BALL:  # the ball skips in short streaks
        streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.7, sigmaY=1.6)
        share = 0.97 + 0.09 * streaks / streaks.std()
    else:
        return None
    return np.asarray(np.clip(share, 0.1, 1.0) * 255, np.uint8)
