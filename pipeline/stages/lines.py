"""Printed lines of a page: long straight runs, horizontal and vertical, broken and faint ones included."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import GrayImage

Mask = NDArray[np.uint8]
"""(H, W) uint8, 1 where something is, else 0."""

THICKEST_MM = 0.9
"""Printed rules are thinner than this."""
MIN_DEPTH = 9
"""Gray levels by which a line is darker than the paper on both sides; pale drop-out colours measure 12 to 30."""
TEXTURE_MM = 6.0
TEXTURE_FACTOR = 4.0
"""A line is this much deeper than half of what is around it: woven paper and security backgrounds drop out."""
MAX_COVER = 0.2
"""Print and ruled lines cover less of a page than this (dense pages measure 0.1 to 0.18, each line three pixels wide);
beyond it only deeper lines are looked for, then none."""
DEEPER, DEEPER_TRIES = 1.5, 4
GAP_MM = 0.5
"""Breaks in a line that are closed."""


@dataclass(frozen=True)
class Lines:
    """Lines of one direction: `runs` marks them, a pixel too thick; `depth` (H, W) uint8: how dark thin things are."""

    runs: Mask
    depth: GrayImage


@dataclass(frozen=True)
class PageLines:
    """Printed lines of a page. `upright` is transposed: its rows are the page's columns."""

    level: Lines
    upright: Lines


def find_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float) -> PageLines:
    """Find dark straight lines of a levelled page.

    Args:
        gray: (H, W) uint8, levelled to within half a degree.
        shortest_mm: shorter runs are strokes, not lines.
    """
    turned = np.ascontiguousarray(gray.T)
    return PageLines(_level_lines(gray, px_per_mm, shortest_mm), _level_lines(turned, px_per_mm, shortest_mm))


def _level_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float) -> Lines:
    thickest = max(3, round(THICKEST_MM * px_per_mm)) | 1
    depth = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, np.ones((thickest + 2, 1), np.uint8)), np.uint8)
    texture = _local_median(depth, round(TEXTURE_MM * px_per_mm))
    threshold = np.maximum(MIN_DEPTH, TEXTURE_FACTOR * texture)
    gap = max(1, round(GAP_MM * px_per_mm))
    length = max(3, round(shortest_mm * px_per_mm))
    for _ in range(DEEPER_TRIES):
        # One pixel up and down lets a slightly leaning line go on in the next row.
        joined = cv2.dilate((depth >= threshold).astype(np.uint8), np.ones((3, 1), np.uint8))
        joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, gap + 1), np.uint8))
        runs = np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)), np.uint8)
        if runs.mean() <= MAX_COVER:
            return Lines(runs, depth)
        threshold = threshold * DEEPER
    return Lines(np.zeros_like(gray), depth)


def _local_median(picture: GrayImage, side: int) -> NDArray[np.float32]:
    """Median of every second pixel in squares of `side` pixels, blended between their middles; same size."""
    side = max(4, side) // 2 * 2
    height, width = picture.shape
    rows, columns = max(1, height // side), max(1, width // side)
    if height < side or width < side:
        return np.full(picture.shape, np.median(picture), np.float32)
    thinned = picture[: rows * side : 2, : columns * side : 2].reshape(rows, side // 2, columns, side // 2)
    medians = np.median(thinned.swapaxes(1, 2).reshape(rows, columns, -1), axis=2).astype(np.float32)
    return np.asarray(cv2.resize(medians, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
