"""Ways to see a page flat: as the scanner laid it down, or straightened by the outline of the paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix, Page
from pipeline.stages.paper import find_paper
from pipeline.stages.plane import Points, inverse, map_points, pixels_to_pixels, rotation, scaling, shrunk
from pipeline.stages.prepared import MM_PER_INCH, WORKING_DPI
from pipeline.stages.skew import MIN_POINTS, SKEW_DPI, dark_points, estimate_skew
from recognizer.readings import GrayImage

A4_LENGTH_MM = 297.0
SAME_SIZE = 0.05
"""A page filling its picture at a resolution this near the claimed one needs no second look."""
MAX_ASPECT_RATIO = 1.2
"""Between an outline and a form: leaning by 20 degrees shortens a sheet by 6 %, a margin cut off by as much."""
RIM_MM = 1.5
"""Dark points this near the outline are its shadow."""


@dataclass(frozen=True)
class ReducedPage:
    """The page at about `WORKING_DPI`; at about `SKEW_DPI` its picture, its dark points and the pixels near them.

    Attributes:
        chance: share of all pixels that are near a dark one.
    """

    gray: GrayImage
    to_full: FloatMatrix
    coarse: GrayImage
    coarse_to_full: FloatMatrix
    dark: Points
    is_near_dark: NDArray[np.bool_]
    chance: float

    @property
    def has_print(self) -> bool:
        return len(self.dark) >= MIN_POINTS


@dataclass(frozen=True)
class View:
    """One way to see the page flat.

    Attributes:
        flat_to_page: (3, 3) from millimetres on the flat page to page pixels as scanned.
        dark_mm: (N, 2) dark points on the flat page.
        size_mm: only forms of this size are looked for; None for any.
    """

    flat_to_page: FloatMatrix
    dark_mm: Points
    size_mm: tuple[float, float] | None = None


def reduce_page(page: Page) -> ReducedPage:
    """At a doubtful resolution the page counts as A4 on its longer side: wrong by a half either way still serves."""
    height, width = page.gray.shape
    dpi = max(height, width) / A4_LENGTH_MM * MM_PER_INCH if page.is_dpi_doubtful else page.dpi
    factor = max(1, round(dpi / WORKING_DPI))
    gray = shrunk(page.gray, factor)
    coarse_factor = max(1, round(dpi / factor / SKEW_DPI))
    coarse = shrunk(gray, coarse_factor)
    dark = dark_points(coarse)
    to_full = pixels_to_pixels(factor, factor)
    is_dark = np.zeros(coarse.shape, np.uint8)
    is_dark[dark[:, 1].astype(np.intp), dark[:, 0].astype(np.intp)] = 1
    near_dark = np.asarray(cv2.dilate(is_dark, np.ones((3, 3), np.uint8)), np.uint8)
    return ReducedPage(
        gray,
        to_full,
        coarse,
        to_full @ pixels_to_pixels(coarse_factor, coarse_factor),
        dark,
        near_dark.view(np.bool_),
        cv2.countNonZero(near_dark) / near_dark.size,
    )


def scanned_views(
    page: Page, reduced: ReducedPage, skew_deg: float, sizes_mm: Iterable[tuple[float, float]]
) -> Iterator[View]:
    """The page at its own resolution; where that is doubtful, also as filled by a form of each size."""
    level_px = map_points(rotation(-skew_deg) @ reduced.coarse_to_full, reduced.dark)
    px_per_mm = page.dpi / MM_PER_INCH
    yield View(rotation(skew_deg) @ scaling(px_per_mm), level_px / px_per_mm)
    if not page.is_dpi_doubtful:
        return
    for size in sizes_mm:
        filling = float(np.sqrt(page.gray.size / (size[0] * size[1])))
        if abs(filling / px_per_mm - 1) > SAME_SIZE:
            yield View(rotation(skew_deg) @ scaling(filling), level_px / filling, size)


def paper_views(reduced: ReducedPage, sizes_mm: Iterable[tuple[float, float]]) -> Iterator[View]:
    """The paper, where it can be told from what lies round it, straightened to each size that it may have."""
    outline = find_paper(reduced.coarse)
    if outline is None:
        return
    corners = map_points(reduced.coarse_to_full, outline)
    for size in sizes_mm:
        for across, down in _flat_sizes(corners, size):
            flat = np.array([(0, 0), (across, 0), (across, down), (0, down)], np.float32)
            flat_to_page = np.asarray(cv2.getPerspectiveTransform(flat, corners.astype(np.float32)), np.float64)
            dark_mm = map_points(inverse(flat_to_page) @ reduced.coarse_to_full, reduced.dark)
            dark_mm = dark_mm[((dark_mm > RIM_MM) & (dark_mm < (across - RIM_MM, down - RIM_MM))).all(axis=1)]
            if len(dark_mm) < MIN_POINTS:
                continue
            # The outline is a pixel off here and there: the lines of print tell the direction better.
            left_over = rotation(estimate_skew(dark_mm * (SKEW_DPI / MM_PER_INCH)))
            yield View(flat_to_page @ left_over, map_points(inverse(left_over), dark_mm), size)


def _flat_sizes(corners: Points, size_mm: tuple[float, float]) -> Iterator[tuple[float, float]]:
    """Width and height, lying as the outline does, that paper of a form's size may have.

    Where the outline has other proportions, an edge of the paper may be printed dark and seem to lie outside it: then
    one of both sides is as long as the form's, and the other as the outline tells.
    """
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2
    short, long = min(size_mm), max(size_mm)
    across, down = (long, short) if width > height else (short, long)
    ratio = (width / height) / (across / down)
    if not 1 / MAX_ASPECT_RATIO <= ratio <= MAX_ASPECT_RATIO:
        return
    yield across, down
    if abs(ratio - 1) > SAME_SIZE:
        yield across, across * height / width
        yield down * width / height, down
