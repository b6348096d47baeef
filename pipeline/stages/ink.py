"""Tell ink from paper, and take long rules away without eating the strokes that cross them."""

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
        depth: (h, w) uint8, gray levels below the paper.
        contrast: gray levels between paper and the core of the ink; 0 without ink.
        threshold: gray levels below the paper from which a pixel counts as ink.
    """

    soft: InkImage
    mask: BoolImage
    depth: InkImage
    contrast: float
    threshold: float


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


def find_ink(gray: GrayImage, stroke_px: float, focus: BoolImage | None = None) -> InkMap:
    """Separate ink from paper by local background and one Otsu threshold over what is darker than it.

    Args:
        gray: (h, w) uint8, dark on light.
        stroke_px: expected stroke width, pixels; sets the scale of the background.
        focus: (h, w) bool, where the hand writes; the threshold is taken there, since dark print beside a faint pen
            would else push it above the pen. None for everywhere.

    Returns:
        Ink map of the same size; empty when nothing is darker than the paper by `MIN_CONTRAST`.
    """
    if gray.size == 0:
        return InkMap(np.zeros_like(gray), np.zeros(gray.shape, bool), np.zeros_like(gray), 0.0, MIN_CONTRAST)
    depth = cv2.subtract(paper_of(gray, stroke_px), gray)
    seen = depth if focus is None or not focus.any() else depth[focus][:, None]
    threshold, _ = cv2.threshold(seen, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    threshold = max(float(threshold), MIN_CONTRAST)
    mask = depth > threshold
    inked = seen[seen > threshold]
    if inked.size == 0:
        inked = depth[mask]
    if inked.size == 0:
        return InkMap(np.zeros_like(gray), mask, np.asarray(depth, np.uint8), 0.0, threshold)
    full = max(float(np.quantile(inked, FULL_INK_QUANTILE)), threshold + 8)
    soft = np.clip(depth.astype(np.float32) * (255.0 / full), 0, 255).astype(np.uint8)
    return InkMap(soft, mask, np.asarray(depth, np.uint8), float(np.median(inked)), threshold)


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
