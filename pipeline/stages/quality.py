"""Is a page's picture good enough to be read by a machine? Seven flaws, each from its own measurement.

They are those that cheque clearing tests every image for (X9.100-188, image quality), as far as one picture tells them.
All are measured on the page at `MEASURED_DPI`, where strokes of a pen are still two pixels wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Page, Registration, RegistrationStatus
from pipeline.stages.plane import Points, map_points, shrunk
from recognizer.readings import GrayImage

MEASURED_DPI = 100.0
MEASURED_PX = 2000
"""Longer side at most, whatever the resolution that a header claims."""


class Flaw(StrEnum):
    """What may be wrong with the picture of a page."""

    DARK = "dark"
    LIGHT = "light"
    BLURRED = "blurred"
    CUT_EDGE = "cut_edge"
    STREAK = "streak"
    PIGGYBACK = "piggyback"
    TINY = "tiny"


@dataclass(frozen=True, slots=True)
class QualityOptions:
    """Where a page becomes too poor to be trusted; set so that whatever reads well passes, see the tests.

    Attributes:
        min_side_px: shorter side of the page as scanned.
        min_paper: gray level of the paper; below, the page is dark.
        min_contrast: gray levels between paper and the darkest thousandth; below, the page is light.
        min_sharpness: share of an edge's height that lies within one pixel of 100 dpi, 0 to 1; below, it is blurred.
            Sample pages and cheques have 0.85 and more, a blur of half a millimetre (sigma) leaves 0.55.
        max_off_page: share of the form that may lie beyond the edges of the page, 0 to 1; above, a part was cut off.
        max_streaks: lines from one side of the page to the other; forms and cheques may have one or two printed.
        max_foreign_ink: share of the page beyond the form that is ink, 0 to 1; above, another document lies there.
    """

    min_side_px: int = 120
    min_paper: float = 90.0
    min_contrast: float = 40.0
    min_sharpness: float = 0.5
    max_off_page: float = 0.1
    max_streaks: int = 2
    max_foreign_ink: float = 0.03


@dataclass(frozen=True, slots=True)
class PageQuality:
    """What was measured on a page; see `QualityOptions` for the units.

    Attributes:
        sharpness: None for a page without an edge to tell by.
        off_page, foreign_ink: None without a form to measure by.
    """

    side_px: int
    paper: float
    contrast: float
    sharpness: float | None
    off_page: float | None
    streaks: int
    foreign_ink: float | None


def measure_quality(page: Page, registration: Registration) -> PageQuality:
    """Measure what makes a page hard to read.

    Args:
        page: as scanned.
        registration: where the form lies on it.
    """
    scale = min(1.0, MEASURED_DPI / page.dpi, MEASURED_PX / max(page.gray.shape))
    small = _reduced(page.gray, scale)
    paper, darkest = _levels(small)
    contrast = paper - darkest
    return PageQuality(
        side_px=min(page.gray.shape),
        paper=paper,
        contrast=contrast,
        sharpness=_sharpness(small, contrast),
        off_page=_off_page(page.gray.shape, registration),
        streaks=_streaks(small, paper - INK_DEPTH * contrast),
        foreign_ink=_foreign_ink(small, scale, registration, paper, contrast),
    )


def find_flaws(quality: PageQuality, options: QualityOptions = QualityOptions()) -> tuple[Flaw, ...]:
    """What is wrong with a page, in the order of `Flaw`; empty for a good one.

    A page without any ink is no worse than its paper.
    """
    is_written = quality.contrast > NO_INK
    found = {
        Flaw.DARK: quality.paper < options.min_paper,
        Flaw.LIGHT: is_written and quality.contrast < options.min_contrast,
        Flaw.BLURRED: quality.sharpness is not None and quality.sharpness < options.min_sharpness,
        Flaw.CUT_EDGE: quality.off_page is not None and quality.off_page > options.max_off_page,
        Flaw.STREAK: quality.streaks > options.max_streaks,
        Flaw.PIGGYBACK: quality.foreign_ink is not None and quality.foreign_ink > options.max_foreign_ink,
        Flaw.TINY: quality.side_px < options.min_side_px,
    }
    return tuple(flaw for flaw, is_there in found.items() if is_there)


NO_INK = 15.0
"""Gray levels by which the darkest thousandth of an empty page differs from its paper: grain and dust."""


INK_DEPTH = 0.5
"""Ink is at least so deep, in the page's contrast."""


def _reduced(gray: GrayImage, scale: float) -> GrayImage:
    if scale == 1.0:
        return gray
    height, width = gray.shape
    times = round(1 / scale)
    if abs(times * scale - 1) < WHOLE_WITHIN and min(width, height) >= times:
        return shrunk(gray, times)  # a row or column at the edge is no loss
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


WHOLE_WITHIN = 0.005
"""Resolutions come rounded, as 299.9994 dpi."""


def _levels(small: GrayImage) -> tuple[float, float]:
    """Gray level of paper, and that of the darkest thousandth."""
    counts = cv2.calcHist([small], [0], None, [256], [0.0, 256.0])
    reached = np.cumsum(counts.ravel()) / small.size
    return float(np.searchsorted(reached, PAPER_SHARE)), float(np.searchsorted(reached, INK_SHARE))


PAPER_SHARE = 0.8
"""Paper is at least a fifth of any page, and the brightest of it; not more, for a cheque on a dark scanner bed."""
INK_SHARE = 0.001

SHARPER = 0.9
EDGE_SHARE = 0.4
"""Height of the edges that are looked at, in the page's contrast: more would leave none of a badly blurred page."""
MIN_EDGE_PX = 30
EDGE_REACH = 9
"""Pixels across which an edge's height is taken: two millimetres, more than any blur that leaves something to see."""


def _sharpness(small: GrayImage, contrast: float) -> float | None:
    """Of the sharper tenth of the places where ink meets paper: height within one pixel over the whole height."""
    near, far = (_range(small, size) for size in (3, EDGE_REACH))
    edges = far > max(EDGE_SHARE * contrast, NO_INK)
    if np.count_nonzero(edges) < MIN_EDGE_PX:
        return None
    ratios = near[edges].astype(np.float32) / far[edges]
    place = int(SHARPER * (len(ratios) - 1))
    return float(np.partition(ratios, place)[place])  # a tenth of the time of `np.percentile`


def _range(small: GrayImage, size: int) -> GrayImage:
    """Brightest less darkest in a square window round each pixel."""
    window = np.ones((size, size), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(small, window), cv2.erode(small, window)), np.uint8)


def _off_page(shape: tuple[int, int], registration: Registration) -> float | None:
    """Share of the form that lies beyond the edges of the page."""
    corners = _corners(registration)
    if corners is None:
        return None
    height, width = shape
    page = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    form = corners.astype(np.float32)
    return max(0.0, 1.0 - cv2.intersectConvexConvex(form, page)[0] / cv2.contourArea(form))


def _corners(registration: Registration, beyond_mm: float = 0.0) -> Points | None:
    """Corners of the form and what lies round it, page pixels, in turn; None when there is no form."""
    template, to_page = registration.template, registration.mm_to_page
    if registration.status is not RegistrationStatus.OK or template is None or to_page is None:
        return None
    (width, height), low = template.page_size_mm, -beyond_mm
    right, bottom = width + beyond_mm, height + beyond_mm
    return map_points(to_page, np.array([(low, low), (right, low), (right, bottom), (low, bottom)]))


STREAK_DEPTH = 12
"""Gray levels between a streak and the columns beside it."""
STREAK_SHARE = 0.99
"""Of the page's height along which a streak is there: printed lines end at the margins, and so do frames."""
MAYBE_STREAK = 0.96
MIN_TELLING = 0.5
BESIDE_PX = 6
"""How far from a streak's middle the paper beside it is looked at: streaks are up to two millimetres wide."""
STREAK_ROWS = 6
"""Every sixth row tells where to look closer."""
MIN_STREAK_PX = 200
"""A side shorter than this, 5 cm, tells no streak from a ruled line."""


def _streaks(small: GrayImage, ink: float) -> int:
    """Lines darker or lighter than what is on both their sides, from edge to edge, along either axis."""
    return sum(_streaks_down(image, ink) for image in (small, np.ascontiguousarray(small.T)))


def _streaks_down(small: GrayImage, ink: float) -> int:
    height, width = small.shape
    if height < MIN_STREAK_PX or width <= 4 * BESIDE_PX:
        return 0
    count = 0
    for sign in (1, -1):
        suspects = np.flatnonzero(_stand_out(small[::STREAK_ROWS], sign, ink) >= MAYBE_STREAK)
        around = (small[:, column : column + 2 * BESIDE_PX + 1] for column in suspects)
        sure = [_stand_out(strip, sign, ink)[0] >= STREAK_SHARE for strip in around]
        count += int(np.count_nonzero(np.diff(suspects[sure], prepend=-2) > 1))
    return count


def _stand_out(small: GrayImage, sign: int, ink: float) -> NDArray[np.float64]:
    """Share of the rows in which a column is darker (sign 1) or lighter (-1) than what is beside it.

    Where a dark streak crosses ink it cannot be told from it: such rows do not count, as long as they are the fewer.
    """
    levels = small.astype(np.int16)
    middle, left, right = levels[:, BESIDE_PX:-BESIDE_PX], levels[:, : -2 * BESIDE_PX], levels[:, 2 * BESIDE_PX :]
    is_there = (sign * (left - middle) > STREAK_DEPTH) & (sign * (right - middle) > STREAK_DEPTH)
    tells = (left > ink) & (right > ink) if sign > 0 else np.ones_like(is_there)
    rows = np.count_nonzero(tells, axis=0)
    share = np.count_nonzero(is_there & tells, axis=0) / np.maximum(rows, 1)
    return np.asarray(np.where(rows >= MIN_TELLING * len(small), share, 0.0))


BEYOND_MM = 6.0
"""Beyond the form's edge by less than this lies its own shadow, or a form a little larger than its template."""
MIN_BEYOND = 0.1
"""Share of the page that must lie beyond the form; less holds no document."""
BED_PX = 15
"""Dark things at least this wide, 4 mm, are the scanner's bed and lid."""


def _foreign_ink(
    small: GrayImage, scale: float, registration: Registration, paper: float, contrast: float
) -> float | None:
    """Share of what lies beyond the form that is written or printed on."""
    corners = _corners(registration, BEYOND_MM)
    if corners is None or contrast <= NO_INK:
        return None
    beyond = np.ones(small.shape, np.uint8)
    cv2.fillConvexPoly(beyond, np.rint(corners * scale).astype(np.int32), (0,))
    area = int(np.count_nonzero(beyond))
    if area < MIN_BEYOND * small.size:
        return 0.0
    dark = (small < paper - INK_DEPTH * contrast).astype(np.uint8)
    ink = cv2.subtract(dark, cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((BED_PX, BED_PX), np.uint8)))
    return cv2.countNonZero(cv2.bitwise_and(ink, beyond)) / area
