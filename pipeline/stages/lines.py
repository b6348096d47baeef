"""Printed lines of a page: long straight runs, horizontal and vertical, broken and faint ones included."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import GrayImage

Mask = NDArray[np.uint8]
"""(H, W) uint8, 1 where something is, else 0."""

SHORTEST_MM = 2.8
"""Sides of the smallest digit cells measure 3.5 mm; upright strokes of handwriting rarely run straight for longer."""
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
INK_DEPTH, INK_MM, REACH_MM = 30, 2.0, 3.0
"""Gray levels below the paper of a stroke that hides a line, how near the paper is, and how far a line goes on under
strokes."""
GAP_MM = 0.6
"""Breaks in a line that are closed: those of dotted lines are as wide as that."""
LONG_MM, MAX_LEAN = 15.0, 0.02
"""Lines this long and leaning no more than this, for their length, tell how a page leans: 1.1 degrees."""


@dataclass(frozen=True)
class Lines:
    """Lines of one direction: `runs` marks them, a pixel too thick; `depth` (H, W) uint8: how dark thin things are."""

    runs: Mask
    depth: GrayImage


@dataclass(frozen=True)
class PageLines:
    """Printed lines of a page; upright ones are transposed: their rows are the page's columns.

    Attributes:
        level: gone on under the strokes that cross them.
        upright: as far as they show.
        upright_under_ink: gone on under strokes; strokes of the pen that stand upright look like that as well.
        ink: (H, W) uint8, gray levels below the paper of what is dark enough to hide a line, not transposed.
    """

    level: Lines
    upright: Lines
    upright_under_ink: Lines
    ink: GrayImage


def find_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float = SHORTEST_MM) -> PageLines:
    """Find dark straight lines of a levelled page.

    Args:
        gray: (H, W) uint8, levelled to within half a degree.
        shortest_mm: shorter runs are strokes, not lines.
    """
    level = find_level_lines(gray, px_per_mm, shortest_mm)
    return seen_through_ink(gray, level, find_upright_lines(gray, px_per_mm, shortest_mm), px_per_mm)


def seen_through_ink(gray: GrayImage, level: Lines, upright: Lines, px_per_mm: float) -> PageLines:
    """Lines that go on through the strokes of the pen that cross them: what ink hides is not missing.

    Args:
        gray: (H, W) uint8, of which these are the lines.
        upright: transposed.
    """
    ink = _ink_depth(gray, px_per_mm)
    reach, length = round(REACH_MM * px_per_mm), max(3, round(SHORTEST_MM * px_per_mm))
    upright_ink = np.ascontiguousarray(ink.T)
    return PageLines(_grown(level, ink, reach, length), upright, _grown(upright, upright_ink, reach, length), ink)


def _ink_depth(gray: GrayImage, px_per_mm: float) -> GrayImage:
    """(H, W) gray levels below the paper around, 0 where that is not dark enough to hide a line."""
    height, width = gray.shape
    step = max(1, round(px_per_mm / 2))
    small = cv2.resize(gray, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    across = 2 * round(INK_MM * px_per_mm / step) + 1
    paper = cv2.resize(cv2.dilate(small, np.ones((across, across), np.uint8)), (width, height))
    _, depth = cv2.threshold(cv2.subtract(paper, gray), INK_DEPTH, 0, cv2.THRESH_TOZERO)
    return np.asarray(depth, np.uint8)


def _grown(lines: Lines, ink: GrayImage, reach: int, length: int) -> Lines:
    """Lines of one direction, lengthened over ink by up to `reach` pixels."""
    is_dark = cv2.bitwise_or((lines.depth >= MIN_DEPTH).view(np.uint8), (ink > 0).view(np.uint8))
    is_dark = cv2.dilate(is_dark, np.ones((3, 1), np.uint8))
    straight = cv2.morphologyEx(is_dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    near = cv2.dilate(lines.runs, np.ones((1, 2 * reach + 1), np.uint8))
    runs = np.asarray(cv2.bitwise_or(lines.runs, cv2.bitwise_and(straight, near)), np.uint8)
    depth = np.where(runs > 0, np.maximum(lines.depth, ink), lines.depth)
    return Lines(runs, np.asarray(depth, np.uint8))


def find_upright_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float = SHORTEST_MM) -> Lines:
    """The upright ones, transposed."""
    return find_level_lines(np.ascontiguousarray(gray.T), px_per_mm, shortest_mm)


def lean_deg(level: Lines, px_per_mm: float) -> float:
    """Clockwise angle by which long level lines still lean, degrees; 0 where there are none."""
    contours, _ = cv2.findContours(level.runs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    leans: list[tuple[float, int]] = []
    for contour in contours:
        _, _, width, height = cv2.boundingRect(contour)
        if width >= LONG_MM * px_per_mm and height <= MAX_LEAN * width + 4:
            along, down, _, _ = cv2.fitLine(contour, cv2.DIST_L2, 0, 0.01, 0.01).ravel().tolist()
            leans.append((down / along, width))
    if not leans:
        return 0.0
    ordered = np.array(sorted(leans))
    # Weighted by the cube of the length: so much surer are long lines.
    weights = np.cumsum(ordered[:, 1] ** 3)
    return float(np.degrees(np.arctan(ordered[np.searchsorted(weights, weights[-1] / 2), 0])))


def boxes_of_blobs(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of what hangs together, corner to corner too; from the top down.

    Contours tell it in a third of the time that labels for every pixel take, as long as blobs are few.
    """
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not len(contours):
        return []
    is_outer = hierarchy[0][:, 3] < 0
    boxes = [cv2.boundingRect(contour) for contour, outer in zip(contours, is_outer.tolist(), strict=True) if outer]
    return sorted(((left, top, width, height) for left, top, width, height in boxes), key=lambda box: (box[1], box[0]))


def find_level_lines(gray: GrayImage, px_per_mm: float, shortest_mm: float = SHORTEST_MM) -> Lines:
    """The level ones."""
    thickest = max(3, round(THICKEST_MM * px_per_mm)) | 1
    depth = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, np.ones((thickest + 2, 1), np.uint8)), np.uint8)
    threshold = _threshold(depth, round(TEXTURE_MM * px_per_mm))
    gap = max(1, round(GAP_MM * px_per_mm))
    length = max(3, round(shortest_mm * px_per_mm))
    for _ in range(DEEPER_TRIES):
        # One pixel up and down lets a slightly leaning line go on in the next row.
        joined = cv2.dilate((depth >= threshold).view(np.uint8), np.ones((3, 1), np.uint8))
        joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, gap + 1), np.uint8))
        runs = np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)), np.uint8)
        if cv2.countNonZero(runs) <= MAX_COVER * runs.size:
            return Lines(runs, depth)
        threshold = np.asarray(cv2.convertScaleAbs(threshold, alpha=DEEPER), np.uint8)
    return Lines(np.zeros_like(gray), depth)


def _threshold(depth: GrayImage, side: int) -> GrayImage:
    """Depth from which on something is no texture: by the median of every second pixel in squares of `side` pixels."""
    side = max(4, side) // 2 * 2
    height, width = depth.shape
    rows, columns = max(1, height // side), max(1, width // side)
    if height < side or width < side:
        medians = np.full((1, 1), np.median(depth))
    else:
        thinned = depth[: rows * side : 2, : columns * side : 2].reshape(rows, side // 2, columns, side // 2)
        squares = np.sort(thinned.swapaxes(1, 2).reshape(rows, columns, -1), axis=2, kind="stable")  # by counting
        middle = squares.shape[2] // 2  # of an even number
        medians = (squares[..., middle - 1].astype(np.float64) + squares[..., middle]) / 2
    threshold = np.clip(TEXTURE_FACTOR * medians, MIN_DEPTH, 255).astype(np.uint8)
    # Blended between the middles of the squares.
    return np.asarray(cv2.resize(threshold, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
