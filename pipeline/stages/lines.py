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
GAP_MM = 0.5
"""Breaks in a line that are closed."""


@dataclass(frozen=True)
class LineMasks:
    """Where horizontal and vertical printed lines run."""

    horizontal: Mask
    vertical: Mask


def find_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float) -> LineMasks:
    """Find dark straight lines of a levelled page.

    Args:
        gray: (H, W) uint8, levelled to within half a degree.
        shortest_mm: shorter runs are strokes, not lines.
    """
    return LineMasks(
        _horizontal(gray, px_per_mm, shortest_mm),
        np.ascontiguousarray(_horizontal(np.ascontiguousarray(gray.T), px_per_mm, shortest_mm).T),
    )


def _horizontal(gray: GrayImage, px_per_mm: float, shortest_mm: float) -> Mask:
    thickest = max(3, round(THICKEST_MM * px_per_mm)) | 1
    depth = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, np.ones((thickest + 2, 1), np.uint8))
    is_dark = (depth >= MIN_DEPTH).astype(np.uint8)
    # One pixel up and down lets a slightly leaning line go on in the next row.
    joined = cv2.dilate(is_dark, np.ones((3, 1), np.uint8))
    gap = max(1, round(GAP_MM * px_per_mm))
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, gap + 1), np.uint8))
    length = max(3, round(shortest_mm * px_per_mm))
    return np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)), np.uint8)
