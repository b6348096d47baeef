"""Where the cells of a comb really are: equal pitch, fitted to the printed lines that can be seen."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from recognizer.readings import GrayImage

MIN_DEPTH = 10
"""Gray levels by which a printed cell wall must be darker than the paper beside it."""
MIN_VISIBLE = 0.6
"""Share of the walls that must be seen before they are believed; digits such as 1 and 7 imitate single walls."""
MAX_GAP = 0.22
"""Widest gap between separate boxes, as a share of the pitch."""
COARSE_PX = 2
BANDS = 3


def even_cells(inner: Box, count: int, gap_px: float = 0.0) -> tuple[Box, ...]:
    """Divide a field into cells of equal pitch, left to right, with `gap_px` between them.

    Raises:
        ValueError: `count` is not positive.
    """
    if count < 1:
        raise ValueError("a comb needs at least one cell")
    pitch = (inner.width + gap_px) / count
    lefts = inner.left + pitch * np.arange(count)
    return tuple(
        Box(round(left), inner.top, max(round(left) + 1, round(left + pitch - gap_px)), inner.bottom) for left in lefts
    )


def fit_cells(
    gray: GrayImage, inner: Box, count: int, reach_px: int, gap_px: int | None = None
) -> tuple[Box, ...] | None:
    """Cells that follow the printed walls of a comb; None when too few walls can be seen.

    One fit of both ends and the gap between boxes for all walls at once: a stroke beside one wall moves nothing.

    Args:
        gray: (h, w) uint8 region, dark on light, upright.
        inner: where the comb should be.
        reach_px: how far its ends may be from there.
        gap_px: between boxes that are known to stand apart, to within the same; None where it is not known.
    """
    if count < 1 or inner.width < 4 * count or inner.height < 6:
        return None
    walls = wall_profile(gray, inner)
    # Of places that see the same walls the one in their middle counts most.
    middled = np.convolve(walls, (0.1, 0.2, 0.4, 0.2, 0.1), "same")
    # Coarse to fine: at half the width of a wall's response no peak is stepped over.
    step = COARSE_PX if reach_px > 2 * COARSE_PX else 1
    ends = np.arange(-reach_px, reach_px + 1, step)
    gaps = np.arange(0, int(MAX_GAP * inner.width / count) + 1, step)
    if gap_px is not None:
        gaps = np.arange(max(1, gap_px - reach_px), gap_px + reach_px + 1, step)
    score, left, right, gap = _best_fit(middled, count, inner.left + ends, inner.right + ends, gaps)
    if step > 1:
        near = np.arange(1 - step, step)
        near_gaps = np.unique(np.maximum(0, gap + near))
        score, left, right, gap = _best_fit(middled, count, left + near, right + near, near_gaps)
    if score < MIN_VISIBLE:
        return None
    return even_cells(Box(left, inner.top, right, inner.bottom), count, gap)


def _best_fit(
    walls: NDArray[np.float64],
    count: int,
    lefts: NDArray[np.intp],
    rights: NDArray[np.intp],
    gaps: NDArray[np.intp],
) -> tuple[float, int, int, int]:
    """Score, left and right end and gap of the comb whose walls are seen best."""
    pitch = (rights[None, :, None] - lefts[:, None, None] + gaps) / count
    starts = lefts[:, None, None, None] + pitch[..., None] * np.arange(count)
    ends = starts + (pitch - gaps)[..., None]
    seen = walls[np.rint(starts).astype(np.intp).clip(0, len(walls) - 1)].mean(axis=3)
    seen += walls[np.rint(ends).astype(np.intp).clip(0, len(walls) - 1)].mean(axis=3)
    # Shared walls and walls with a gap between them count alike; shared ones are the likelier design.
    scores = seen / 2 - 0.02 * (gaps > 0)
    i, j, k = np.unravel_index(int(scores.argmax()), scores.shape)
    return float(scores[i, j, k]), int(lefts[i]), int(rights[j]), int(gaps[k])


def wall_profile(gray: GrayImage, inner: Box) -> NDArray[np.float64]:
    """How much of a cell wall stands in every column, 0 to 1: dark in the upper, middle and lower part of the field."""
    kernel = np.ones((1, 2 * max(3, inner.height // 8) + 1), np.uint8)
    inset = inner.height // 8
    top, bottom = max(0, inner.top + inset), min(len(gray), inner.bottom - inset)
    if bottom <= top:
        return np.zeros(gray.shape[1])
    depth = cv2.morphologyEx(gray[top:bottom], cv2.MORPH_BLACKHAT, kernel)
    # A leaning wall wanders by a pixel: count it in the column it is nearest to.
    is_dark = cv2.dilate((depth >= MIN_DEPTH).view(np.uint8), np.ones((1, 3), np.uint8))
    rows = np.linspace(0, bottom - top, BANDS + 1).astype(int)
    bands = [is_dark[a:b].mean(axis=0) if b > a else np.zeros(gray.shape[1]) for a, b in pairwise(rows)]
    return np.asarray(np.minimum.reduce(bands))
