"""The outline of a sheet of paper on whatever lies round it: a table, a scanner's open lid."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np

from pipeline.stages.plane import Points
from recognizer.readings import GrayImage

PRINT_PX = 9
"""Things narrower than this at 40 dpi, 5.7 mm, are print: they are filled in before the paper is sought."""
MIN_CONTRAST = 25
"""Gray levels between paper and surroundings; less is a shadow on the paper."""
PICTURE_SHARES = (0.2, 0.98)
"""Of the picture that paper takes; more has no outline to be seen."""
MIN_FILLED = 0.8
"""Least share of its four-sided outline that paper fills: a lost corner takes up to 8 %."""
MAX_CORNER_COSINE = 0.35
"""Corners between 70 and 110 degrees: leaning by 20 degrees bends them by 10."""
BEND_SHARE = 0.015
"""Share of its length by which an outline may stray from straight sides."""


def find_paper(coarse: GrayImage) -> Points | None:
    """Corners of the paper, (4, 2), clockwise from the one nearest the top left; None when no outline can be seen.

    A lost corner is made up for from the sides that meet there.

    Args:
        coarse: (H, W) uint8 page at about 40 dpi.
    """
    if min(coarse.shape) < 4 * PRINT_PX:
        return None
    filled = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, np.ones((PRINT_PX, PRINT_PX), np.uint8))
    _, mask = cv2.threshold(filled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if not mask.any() or mask.all():
        return None
    if float(filled[mask > 0].mean()) - float(filled[mask == 0].mean()) < MIN_CONTRAST:
        return None
    contours, _ = cv2.findContours(np.asarray(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    paper = max(contours, key=cv2.contourArea)
    area, whole = cv2.contourArea(paper), float(coarse.size)
    if not PICTURE_SHARES[0] <= area / whole <= PICTURE_SHARES[1]:
        return None
    hull = cv2.convexHull(paper)
    sides = cv2.approxPolyDP(hull, BEND_SHARE * cv2.arcLength(hull, True), True)[:, 0].astype(np.float64)
    quad = _most_square(sides)
    if quad is None or area < MIN_FILLED * cv2.contourArea(quad.astype(np.float32)):
        return None
    return _from_top_left(quad)


def _most_square(polygon: Points) -> Points | None:
    """The four sides of a polygon that meet at the squarest corners, met; None when no four do."""
    count = len(polygon)
    if not 4 <= count <= 7:
        return None
    ends = np.roll(polygon, -1, axis=0)
    best, best_cosine = None, MAX_CORNER_COSINE
    for chosen in combinations(range(count), 4):
        starts, directions = polygon[list(chosen)], (ends - polygon)[list(chosen)]
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        cosine = float(np.abs((unit * np.roll(unit, 1, axis=0)).sum(axis=1)).max())
        if cosine < best_cosine:
            best, best_cosine = (starts, unit), cosine
    if best is None:
        return None
    starts, unit = best
    return np.array([_meet(starts[i - 1], unit[i - 1], starts[i], unit[i]) for i in range(4)])


def _meet(a: Points, along_a: Points, b: Points, along_b: Points) -> Points:
    """Where two lines cross that are known not to be parallel."""
    steps = np.linalg.solve(np.column_stack([along_a, -along_b]), b - a)
    return np.asarray(a + steps[0] * along_a)


def _from_top_left(quad: Points) -> Points:
    """Clockwise as seen, beginning near the top left."""
    middled = quad - quad.mean(axis=0)
    clockwise = quad[np.argsort(np.arctan2(middled[:, 1], middled[:, 0]))]
    first = int(np.argmin(clockwise.sum(axis=1)))
    return np.asarray(np.roll(clockwise, -first, axis=0))
