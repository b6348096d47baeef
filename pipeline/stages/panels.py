"""Boxes without lines: flat tinted ones on paper, and white ones left out of a tinted panel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.comb_grid import even_cells, wall_profile
from recognizer.readings import GrayImage

COARSE = 2
"""Flat areas are looked for at half the resolution of lines."""
INK_MM = 1.7
"""Pen strokes and printed lines are thinner than this; so are the gaps between the cells of one field."""
PAPER_MM = 22.0
"""Whatever is lower than this lies on paper: panels with boxes to write in are."""
PAPER_ZOOM = 8
TINTS = (8, 90)
"""Gray levels by which drop-out tints are darker than paper: they measure 12 to 60; darker bars carry headings."""
FILLED = 0.9
"""Share of its bounding box that a rectangle fills, corners and a stroke across its edge aside."""
SEEN_WALL, SEEN_WALLS = 0.75, 0.8
"""Share of a gap's height, and of the gaps, that must be seen."""
PLACE_SLACK = 0.12
"""Gaps lie within this share of a cell of where equal cells have them."""
WIDEST_MM = 90.0
"""Longer flat boxes are headings and the bands of tables."""


@dataclass(frozen=True, slots=True)
class FlatBox:
    """A box, and its cells if gaps divide it equally."""

    box: Box
    cells: tuple[Box, ...]


def find_flat_boxes(gray: GrayImage, px_per_mm: float, heights_mm: tuple[float, float]) -> Iterator[FlatBox]:
    """Find tinted boxes, and white ones in tinted panels.

    Args:
        gray: (H, W) uint8 page, dark on light, levelled.
        px_per_mm: its resolution.
        heights_mm: least and greatest height of a box to write in.
    """
    if min(gray.shape) < PAPER_MM * px_per_mm:
        return
    contours, hierarchy = cv2.findContours(_tinted(gray, px_per_mm), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not len(contours):
        return
    parents = hierarchy[0][:, 3]
    sizes = (heights_mm[0] * px_per_mm, heights_mm[1] * px_per_mm, WIDEST_MM * px_per_mm)
    boxes = [_rectangle(contour, parent >= 0, *sizes) for contour, parent in zip(contours, parents, strict=True)]
    # A panel is no box itself, whatever its size.
    panels = {parent for parent, box in zip(parents.tolist(), boxes, strict=True) if box is not None and parent >= 0}
    inverted = np.asarray(cv2.bitwise_not(gray), np.uint8)
    for index, (box, parent) in enumerate(zip(boxes, parents, strict=True)):
        if box is not None and index not in panels:
            yield FlatBox(box, _cells(gray if parent >= 0 else inverted, box))


def _tinted(gray: GrayImage, px_per_mm: float) -> NDArray[np.uint8]:
    """Where the paper itself is darker than what is around it, gaps between cells included; at a `COARSE` scale."""
    height, width = gray.shape
    small = cv2.resize(gray, (width // COARSE, height // COARSE), interpolation=cv2.INTER_AREA)
    stroke = round(INK_MM * px_per_mm / COARSE)
    clean = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((stroke, stroke), np.uint8))
    tiny = cv2.resize(clean, None, fx=1 / PAPER_ZOOM, fy=1 / PAPER_ZOOM, interpolation=cv2.INTER_AREA)
    reach = max(3, round(PAPER_MM * px_per_mm / COARSE / PAPER_ZOOM)) | 1
    paper = cv2.blur(cv2.morphologyEx(tiny, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)), (3, 3))
    depth = cv2.subtract(cv2.resize(paper, (clean.shape[1], clean.shape[0]), interpolation=cv2.INTER_LINEAR), clean)
    is_tinted = cv2.morphologyEx(cv2.inRange(depth, TINTS[0], TINTS[1]), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.morphologyEx(is_tinted, cv2.MORPH_CLOSE, np.ones((1, stroke), np.uint8)), np.uint8)


def _rectangle(contour: cv2.typing.MatLike, is_hole: bool, least: float, greatest: float, widest: float) -> Box | None:
    """The box that a contour of the tinted areas is, of a height between the two and not too wide; None for others."""
    left, top, width, height = (int(v) for v in cv2.boundingRect(contour))
    if cv2.contourArea(contour) < FILLED * (width - 1) * (height - 1):
        return None
    # The contour of a hole runs along the panel's last pixels round it.
    inset = 1 if is_hole else 0
    right, bottom = left + width - inset, top + height - inset
    box = Box(COARSE * (left + inset), COARSE * (top + inset), COARSE * right, COARSE * bottom)
    return box if least <= box.height <= greatest and box.height <= box.width <= widest else None


def _cells(gray: GrayImage, box: Box) -> tuple[Box, ...]:
    """Equal cells between dark gaps; none where there are fewer than two gaps or these are uneven."""
    profile = wall_profile(gray, box)[box.left + 3 : box.right - 3] >= SEEN_WALL
    edges = np.flatnonzero(np.diff(np.concatenate([[0], profile.astype(np.int8), [0]]))).reshape(-1, 2)
    if len(edges) < 2:
        return ()
    middles = 3 + edges.mean(axis=1)
    pitch = float(np.median(np.diff(middles)))
    gap = max(0.0, float(np.median(edges[:, 1] - edges[:, 0])) - 2)
    count = round((box.width + gap) / pitch)
    if count < 2:
        return ()
    expected = (box.width + gap) / count * np.arange(1, count) - gap / 2
    nearest = np.abs(middles[None, :] - expected[:, None])
    if (nearest.min(axis=1) <= PLACE_SLACK * pitch).mean() < SEEN_WALLS:
        return ()
    return even_cells(box, count, gap)
