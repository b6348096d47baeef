"""From anchors found again to a matrix, and how well the print then agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.anchors import Finds
from pipeline.stages.plane import Points, map_points
from recognizer.readings import GrayImage

MIN_FINDS = 4
"""A similarity has four unknowns, two anchors; as many again must agree with it."""
SPREAD_MM = 10.0
"""Standard deviation of the anchors' places in their narrower direction that an affine fit asks for."""
MIN_PERSPECTIVE_FINDS = 7
"""Four places make any perspective fit; three more must agree with it."""
AFFINE_UNKNOWNS, PERSPECTIVE_UNKNOWNS = 6, 8
PERSPECTIVE_GAIN = 0.6
"""Perspective must leave this much less unexplained for each place to spare, or it only follows chance."""
LEAST_MISS_MM = 0.02
"""A quarter of a pixel at 300 dpi: what anchors miss by at best. It keeps a perfect fit from dividing by zero."""
LEAST_SHARE = 1e-6
"""Keeps tiles that are not compared from dividing by zero."""
TILE_PX = 24
"""Side of the squares in which print is compared, 8 mm: a shift by one stroke spoils the agreement within it."""


def fit_affine(finds: Finds, outlier_mm: float) -> FloatMatrix | None:
    """Similarity by consensus, then an affine fit in which far anchors count less; None when the anchors disagree."""
    if len(finds) < MIN_FINDS:
        return None
    rough, inliers = cv2.estimateAffinePartial2D(
        finds.form, finds.page, method=cv2.RANSAC, ransacReprojThreshold=outlier_mm
    )
    if rough is None or int(inliers.sum()) < MIN_FINDS:
        return None
    keep = inliers[:, 0] > 0
    form, page = finds.form[keep], finds.page[keep]
    matrix = np.vstack([rough, (0.0, 0.0, 1.0)])
    if not _is_spread(form):
        return matrix
    weights = finds.ncc[keep]
    design = np.column_stack([form, np.ones(len(form))])
    for _ in range(5):
        miss = np.linalg.norm(map_points(matrix, form) - page, axis=1)
        # Cauchy weights.
        pull = weights / (1 + (miss / max(2 * float(np.median(miss)), LEAST_MISS_MM)) ** 2)
        solution, *_ = np.linalg.lstsq(design * pull[:, None], page * pull[:, None], rcond=None)
        matrix = np.vstack([solution.T, (0.0, 0.0, 1.0)])
    return matrix


def fit_plane(finds: Finds, outlier_mm: float) -> FloatMatrix | None:
    """The affine fit, or one with perspective where the anchors plainly ask for it; None when they disagree."""
    affine = fit_affine(finds, outlier_mm)
    perspective = _fit_perspective(finds, outlier_mm)
    if affine is None or perspective is None:
        return perspective if affine is None else affine
    bent, flat = (_unexplained(matrix, finds, outlier_mm) for matrix in (perspective, affine))
    count = 2 * len(finds)
    gain = (bent / (count - PERSPECTIVE_UNKNOWNS)) / max(flat / (count - AFFINE_UNKNOWNS), 1e-9)
    return perspective if gain < PERSPECTIVE_GAIN else affine


def bend_of(matrix: FloatMatrix, size_mm: tuple[float, float]) -> float:
    """How much larger the form is seen at one corner than at another, as a ratio of lengths; 1 without perspective."""
    corners = np.array([(0, 0, 1), (size_mm[0], 0, 1), (0, size_mm[1], 1), (*size_mm, 1)], np.float64)
    depths = corners @ matrix[2]
    return float(depths.max() / depths.min()) if depths.min() > 0 else float("inf")


def _fit_perspective(finds: Finds, outlier_mm: float) -> FloatMatrix | None:
    if len(finds) < MIN_PERSPECTIVE_FINDS:
        return None
    matrix, inliers = cv2.findHomography(finds.form, finds.page, cv2.RANSAC, outlier_mm)
    if matrix is None or int(inliers.sum()) < MIN_PERSPECTIVE_FINDS or not _is_spread(finds.form[inliers[:, 0] > 0]):
        return None
    return np.asarray(matrix, np.float64)


def _unexplained(matrix: FloatMatrix, finds: Finds, outlier_mm: float) -> float:
    """Sum of squared misses; an outlier counts as one at the limit, however much it misses."""
    miss = np.linalg.norm(map_points(matrix, finds.form) - finds.page, axis=1)
    return float((np.minimum(miss, outlier_mm) ** 2).sum())


def _is_spread(form: Points) -> bool:
    """Anchors in one line or corner cannot tell a stretch from a turn."""
    return len(form) >= 6 and float(np.linalg.eigvalsh(np.cov(form.T))[0]) > SPREAD_MM**2


@dataclass(frozen=True)
class PrintTiles:
    """The print of a blank form in small tiles, all that does not depend on the page it is compared with.

    Attributes:
        size: (width, height) of the form, pixels.
        is_printed: (rows, columns) bool, the n tiles that hold print.
        weights: (n, pixels) float32, 1 where print is compared, 0 in fields.
        weighted: (n, pixels) float32, the form there, 0 elsewhere.
        share: (n,) float32, how much of every tile is compared.
        mean, variance: (n,) float32 of the form there.
    """

    size: tuple[int, int]
    is_printed: NDArray[np.bool_]
    weights: NDArray[np.float32]
    weighted: NDArray[np.float32]
    share: NDArray[np.float32]
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]


def tile_print(form: GrayImage, weights: NDArray[np.float32]) -> PrintTiles:
    """Tiles of a blank form, (H, W) uint8, compared where `weights` (H, W) are 1 and not where they are 0."""
    blank, compared = _tiles(form).astype(np.float32), _tiles(weights)
    weighted = compared * blank
    share = compared.mean(axis=2)
    known = np.maximum(share, LEAST_SHARE)
    mean = weighted.mean(axis=2) / known
    variance = (weighted * blank).mean(axis=2) / known - mean**2
    is_printed = share > 0.5
    if is_printed.any():
        is_printed &= variance > 0.1 * np.quantile(variance[is_printed], 0.95, method="lower")
    size = (form.shape[1], form.shape[0])
    of_print = (one[is_printed] for one in (compared, weighted, share, mean, variance))
    return PrintTiles(size, is_printed, *of_print)


def print_agreement(page: GrayImage, form_to_page: FloatMatrix, form: PrintTiles) -> float:
    """Correlation of page and blank form in small tiles, averaged over the tiles that hold print; 0 to 1."""
    if not form.is_printed.any():
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(page, form_to_page, form.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    seen = _tiles(np.asarray(warped))[form.is_printed].astype(np.float32)
    weighted = form.weights * seen
    mean = weighted.mean(axis=1) / form.share
    variance = (weighted * seen).mean(axis=1) / form.share - mean**2
    covariance = (form.weighted * seen).mean(axis=1) / form.share - mean * form.mean
    ncc = covariance / np.sqrt(np.maximum(variance, 4.0) * np.maximum(form.variance, 4.0))
    return float(np.clip(ncc, 0, 1).mean())


def _tiles(picture: NDArray[Any]) -> NDArray[Any]:
    """(rows, columns, pixels) of the whole tiles of a picture."""
    rows, columns = picture.shape[0] // TILE_PX, picture.shape[1] // TILE_PX
    whole = picture[: rows * TILE_PX, : columns * TILE_PX].reshape(rows, TILE_PX, columns, TILE_PX)
    return np.asarray(whole.swapaxes(1, 2).reshape(rows, columns, TILE_PX * TILE_PX))
