"""A pen line drawn straight through writing: one thin stroke that runs on from digit to digit and across them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.ink import BoolImage

HEIGHT_PX = 32
"""Digits are looked at this high: a pen is 3 to 5 pixels wide then."""
SLOPES = np.tan(np.radians(np.arange(-27, 27.1, 1.5)))
"""Slants of a pen drawn through a field; corner to corner of four digits is 15 degrees."""
BAND, CORE_PX = 0.12, 3
"""It stays within a band of this many digit heights once levelled, since hands waver, and mostly within its core."""
THIN = 1.7
"""Strokes at most this many pens high run along the line, higher ones across it."""
LEAST_THIN = 0.7
"""Share of the line along which a thin stroke shows in the core of its band; joined zeros have less."""
CROSSED_LEVEL, CROSSED_SLANTED = 3, 2
"""Strokes that go on above and below it; the bar of a 7 that runs into an 8 meets two."""
SLANTED = 0.1
"""Slope of a line that is no bar of any digit."""
REACH = 0.5
"""How far above and below strokes are looked for, in digit heights."""
AMID = (0.2, 0.8)
"""Where in the height of the writing a strike's middle lies; rules that digits stand on and reach under lie lower."""


def has_pen_line(mask: BoolImage, digit_height: float, least_px: float) -> bool:
    """Whether a straight thin stroke at least `least_px` long runs through writing.

    Args:
        mask: (h, w) bool, ink, tight from top to bottom.
        digit_height: pixels.
        least_px: shortest line that counts.
    """
    if mask.size == 0 or digit_height < 4 or mask.shape[1] < least_px:
        return False
    scale = HEIGHT_PX / digit_height
    ink = _scaled(mask, scale)
    length = max(2, int(least_px * scale))
    if ink.shape[1] < length or not ink.any():
        return False
    along = _thin_strokes(ink)
    band = max(3, round(BAND * HEIGHT_PX) | 1)
    return any(_is_crossed_along(ink, along, float(slope), length, band) for slope in SLOPES)


def _scaled(mask: BoolImage, scale: float) -> NDArray[np.uint8]:
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    if scale >= 1:
        return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return (cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.45).astype(np.uint8)


def _thin_strokes(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink that is no higher than a pen."""
    inside = cv2.distanceTransform(np.pad(ink, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    pen = 4 * float(inside[ink > 0].mean())
    high = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(2, int(THIN * pen) + 1), 1), np.uint8))
    return np.asarray((ink > 0) & (high == 0), np.uint8)


def _is_crossed_along(ink: NDArray[np.uint8], along: NDArray[np.uint8], slope: float, length: int, band: int) -> bool:
    height, width = ink.shape
    lowered = max(0.0, slope) * width
    shear = np.array([[1, 0, 0], [-slope, 1, lowered]], np.float64)
    size = (width, int(height + abs(slope) * width) + 1)
    level = np.asarray(cv2.warpAffine(ink, shear, size, flags=cv2.INTER_NEAREST), np.uint8)
    column = np.ones((band, 1), np.uint8)
    joined = cv2.dilate(level, column)
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    rows = np.flatnonzero(runs.any(axis=1))
    if rows.size == 0:
        return False
    core = np.ones((CORE_PX, 1), np.uint8)
    thin = cv2.dilate(cv2.warpAffine(along, shear, size, flags=cv2.INTER_NEAREST), core) > 0
    crossed = CROSSED_SLANTED if abs(slope) >= SLANTED else CROSSED_LEVEL
    for row in rows.tolist():
        run = runs[row] > 0
        middle = float(np.flatnonzero(run).mean())
        is_amid = AMID[0] <= (row + slope * middle - lowered) / height <= AMID[1]
        if is_amid and thin[row, run].mean() >= LEAST_THIN and _strokes_across(level, run, row, band) >= crossed:
            return True
    return False


def _strokes_across(level: NDArray[np.uint8], run: BoolImage, row: int, band: int) -> int:
    """Strokes that show both above and below a run in a row; the bars on top of digits meet none."""
    clear, reach = band + CORE_PX, round(REACH * HEIGHT_PX)
    above = level[max(0, row - clear - reach) : max(0, row - clear), run].any(axis=0)
    below = level[row + clear : row + clear + reach, run].any(axis=0)
    return int((np.diff((above & below).astype(np.int8), prepend=0) == 1).sum())
