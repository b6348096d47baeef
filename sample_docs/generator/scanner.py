"""What a scanner or a camera makes of a page: turn, skew, stretch, blur, shading, noise, specks, black and white."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_docs.generator.paper import ColorImage

ScanImage = NDArray[np.uint8]
"""(H, W, 3) uint8 in colour, else (H, W) uint8; a bilevel scan holds 0 and 255 only."""

_LID = (246, 246, 244)
"""What the scanner sees beside the page."""


class ScanMode(StrEnum):
    """What the scanner delivers."""

    COLOR = "color"
    GRAY = "gray"
    BILEVEL = "bilevel"


@dataclass(frozen=True, slots=True)
class ScanConditions:
    """How a page is scanned.

    Attributes:
        quarter_turns: how often the page was turned clockwise by 90 degrees before it was fed in.
        skew_deg: how far it lies askew besides, clockwise positive.
        shift_mm: displacement to the right and down.
        stretch: length of a feeder's page against its true length.
        margin_mm: lid seen round the page on each side.
        blur_px: spread of the optics' blur.
        noise: spread of the sensor's noise, grey levels.
        contrast: 1 leaves black black; below it ink fades towards the paper.
        paper_level: brightness of white paper; 255 and more cuts the paper's own noise off.
        shading: how much darker the page is at one side, share.
        specks: dust on the glass, number a page.
        threshold: below it a bilevel scan is black.
    """

    mode: ScanMode = ScanMode.GRAY
    quarter_turns: int = 0
    skew_deg: float = 0.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    stretch: float = 1.0
    margin_mm: float = 0.0
    blur_px: float = 0.6
    noise: float = 2.0
    contrast: float = 1.0
    paper_level: float = 250.0
    shading: float = 0.0
    specks: int = 0
    threshold: int = 150


@dataclass(frozen=True)
class Scan:
    """A scanned page.

    Attributes:
        page_to_scan: (3, 3) float64, places (x, y, 1) on the drawn page to places on the scan, in pixels of either;
            the top left pixel covers x and y from 0 to 1.
    """

    image: ScanImage
    dpi: int
    page_to_scan: NDArray[np.float64]


def scan(page: ColorImage, dpi: int, conditions: ScanConditions, rng: np.random.Generator) -> Scan:
    """Scan a page at the resolution it was drawn at.

    Args:
        page: (H, W, 3) uint8.
        dpi: its resolution.
        conditions: how.
        rng: source of noise and specks.
    """
    matrix, size = _path_of_paper(page.shape[1], page.shape[0], dpi, conditions)
    centres_to_edges = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from the centres of pixels
    warp = np.linalg.inv(centres_to_edges) @ matrix @ centres_to_edges
    image = cv2.warpPerspective(
        page, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_LID
    )
    if conditions.blur_px > 0:
        image = cv2.GaussianBlur(image, (0, 0), conditions.blur_px)
    if conditions.mode is not ScanMode.COLOR:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    light = _exposed(np.asarray(image, np.float32), conditions, rng)
    result = np.asarray(np.clip(np.round(light), 0, 255), np.uint8)
    _speckle(result, conditions.specks, dpi, rng)
    if conditions.mode is ScanMode.BILEVEL:
        result = np.asarray(np.where(result < conditions.threshold, 0, 255), np.uint8)
    return Scan(result, dpi, matrix)


def _path_of_paper(
    width: int, height: int, dpi: int, conditions: ScanConditions
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Places on the page to places on the scan, pixels from the outer corner, and the scan's (width, height)."""
    margin = conditions.margin_mm * dpi / 25.4
    turned = conditions.quarter_turns % 2 == 1
    out_width, out_height = (height, width) if turned else (width, height)
    out_height = round(out_height * conditions.stretch)
    size = (round(out_width + 2 * margin), round(out_height + 2 * margin))
    angle = np.radians(90 * conditions.quarter_turns + conditions.skew_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    feed = np.diag([1.0, conditions.stretch, 1.0])
    x, y = (value * dpi / 25.4 for value in conditions.shift_mm)
    place = np.array([[1, 0, size[0] / 2 + x], [0, 1, size[1] / 2 + y], [0, 0, 1]])
    return place @ feed @ turn @ centre, size


def _exposed(image: NDArray[np.float32], conditions: ScanConditions, rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    level = conditions.paper_level
    light = level - (255 - image) * (conditions.contrast * level / 255)
    if conditions.shading > 0:
        slope = 1 - conditions.shading * np.linspace(0, 1, width, dtype=np.float32) ** 2
        light = light * (slope[None, :, None] if light.ndim == 3 else slope[None, :])
    if conditions.noise > 0:
        grain = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 0.7)
        grain = grain * (conditions.noise / float(grain.std()))
        light = light + (grain[:, :, None] if light.ndim == 3 else grain)
    return np.asarray(light, np.float32)


def _speckle(image: ScanImage, count: int, dpi: int, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    for _ in range(count):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(1, round(rng.exponential(0.12) * dpi / 25.4))
        level = int(rng.integers(20, 120))
        cv2.circle(image, centre, radius, (level,) * 3 if image.ndim == 3 else level, -1, cv2.LINE_AA)
