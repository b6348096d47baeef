"""Strips made ready for the network: 32 px high, paper removed, contrast equalised; and the views a strip is read in.

Composed and real strips go through the same `normalize_strip`, so that the network meets one kind of picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from recognizer.readings import FloatArray, GrayImage

STRIP_HEIGHT = 32
"""Rows of the network's input; writing is 13 to 28 of them high."""

MARGIN_PX = 24
"""Plain paper added left and right when reading. Strips cut tight to the ink invent a digit at the edge without it:
24 px gave +3 points exact on cheque amounts and +10 on form fields over no margin."""

MAX_WIDTH_PX = 1024
"""Widest strip read; a wider one is squeezed. Fourteen well-spaced digits take about 400 px."""

_WHOLE_PX = 27.0
"""Height of a whole strip in its first view: +3 points over 32 on the tune half of real amounts."""
_NARROWING = 0.85
_PAPER_WINDOW = (31, 31)
_INK_PIXELS = 64
"""The darkest so many pixels count as full ink; about the area of a thin 1, and independent of the strip's width."""
_LEAST_CONTRAST = 12.0
"""Grey levels below which darkness is noise, not ink."""


@dataclass(frozen=True, slots=True)
class View:
    """One normalised picture of a strip.

    Attributes:
        ink: (32, W) float32 from -1 to 2: about 0 where there is paper, about 1 where there is ink.
        scale: columns of `ink` a column of the strip handed in.
        offset: column of `ink` at which the strip's left edge lies.
    """

    ink: FloatArray
    scale: float
    offset: float

    def strip_column(self, column: float) -> float:
        """Column of the strip handed in for a column of this view."""
        return (column - self.offset) / self.scale


def normalize_strip(gray: GrayImage) -> FloatArray:
    """Remove the local background of a 32 px high strip and bring its ink to about one.

    Args:
        gray: (32, W) uint8, dark on light.

    Returns:
        (32, W) float32 from -1 to 2.
    """
    level = gray.astype(np.float32)
    paper = cv2.blur(np.maximum(level, np.median(level)), _PAPER_WINDOW, borderType=cv2.BORDER_REPLICATE)
    darkness = paper - level
    flat = np.sort(darkness, axis=None)
    low = flat[int(0.4 * len(flat))]
    high = flat[-min(_INK_PIXELS, len(flat))]
    ink: FloatArray = np.clip((darkness - low) / max(high - low, _LEAST_CONTRAST), -1.0, 2.0).astype(np.float32)
    return ink


def views_of(gray: GrayImage) -> tuple[View, ...]:
    """The views a strip is read in: the whole height, the rows that hold ink, and the whole height narrowed.

    Of twenty sets of up to six views this one read most of the tune half of real cheque amounts.

    Args:
        gray: (H, W) uint8, dark on light, H and W at least 1.

    Returns:
        At least one view; the first is the one greedy reading uses.
    """
    return (whole_view(gray), rows_view(gray), _fit(gray, 0, gray.shape[0], STRIP_HEIGHT, narrowing=_NARROWING))


def whole_view(gray: GrayImage) -> View:
    """The strip's whole height with margins, a little smaller than the network's 32 rows."""
    return _fit(gray, 0, gray.shape[0], _WHOLE_PX)


def rows_view(gray: GrayImage) -> View:
    """The rows of the writing at 22 of the 32 px, whatever paper lies above and below."""
    whole = _resize_rows(gray, 64.0)
    ink = normalize_strip(whole)
    mask = ((ink > 0.5) * np.uint8(255)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    tall = [stat for stat in stats[1:count] if stat[cv2.CC_STAT_HEIGHT] > 18 and stat[cv2.CC_STAT_WIDTH] < 150]
    if not tall:
        return _fit(gray, 0, gray.shape[0], 24.0)
    back = gray.shape[0] / whole.shape[0]
    top = float(np.percentile([stat[cv2.CC_STAT_TOP] for stat in tall], 20)) * back
    bottom = float(np.percentile([stat[cv2.CC_STAT_TOP] + stat[cv2.CC_STAT_HEIGHT] for stat in tall], 80)) * back
    if bottom - top < 0.35 * gray.shape[0]:
        top, bottom = (top + bottom) / 2 - 0.18 * gray.shape[0], (top + bottom) / 2 + 0.18 * gray.shape[0]
    return _fit(gray, top, bottom, 22.0)


def _resize_rows(gray: GrayImage, height_px: float) -> GrayImage:
    scale = height_px / gray.shape[0]
    width = max(1, round(gray.shape[1] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, (width, round(height_px)), interpolation=method), np.uint8)


def _fit(gray: GrayImage, top: float, bottom: float, height_px: float, narrowing: float = 1.0) -> View:
    """Rows `top` to `bottom` at `height_px`, in the middle of 32 rows; what lies beside them fills the rest."""
    scale = height_px / (bottom - top)
    width = min(MAX_WIDTH_PX, max(1, round(gray.shape[1] * scale * narrowing)))
    across = width / gray.shape[1]
    source = gray
    if scale < 1:
        source = np.asarray(cv2.GaussianBlur(gray, (0, 0), 0.4 / scale), np.uint8)
    shift_y = STRIP_HEIGHT / 2 - 0.5 - scale * ((top + bottom) / 2 - 0.5)
    matrix = np.array([[across, 0, (across - 1) / 2], [0, scale, shift_y]], np.float32)
    method = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    strip = cv2.warpAffine(source, matrix, (width, STRIP_HEIGHT), flags=method, borderMode=cv2.BORDER_REPLICATE)
    ink = np.zeros((STRIP_HEIGHT, width + 2 * MARGIN_PX), np.float32)
    ink[:, MARGIN_PX : MARGIN_PX + width] = normalize_strip(np.asarray(strip, np.uint8))
    return View(ink=ink, scale=across, offset=float(MARGIN_PX))
