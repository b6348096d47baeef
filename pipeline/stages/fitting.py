"""From anchors found again to a matrix, and how well the print then agrees."""

from __future__ import annotations

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
TILE_PX = 24
"""Side of the squares in which print is compared, 8 mm: a shift by one stroke spoils the agreement within it."""


def fit_affine(finds: Finds, outlier_px: float) -> FloatMatrix | None:
    """Similarity by consensus, then an affine fit in which far anchors count less; None when the anchors disagree."""
    if len(finds) < MIN_FINDS:
        return None
    rough, inliers = cv2.estimateAffinePartial2D(
        finds.form, finds.page, method=cv2.RANSAC, ransacReprojThreshold=outlier_px
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
        # Cauchy weights; the scale floor keeps a perfect fit from dividing by zero.
        pull = weights / (1 + (miss / max(2 * float(np.median(miss)), 0.1)) ** 2)
        solution, *_ = np.linalg.lstsq(design * pull[:, None], page * pull[:, None], rcond=None)
        matrix = np.vstack([solution.T, (0.0, 0.0, 1.0)])
    return matrix


def _is_spread(form: Points) -> bool:
    """Anchors in one line or corner cannot tell a stretch from a turn."""
    return len(form) >= 6 and float(np.linalg.eigvalsh(np.cov(form.T))[0]) > SPREAD_MM**2


def print_agreement(page: GrayImage, form_to_page: FloatMatrix, form: GrayImage, weights: NDArray[np.float32]) -> float:
    """Correlation of page and blank form in small tiles, averaged over the tiles that hold print; 0 to 1.

    Args:
        form: (H, W) uint8 the blank form.
        weights: (H, W) float32, 1 where print is compared, 0 in fields.
    """
    height, width = form.shape
    seen = cv2.warpPerspective(
        page,
        form_to_page,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    blank = form.astype(np.float32)
    share = _tile_means(weights)
    with_print = np.maximum(share, 1e-6)
    mean_seen, mean_blank = _tile_means(weights * seen) / with_print, _tile_means(weights * blank) / with_print
    var_seen = _tile_means(weights * seen**2) / with_print - mean_seen**2
    var_blank = _tile_means(weights * blank**2) / with_print - mean_blank**2
    covariance = _tile_means(weights * seen * blank) / with_print - mean_seen * mean_blank
    ncc = covariance / np.sqrt(np.maximum(var_seen, 4.0) * np.maximum(var_blank, 4.0))
    counts = (share > 0.5) & (var_blank > 0.1 * np.quantile(var_blank[share > 0.5], 0.95, method="lower"))
    return float(np.clip(ncc[counts], 0, 1).mean()) if counts.any() else 0.0


def _tile_means(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = max(1, picture.shape[0] // TILE_PX), max(1, picture.shape[1] // TILE_PX)
    whole = picture[: rows * TILE_PX, : columns * TILE_PX]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
