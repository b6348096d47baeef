"""Do two PDF engines show the same page? They smooth and round differently, so that only shapes are compared."""

from __future__ import annotations

import shutil

import cv2
import numpy as np

from recognizer.readings import GrayImage

COMPARED_DPI = 100
"""Fine enough for a digit of 3 mm to have twelve rows."""

TOLERANCE = 80
"""Gray levels by which a pixel may leave the range of its neighbours in the other picture: smoothing of thin lines."""

SMALLEST_PX = 3
"""A difference that counts covers a square of 0.8 mm: more than a hairline that only one engine draws."""


def poppler_is_installed() -> bool:
    """Whether there is a second PDF engine."""
    return shutil.which("pdftoppm") is not None and shutil.which("pdfinfo") is not None


def differ(one: GrayImage, other: GrayImage) -> bool:
    """Whether something is to be seen in one picture of a page and not in the other.

    Args:
        one: (H, W) uint8, at any resolution.
        other: (h, w) uint8 at `COMPARED_DPI`.
    """
    height, width = other.shape
    if abs(one.shape[1] / one.shape[0] * height / width - 1) > SAME_SHAPE:
        return True
    same_size = np.asarray(cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return _has_more(same_size, other) or _has_more(other, same_size)


SAME_SHAPE = 0.02


def _has_more(one: GrayImage, other: GrayImage) -> bool:
    """Whether some shape of the first is darker or lighter than anything near it in the second."""
    near = np.ones((3, 3), np.uint8)
    darker = cv2.subtract(cv2.erode(other, near), one)
    lighter = cv2.subtract(one, cv2.dilate(other, near))
    square = np.ones((SMALLEST_PX, SMALLEST_PX), np.uint8)
    return any(bool(cv2.erode(extra, square).max() > TOLERANCE) for extra in (darker, lighter))
