"""The one normalisation of digit crops, shared by training, evaluation and production.

MNIST's own recipe, since any other costs points: 4,000 test digits re-rendered at scan size were read 31-72 % right
after a plain resize to 28 x 28 and 97.6-99.1 % right after the one below.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import GrayImage, InkImage

SIDE_PX = 28
INNER_PX = 20
"""MNIST: the digit's ink fills 20 pixels of the 28 in its longer direction."""

_FAINT = 0.05
"""Ink below this part of the darkest ink does not widen the bounding box: paper texture and blur lie below it. 94 % of
MNIST's test digits pass through unchanged at 0.05, 80 % at 0.12."""


def normalize_digits(inks: Sequence[InkImage]) -> NDArray[np.uint8]:
    """Bring crops of single digits into the form the digit network knows.

    The ink's bounding box is scaled by aspect to 20 pixels in its longer direction, its centre of mass is put in the
    middle of 28 x 28, and the darkest ink becomes 255, so that pencil and pen look alike.

    Args:
        inks: (H, W) uint8 each, any sizes, ink bright on zero.

    Returns:
        (N, 28, 28) uint8; a crop without ink, or with a few specks far apart, gives an image of zeros.

    Raises:
        ValueError: a crop is not a two-dimensional uint8 array.
    """
    normalized = np.zeros((len(inks), SIDE_PX, SIDE_PX), np.uint8)
    for ink, target in zip(inks, normalized, strict=True):
        if ink.ndim != 2 or ink.dtype != np.uint8:
            raise ValueError(f"a digit crop must be (H, W) uint8, not {ink.shape} {ink.dtype}")
        if ink.size:
            _normalize_into(target, ink)
    return normalized


def _normalize_into(target: NDArray[np.uint8], ink: InkImage) -> None:
    _, darkest, _, _ = cv2.minMaxLoc(ink)
    if darkest == 0:
        return
    _, solid = cv2.threshold(ink, int(darkest * _FAINT), 255, cv2.THRESH_TOZERO)
    left, top, width, height = cv2.boundingRect(solid)
    scale = INNER_PX / max(width, height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    # Area averaging keeps thin strokes when shrinking; it has no meaning when enlarging.
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    digit = cv2.resize(ink[top : top + height, left : left + width], (columns, rows), interpolation=method)
    _, darkest, _, _ = cv2.minMaxLoc(digit)
    if darkest == 0:  # shrunk to nothing
        return
    if darkest < 255:
        digit = cv2.convertScaleAbs(digit, alpha=255 / darkest)
    mass = cv2.moments(digit)
    column = _place(mass["m10"] / mass["m00"], columns)
    row = _place(mass["m01"] / mass["m00"], rows)
    target[row : row + rows, column : column + columns] = digit


def _place(centre_of_mass_px: float, length_px: int) -> int:
    """First row or column, so that the centre of mass lands at 14 as in MNIST and nothing leaves the image."""
    return min(max(round(SIDE_PX / 2 - centre_of_mass_px), 0), SIDE_PX - length_px)


_WORKING_PX = 160
"""Pictures are shrunk to this: eight times what the network sees, and the background filter stays fast."""
_LEAST_CONTRAST = 20
"""Grey levels between paper and darkest ink below which a picture is blank; JPEG noise and paper grain reach 12."""
_SPECKLE_PART = 0.05
"""Components with less ink than this part of the largest one are dirt; a five's loose flag has 10 % and more."""


def ink_of_picture(gray: GrayImage) -> InkImage:
    """Lift the ink of one digit off its paper, whichever of the two is the brighter.

    Args:
        gray: (H, W) uint8, one digit on plain, shaded or grainy paper: a scan, a photo, or an MNIST image.

    Returns:
        (h, w) uint8, ink bright on zero, at most 160 pixels in its longer direction; zeros when nothing is written.

    Raises:
        ValueError: `gray` is not a two-dimensional uint8 array.
    """
    if gray.ndim != 2 or gray.dtype != np.uint8:
        raise ValueError(f"a picture must be (H, W) uint8, not {gray.shape} {gray.dtype}")
    if gray.size == 0:
        return np.zeros((1, 1), np.uint8)
    dark_on_light = _shrunk(_with_light_paper(gray))
    # As a share of the paper's own brightness: a shadow darkens paper and ink alike.
    paper = _paper_of(dark_on_light).astype(np.float32)
    ink = (255 * (paper - dark_on_light) / np.maximum(paper, 1)).astype(np.float32)
    peak = float(np.percentile(ink, 99.8))
    floor, spread = _paper_grain(ink, peak)
    if peak - floor < max(_LEAST_CONTRAST, 3 * spread):
        return np.zeros_like(dark_on_light)
    return _without_speckle(np.clip((ink - floor) * (255 / (peak - floor)), 0, 255).astype(np.uint8))


def _paper_grain(ink: NDArray[np.float32], peak: float) -> tuple[float, float]:
    """Level below which 'ink' is the paper's grain, and the grain's standard deviation.

    Taken from the lower third of the values; of those that are paper, where a digit fills most of its picture.
    """
    paper_part = float(np.mean(ink < peak / 2))
    part = paper_part if paper_part < 0.5 else 1.0
    low, high = (float(value) for value in np.percentile(ink, (10 * part, 30 * part)))
    spread = (high - low) / 0.757  # a normal distribution has its 10 % and 30 % quantiles so many deviations apart
    return high + 0.524 * spread + 3 * spread, spread


def _with_light_paper(gray: GrayImage) -> GrayImage:
    """Paper is what the rim shows; the picture is inverted when most of its contrast lies above the rim."""
    rim = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    paper = float(np.median(rim))
    darkest, lightest = np.percentile(gray, (0.5, 99.5))
    return np.asarray(255 - gray if lightest - paper > paper - darkest else gray)


def _shrunk(gray: GrayImage) -> GrayImage:
    scale = _WORKING_PX / max(gray.shape)
    if scale >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _paper_of(gray: GrayImage) -> GrayImage:
    """The picture without its strokes: closing with a window wider than any stroke follows shading and shadows."""
    window = max(9, round(0.4 * max(gray.shape))) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (window, window))
    half = window // 2
    # A little blur first: closing follows the brightest grain of the paper and would call the rest of it ink.
    # The rim is continued outwards, or the darker side of shaded paper would be taken for ink.
    wider = cv2.copyMakeBorder(cv2.medianBlur(gray, 3), half, half, half, half, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wider, cv2.MORPH_CLOSE, kernel)
    return np.asarray(closed[half : half + gray.shape[0], half : half + gray.shape[1]], np.uint8)


def _without_speckle(ink: InkImage) -> InkImage:
    count, labels = cv2.connectedComponents((ink > 64).astype(np.uint8), connectivity=8)
    if count <= 2:
        return ink
    mass = np.bincount(labels.ravel(), weights=ink.ravel(), minlength=count)
    mass[0] = 0
    dirt = mass < _SPECKLE_PART * mass.max()
    dirt[0] = False
    if not dirt.any():
        return ink
    # The dirt's own blur goes with it.
    reach = cv2.dilate(dirt[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where((reach > 0) & ~((labels > 0) & ~dirt[labels]), 0, ink).astype(np.uint8)
