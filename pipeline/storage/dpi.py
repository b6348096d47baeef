"""Resolutions as files claim them, and what to believe."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.storage.limits import ScanLimits
from recognizer.readings import GrayImage

GUESSED_DPI = 300.0
"""What document scanners are set to unless somebody changed it."""

BELIEVABLE_DPI = (90.0, 2400.0)
"""Below are screens and files without a resolution, above no scanner."""

SCREEN_DPI = (72.0, 96.0)
"""What programs write when they know nothing."""

PAPER_INCHES = ((8.268, 11.693), (8.5, 11.0), (5.827, 8.268), (11.693, 16.535), (8.5, 14.0))
"""A4, US letter, A5, A3, US legal."""

SCANNER_DPI = (300.0, 200.0, 600.0, 400.0, 150.0, 240.0, 100.0)

SAME_SIZE = 0.01
"""Scanners cut a page a few lines short or long; more than a percent is another paper or resolution."""

SQUARE_WITHIN = 0.02
"""Axes that differ by less are square pixels rounded in a header; fax has 204 x 196 and 204 x 98."""


MOST_OBLONG = 4.2
"""The coarsest fax has 204 x 98 (ITU-T T.4), and 408 x 98 with the finest option across; twice as much is no page."""


def believed_dpi(claimed: float | None, width: int, height: int) -> tuple[float, bool]:
    """Resolution of a page, and whether it is doubtful.

    Args:
        claimed: by the header, or by picture and page size of a PDF; None when it says nothing.
        width, height: of the page in pixels.

    Returns:
        The claim when it can be a scanner's. Otherwise a guess: the resolution at which the page would be a sheet of
        a common paper, or 300.
    """
    if claimed is not None and _is_a_scanners(claimed):
        return claimed, False
    return _dpi_of_common_paper(width, height) or GUESSED_DPI, True


def _is_a_scanners(dpi: float) -> bool:
    is_screen = any(abs(dpi - screen) < 0.5 for screen in SCREEN_DPI)
    return BELIEVABLE_DPI[0] <= dpi <= BELIEVABLE_DPI[1] and not is_screen  # NaN is not


def _dpi_of_common_paper(width: int, height: int) -> float | None:
    short, long = sorted((width, height))
    for dpi in SCANNER_DPI:
        for paper_short, paper_long in PAPER_INCHES:
            if abs(short / (paper_short * dpi) - 1) < SAME_SIZE and abs(long / (paper_long * dpi) - 1) < SAME_SIZE:
                return dpi
    return None


def with_square_pixels(
    gray: GrayImage, dpi: Sequence[float], limits: ScanLimits, number: int
) -> tuple[GrayImage, float | None]:
    """Stretch a page whose axes have different resolutions, such as a fax, to the finer of both.

    Args:
        gray: (H, W) uint8.
        dpi: along x and along y.
        number: of the page, named in errors.

    Returns:
        The page, unchanged unless both claims are a scanner's and differ, and its one resolution: None when the claims
        differ by more than any scanner's.

    Raises:
        TooLargeError: it would have more pixels than the limits allow.
    """
    across, down = float(dpi[0]), float(dpi[1])
    if not (_is_a_scanners(across) and _is_a_scanners(down)) or abs(across / down - 1) < SQUARE_WITHIN:
        return gray, across
    coarser, finer = sorted((across, down))
    if finer > MOST_OBLONG * coarser:
        return gray, None
    height, width = gray.shape
    size = (round(width * finer / across), round(height * finer / down))
    limits.check_pixels(*size, number)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8), finer
