"""Matrices of the plane, and pictures seen through them.

Pixel (x, y) means the middle of that pixel, as OpenCV's warps have it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from recognizer.readings import GrayImage

Points = NDArray[np.float64]
"""(N, 2) float64, x and y."""


def map_points(matrix: FloatMatrix, points: Points) -> Points:
    """Send (N, 2) points through a (3, 3) matrix, perspective included."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def scaling(x: float, y: float | None = None) -> FloatMatrix:
    """Matrix that multiplies x and y; one factor serves both when `y` is left out."""
    return np.diag([x, x if y is None else y, 1.0])


def shift(x: float, y: float) -> FloatMatrix:
    """Matrix that adds (x, y)."""
    matrix = np.eye(3)
    matrix[:2, 2] = x, y
    return matrix


def rotation(clockwise_deg: float) -> FloatMatrix:
    """Matrix that turns about the origin, clockwise as seen with y pointing down."""
    angle = np.radians(clockwise_deg)
    matrix = np.eye(3)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


def mm_to_pixels(px_per_mm_x: float, px_per_mm_y: float | None = None) -> FloatMatrix:
    """Millimetres from an image's corner to its pixels; the corner itself lies half a pixel before the first middle."""
    return shift(-0.5, -0.5) @ scaling(px_per_mm_x, px_per_mm_y)


def pixels_to_pixels(factor_x: float, factor_y: float) -> FloatMatrix:
    """Pixels of an image to those of the same picture `factor` times as large; the corners stay together."""
    return shift((factor_x - 1) / 2, (factor_y - 1) / 2) @ scaling(factor_x, factor_y)


def angle_deg(matrix: FloatMatrix, at: tuple[float, float] = (0.0, 0.0)) -> float:
    """Clockwise turn that a matrix gives to the x axis near a point, degrees in (-180, 180]."""
    start, end = map_points(matrix, np.array([at, (at[0] + 1.0, at[1])]))
    return float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))


def scale_of(matrix: FloatMatrix, at: tuple[float, float] = (0.0, 0.0)) -> float:
    """Factor by which lengths grow near a point, the geometric mean of both directions."""
    origin, right, down = map_points(matrix, np.array([at, (at[0] + 1.0, at[1]), (at[0], at[1] + 1.0)]))
    (a, b), (c, d) = right - origin, down - origin
    return float(np.sqrt(abs(a * d - b * c)))


def inverse(matrix: FloatMatrix) -> FloatMatrix:
    """The way back."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def cut(gray: GrayImage, region_to_image: FloatMatrix, size: tuple[int, int]) -> GrayImage:
    """Sample a region (width, height) of an image; beyond its edge the edge goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(gray, region_to_image, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def shrunk(gray: GrayImage, factor: int) -> GrayImage:
    """Means of squares of `factor` pixels; what does not fill a square at the right and bottom is cut off."""
    while factor % 2 == 0 and min(gray.shape) > 1:
        gray, factor = halved(gray), factor // 2
    if factor == 1:
        return gray
    height, width = (max(1, side // factor) for side in gray.shape)
    if min(gray.shape) < factor or factor % 2 == 0:
        return np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    # A third of the time that `resize` takes for the same means.
    middle = factor // 2
    return np.ascontiguousarray(cv2.blur(gray, (factor, factor))[middle::factor, middle::factor][:height, :width])


def halved(gray: GrayImage) -> GrayImage:
    """Means of squares of four pixels; an odd last row or column is cut off."""
    height, width = gray.shape[0] // 2, gray.shape[1] // 2
    whole = gray[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
