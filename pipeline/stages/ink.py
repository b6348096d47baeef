"""Tell ink from paper, and take printed lines away without eating the strokes that cross them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import GrayImage, InkImage

BoolImage = NDArray[np.bool_]

MIN_CONTRAST = 18
"""Gray levels between ink and paper below which nothing counts as ink: JPEG and scanner noise stay under it."""
FULL_INK_QUANTILE = 0.8
"""Share of the ink pixels that reach full strength after scaling; the rest of the stroke is its soft edge."""


@dataclass(frozen=True)
class InkMap:
    """Ink of one picture.

    Attributes:
        soft: (h, w) uint8, 0 on paper, 255 in the core of a stroke; soft edges kept for the digit network.
        mask: (h, w) bool, True where there is ink.
        contrast: gray levels between paper and the core of the ink; 0 without ink.
    """

    soft: InkImage
    mask: BoolImage
    contrast: float

    @property
    def is_empty(self) -> bool:
        return not self.mask.any()


def paper_of(gray: GrayImage, stroke_px: float) -> GrayImage:
    """Brightness of the paper under every pixel: local maximum wider than any stroke, then smoothed.

    Args:
        gray: (h, w) uint8, dark on light.
        stroke_px: widest stroke that must not count as paper, pixels.
    """
    step = max(1, int(stroke_px / 2))
    size = (max(1, gray.shape[1] // step), max(1, gray.shape[0] // step))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA) if step > 1 else gray
    reach = 2 * int(np.ceil(1.5 * stroke_px / step)) + 1
    lifted = cv2.dilate(small, np.ones((reach, reach), np.uint8))
    smoothed = cv2.blur(lifted, (reach, reach))
    return np.asarray(cv2.resize(smoothed, (gray.shape[1], gray.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def find_ink(gray: GrayImage, stroke_px: float) -> InkMap:
    """Separate ink from paper by local background and one Otsu threshold over what is darker than it.

    Args:
        gray: (h, w) uint8, dark on light.
        stroke_px: expected stroke width, pixels; sets the scale of the background.

    Returns:
        Ink map of the same size; empty when nothing is darker than the paper by `MIN_CONTRAST`.
    """
    if gray.size == 0:
        return InkMap(np.zeros_like(gray), np.zeros(gray.shape, bool), 0.0)
    depth = cv2.subtract(paper_of(gray, stroke_px), gray)
    threshold, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    threshold = max(float(threshold), MIN_CONTRAST)
    mask = depth > threshold
    if not mask.any():
        return InkMap(np.zeros_like(gray), mask, 0.0)
    full = max(float(np.quantile(depth[mask], FULL_INK_QUANTILE)), threshold + 8)
    soft = np.clip(depth.astype(np.float32) * (255.0 / full), 0, 255).astype(np.uint8)
    return InkMap(soft, mask, float(np.median(depth[mask])))


def erase_line(mask: BoolImage, position: int, thickness: int) -> BoolImage:
    """Erase a vertical printed line, keeping pixels where a stroke crosses it.

    A stroke crosses where ink stands directly on both sides of the line; where it only touches one side, the line's
    own pixels go and the stroke keeps its own.

    Args:
        mask: (h, w) bool; transpose it to erase a horizontal line.
        position: column of the middle of the line.
        thickness: width of the line, pixels.

    Returns:
        A copy of `mask` without the line.
    """
    height, width = mask.shape
    half = thickness // 2
    first, last = max(0, position - half - 1), min(width, position + half + 2)
    cleaned = mask.copy()
    if first >= last:
        return cleaned
    crossed = _any_ink(mask, first - 2, first) & _any_ink(mask, last, last + 2)
    # A stroke slanting across the line enters and leaves a few rows apart.
    crossed = cv2.dilate(crossed.astype(np.uint8)[:, None], np.ones((3, 1), np.uint8))[:, 0].astype(bool)
    # Where "crossing" runs on and on, it is another line or a smear beside the first, not a pen stroke.
    crossed &= ~_long_runs(crossed, max(8, height // 3))
    cleaned[~crossed, first:last] = False
    return cleaned


def _any_ink(mask: BoolImage, first: int, last: int) -> NDArray[np.bool_]:
    first, last = max(0, first), min(mask.shape[1], last)
    if first >= last:
        return np.zeros(len(mask), bool)
    return np.asarray(mask[:, first:last].all(axis=1))


def _long_runs(flags: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    opened = cv2.morphologyEx(flags.astype(np.uint8)[:, None], cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return np.asarray(opened[:, 0] > 0)


def rule_mask(mask: BoolImage, min_length: int) -> BoolImage:
    """Pixels of long thin horizontal rules, slightly slanted ones included.

    Args:
        mask: (h, w) bool ink.
        min_length: shortest rule, pixels; longer than any stroke of a digit.
    """
    if min_length < 2 or mask.shape[1] < min_length:
        return np.zeros_like(mask)
    thick = cv2.dilate(mask.astype(np.uint8), np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, min_length), np.uint8))
    return np.asarray((runs > 0) & mask)


def erase_rules(mask: BoolImage, min_length: int) -> BoolImage:
    """Erase long horizontal rules; columns where a stroke passes through the rule keep their ink.

    Args:
        mask: (h, w) bool ink.
        min_length: shortest rule, pixels.
    """
    rules = rule_mask(mask, min_length)
    if not rules.any():
        return mask
    count, labels, stats, _ = cv2.connectedComponentsWithStats(rules.astype(np.uint8), connectivity=8)
    cleaned = mask.copy()
    for label in range(1, count):
        left, top, width, height, _ = (int(v) for v in stats[label])
        if width < min_length:
            continue
        band = labels[top : top + height, left : left + width] == label
        thickness = int(np.median(band.sum(axis=0))) + 1
        first = np.where(band.any(axis=0), band.argmax(axis=0), 0) + top
        last = top + height - 1 - np.where(band.any(axis=0), band[::-1].argmax(axis=0), 0)
        for offset in range(width):
            column = left + offset
            upper, lower = int(first[offset]), int(last[offset])
            above = mask[max(0, upper - 2) : upper, column]
            below = mask[lower + 1 : lower + 3, column]
            is_crossed = above.size > 0 and below.size > 0 and bool(above.all()) and bool(below.all())
            if not is_crossed and lower - upper + 1 <= 2 * thickness + 1:
                cleaned[upper : lower + 1, column] = False
    return cleaned
