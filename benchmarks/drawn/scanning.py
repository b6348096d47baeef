"""What a scanner or a phone makes of a page, with the truth: every picture comes with the matrix that placed it.

Pixel (x, y) means the middle of that pixel, as in `pipeline.stages.plane`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix, Page
from pipeline.stages.plane import map_points, rotation, scaling, shift
from pipeline.storage.dpi import believed_dpi
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
LID, DARK, TABLE = 246, 12, 95
"""Gray of what lies round the paper: a scanner's white lid, one left open, a table under a phone."""
CAMERA_DISTANCE = 1.4
"""Of a phone from the paper, in diagonals of the paper: about 50 cm over A4, where the sheet fills the picture."""
SCREEN_DPI = 72.0
"""What phones write into their pictures: the resolution is unknown."""


class Trouble(StrEnum):
    """What makes a page hard to place."""

    PLAIN = "plain"
    SKEWED = "skewed"
    RESIZED = "resized"
    TORN = "torn"
    SHADED = "shaded"
    PHOTOGRAPHED = "photographed"
    POOR = "poor"
    BILEVEL = "bilevel"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Degradation:
    """What happens to a page on its way into a picture.

    Attributes:
        seed: of everything random that is not listed here: noise, texture, places of shadows.
        quarter_turns: clockwise.
        skew_deg: besides, clockwise positive.
        dpi: resolution of the picture.
        scale: size of the print against the true size; 0.9 for a page that was shrunk when it was printed.
        shift_mm: displacement to the right and down.
        margin_mm: what the picture shows round the paper on each side.
        surround: gray of what is there.
        lost_corner: which corner of the paper is missing, clockwise from the top left; None for a whole page.
        lost_share: how much of both sides is missing there.
        shading: share of the light that is lost where it is darkest.
        tilt_deg: of a phone from straight above; `tilt_towards_deg` is the direction. 0 is a scanner.
        blur_mm: spread of the optics' blur.
        noise: spread of the sensor's noise, gray levels.
        contrast: 1 leaves black black; below it ink fades towards the paper.
        paper_level: brightness of white paper.
        jpeg_quality: None when the picture is not compressed.
        is_bilevel: black and white, as a fax.
        is_dpi_known: whether the picture's file says its resolution.
    """

    seed: int = 0
    quarter_turns: int = 0
    skew_deg: float = 0.0
    dpi: float = 300.0
    scale: float = 1.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    margin_mm: float = 0.0
    surround: int = LID
    lost_corner: int | None = None
    lost_share: float = 0.0
    shading: float = 0.0
    tilt_deg: float = 0.0
    tilt_towards_deg: float = 0.0
    blur_mm: float = 0.04
    noise: float = 2.0
    contrast: float = 1.0
    paper_level: float = 250.0
    jpeg_quality: int | None = None
    is_bilevel: bool = False
    is_dpi_known: bool = True


@dataclass(frozen=True)
class Picture:
    """A page as it arrives: `gray` (H, W) uint8, and the (3, 3) matrix from pixels of the drawn page to its pixels."""

    gray: GrayImage
    page_to_picture: FloatMatrix
    dpi: float
    is_dpi_known: bool

    def as_page(self, number: int = 1) -> Page:
        """As the intake would hand it on: a resolution nobody wrote down is guessed."""
        height, width = self.gray.shape
        dpi, is_doubtful = believed_dpi(self.dpi if self.is_dpi_known else SCREEN_DPI, width, height)
        return Page(number, self.gray, dpi, is_doubtful)


def draw_degradation(seed: int, trouble: Trouble) -> Degradation:
    """Draw what happens to a page: lying any way, at any resolution, slightly askew, and the trouble asked for."""
    rng = np.random.default_rng([seed, *trouble.encode()])
    plain = Degradation(
        seed=seed,
        quarter_turns=int(rng.integers(4)),
        skew_deg=float(rng.normal(0, 0.7)),
        dpi=float(rng.choice((150, 200, 240, 300, 400))),
        scale=float(rng.uniform(0.99, 1.01)),
        shift_mm=(float(rng.normal(0, 1.5)), float(rng.normal(0, 1.5))),
        margin_mm=float(rng.choice((0.0, rng.uniform(1, 8)))),
        surround=int(rng.choice((LID, LID, DARK))),
        jpeg_quality=int(rng.integers(60, 95)) if rng.random() < 0.7 else None,
    )
    troubles = tuple(_TROUBLES) if trouble is Trouble.EVERYTHING else (trouble,)
    for one in troubles:
        # All at once, each with an even chance: what is left is still a page that people would send.
        if trouble is not Trouble.EVERYTHING or rng.random() < 0.5:
            plain = _TROUBLES[one](plain, rng) if one in _TROUBLES else plain
    return plain


def _skewed(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(page, skew_deg=float(rng.uniform(-10, 10)), margin_mm=float(rng.uniform(2, 12)))


def _resized(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(page, scale=float(rng.uniform(0.9, 1.1)), dpi=float(rng.uniform(150, 400)))


def _torn(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(page, lost_corner=int(rng.integers(4)), lost_share=float(rng.uniform(0.15, 0.4)))


def _shaded(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(page, shading=float(rng.uniform(0.25, 0.65)))


def _photographed(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(
        page,
        tilt_deg=float(rng.uniform(3, 18)),
        tilt_towards_deg=float(rng.uniform(0, 360)),
        dpi=float(rng.uniform(150, 300)),
        margin_mm=float(rng.uniform(3, 15)),
        surround=TABLE,
        shading=max(page.shading, float(rng.uniform(0.1, 0.4))),
        blur_mm=float(rng.uniform(0.05, 0.12)),
        noise=float(rng.uniform(2, 6)),
        jpeg_quality=int(rng.integers(60, 92)),
        is_dpi_known=False,
    )


def _poor(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(
        page,
        blur_mm=float(rng.uniform(0.06, 0.18)),
        noise=float(rng.uniform(4, 14)),
        contrast=float(rng.uniform(0.35, 0.8)),
        paper_level=float(rng.uniform(195, 240)),
        jpeg_quality=int(rng.integers(25, 60)),
    )


def _bilevel(page: Degradation, rng: np.random.Generator) -> Degradation:
    return replace(page, is_bilevel=True, noise=float(rng.uniform(3, 9)), jpeg_quality=None, shading=0.0)


_TROUBLES: dict[Trouble, Callable[[Degradation, np.random.Generator], Degradation]] = {
    Trouble.SKEWED: _skewed,
    Trouble.RESIZED: _resized,
    Trouble.TORN: _torn,
    Trouble.SHADED: _shaded,
    Trouble.PHOTOGRAPHED: _photographed,
    Trouble.POOR: _poor,
    Trouble.BILEVEL: _bilevel,
}


def degrade(page: GrayImage, page_dpi: float, degradation: Degradation) -> Picture:
    """Lay a page before a scanner or a phone.

    Args:
        page: (h, w) uint8, the whole sheet, dark on light.
        page_dpi: its resolution.
        degradation: what happens to it; the same one gives the same picture.
    """
    rng = np.random.default_rng(degradation.seed)
    matrix, size = _placing(page.shape, page_dpi, degradation)
    height, width = page.shape
    is_paper = _paper(height, width, degradation)
    zoom = degradation.dpi * degradation.scale / page_dpi
    if zoom < 1:
        # A sensor averages over its pixels; sampling alone would lose hairlines.
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.4 / zoom), np.uint8)
    seen = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR, borderValue=255)
    is_seen = cv2.warpPerspective(is_paper, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0)
    ink = (255 - np.asarray(seen, np.float32)) * degradation.contrast
    light = degradation.paper_level * (1 - ink / 255)
    share = np.asarray(is_seen, np.float32) / 255
    light = share * light + (1 - share) * degradation.surround
    light *= 1 - degradation.shading * _shadow(size, rng)
    blurred = cv2.GaussianBlur(light, (0, 0), max(0.3, degradation.blur_mm * degradation.dpi / MM_PER_INCH))
    noisy = blurred + degradation.noise * rng.standard_normal(light.shape, np.float32)
    gray = np.asarray(np.clip(np.round(noisy), 0, 255), np.uint8)
    if degradation.is_bilevel:
        # Somewhere between paper and black ink, as a scanner's automatic threshold; faint print may drop out.
        depth = degradation.contrast * float(rng.uniform(0.3, 0.55))
        gray = np.asarray(np.where(gray < degradation.paper_level * (1 - depth), 0, 255), np.uint8)
    if degradation.jpeg_quality is not None:
        _, code = cv2.imencode(".jpg", gray, (cv2.IMWRITE_JPEG_QUALITY, degradation.jpeg_quality))
        gray = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
    return Picture(gray, matrix, degradation.dpi, degradation.is_dpi_known)


def _placing(shape: tuple[int, ...], page_dpi: float, degradation: Degradation) -> tuple[FloatMatrix, tuple[int, int]]:
    """Pixels of the page to pixels of the picture, and the picture's (width, height)."""
    height, width = shape
    px_per_mm = degradation.dpi / MM_PER_INCH
    to_mm = scaling(degradation.scale * MM_PER_INCH / page_dpi) @ shift((1 - width) / 2, (1 - height) / 2)
    turned = rotation(90 * degradation.quarter_turns + degradation.skew_deg) @ to_mm
    corners = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float64)
    if degradation.tilt_deg:
        diagonal_mm = float(np.hypot(width, height)) * degradation.scale * MM_PER_INCH / page_dpi
        turned = _tilt(degradation, CAMERA_DISTANCE * diagonal_mm) @ turned
        spread = map_points(turned, corners)
        middle, sides_mm = (spread.min(axis=0) + spread.max(axis=0)) / 2, np.ptp(spread, axis=0)
    else:
        # A scanner's glass fits the paper lying straight; what lies askew loses its corners.
        upright = map_points(rotation(90 * degradation.quarter_turns) @ to_mm, corners)
        middle, sides_mm = np.zeros(2), np.ptp(upright, axis=0) * max(1.0, 1 / degradation.scale)
    sides = np.round((sides_mm + 2 * degradation.margin_mm) * px_per_mm).astype(int)
    x, y = np.array(degradation.shift_mm) - middle
    place = shift((sides[0] - 1) / 2, (sides[1] - 1) / 2) @ scaling(px_per_mm) @ shift(float(x), float(y))
    return place @ turned, (int(sides[0]), int(sides[1]))


def _tilt(degradation: Degradation, distance_mm: float) -> FloatMatrix:
    """What a phone above the middle of the paper sees of it when it leans: lengths at the middle stay."""
    angle = np.radians(degradation.tilt_deg)
    leaning: NDArray[np.float64] = np.array(
        [[np.cos(angle), 0, 0], [0, 1, 0], [np.sin(angle) / distance_mm, 0, 1]], np.float64
    )
    towards = rotation(degradation.tilt_towards_deg)
    return np.asarray(towards @ leaning @ towards.T, np.float64)


def _paper(height: int, width: int, degradation: Degradation) -> NDArray[np.uint8]:
    """255 where there is paper."""
    paper = np.full((height, width), 255, np.uint8)
    if degradation.lost_corner is not None:
        x, y = ((0, 0), (width, 0), (width, height), (0, height))[degradation.lost_corner]
        along, down = (round(degradation.lost_share * side) for side in (width, height))
        legs = ((x, y), (abs(x - along), y), (x, abs(y - down)))
        cv2.fillPoly(paper, [np.array(legs, np.int32)], 0)
    return paper


def _shadow(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) float32, 0 in full light to 1 in the dark: falling off to one side, and the soft edge of a hand."""
    coarse_width, coarse_height = max(8, size[0] // 16), max(8, size[1] // 16)
    y, x = np.mgrid[0 : 1 : coarse_height * 1j, 0 : 1 : coarse_width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    edge, softness = rng.uniform(0.3, 0.7), rng.uniform(0.01, 0.08)
    bend = 0.1 * np.sin(2 * np.pi * (rng.uniform(0.5, 1.5) * (x + y) + rng.uniform()))
    hand = 1 / (1 + np.exp(-np.clip((ramp + bend - edge) / softness, -30, 30)))
    shadow = 0.5 * ramp**2 + 0.5 * hand
    return np.asarray(cv2.resize(shadow, size, interpolation=cv2.INTER_LINEAR), np.float32)
