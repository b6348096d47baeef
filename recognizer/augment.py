"""Variation of training digits: bent and stretched shapes, then what scanners, pens and forms do to them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.normalize import INNER_PX, SIDE_PX, normalize_digits
from recognizer.readings import InkImage

ImageStack = NDArray[np.uint8]
"""(N, 28, 28) uint8, ink bright on zero."""

_CHUNK = 512
"""Images warped by one remap call, which takes at most 32,767 rows."""
_GAP_PX = 2
_GRID = 5
"""Elastic fields are drawn on 5 x 5 points: bends of a stroke, not tremor."""

ROTATION_DEG = 12.0
SHEAR = 0.15
ZOOM = 0.12
STRETCH = 0.22
"""Standard deviation of log(width / height): envelopes and narrow boxes stretch digits more than MNIST shows."""
SHIFT_PX = 1.5
ELASTIC_PX = 0.8


def bend(images: ImageStack, rng: np.random.Generator, strength: float = 1.0) -> ImageStack:
    """Rotate, shear, zoom, stretch, shift and bend each image on its own.

    Args:
        images: (N, 28, 28) uint8.
        rng: source of what varies.
        strength: factor on all spreads; 0 changes nothing but rounding.

    Returns:
        (N, 28, 28) uint8.
    """
    warped = np.empty_like(images)
    for first in range(0, len(images), _CHUNK):
        part = images[first : first + _CHUNK]
        warped[first : first + len(part)] = _remap(part, *_maps(len(part), rng, strength))
    return warped


def _maps(count: int, rng: np.random.Generator, strength: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel comes from: x and y relative to the image's centre, (count, 28, 28) each."""
    turn = np.deg2rad(rng.uniform(-ROTATION_DEG, ROTATION_DEG, count)) * strength
    shear = rng.uniform(-SHEAR, SHEAR, count) * strength
    zoom = np.exp(rng.uniform(-ZOOM, ZOOM, count) * strength)
    stretch = np.exp(rng.normal(0, STRETCH, count).clip(-0.45, 0.45) * strength / 2)
    cosine, sine = np.cos(turn), np.sin(turn)
    rows = np.array([[cosine, shear * cosine - sine], [sine, shear * sine + cosine]]).transpose(2, 0, 1)
    matrix = (rows / np.stack([zoom * stretch, zoom / stretch], axis=1)[:, :, None]).astype(np.float32)
    middle = (SIDE_PX - 1) / 2
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32) - np.float32(middle)
    source = matrix @ np.stack([x.ravel(), y.ravel()])
    source = source.reshape(count, 2, SIDE_PX, SIDE_PX)
    source += (rng.uniform(-SHIFT_PX, SHIFT_PX, (count, 2, 1, 1)) * strength).astype(np.float32)
    field = rng.standard_normal((count, 2, _GRID, _GRID)).astype(np.float32) * np.float32(ELASTIC_PX * strength)
    source += _SPREAD @ field @ _SPREAD.T
    return source[:, 0], source[:, 1]


def _spread_matrix() -> NDArray[np.float32]:
    """(28, 5): cubic interpolation from the coarse grid to pixels."""
    eye = np.eye(_GRID, dtype=np.float32)
    return np.asarray(cv2.resize(eye, (_GRID, SIDE_PX), interpolation=cv2.INTER_CUBIC), np.float32)


_SPREAD = _spread_matrix()


def _remap(images: ImageStack, x: NDArray[np.float32], y: NDArray[np.float32]) -> ImageStack:
    """Resample all images by one call: they are stacked into one tall image with empty rows between them."""
    count, pitch = len(images), SIDE_PX + 2 * _GAP_PX
    tall = np.zeros((count, pitch, SIDE_PX), np.uint8)
    tall[:, _GAP_PX:-_GAP_PX] = images
    middle = (SIDE_PX - 1) / 2
    reach = middle + _GAP_PX - 0.6
    top = (np.arange(count) * pitch + _GAP_PX + middle).astype(np.float32)[:, None, None]
    rows = np.clip(y, -reach, reach) + top
    columns = np.ascontiguousarray(x + np.float32(middle))
    warped = cv2.remap(
        tall.reshape(-1, SIDE_PX),
        columns.reshape(-1, SIDE_PX),
        rows.reshape(-1, SIDE_PX),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(warped, np.uint8).reshape(images.shape)


# --- as forms and scanners deliver them ----------------------------------------------------------


def rescan(
    images: ImageStack, rng: np.random.Generator, neighbours: ImageStack | None = None, clutter: float = 1.0
) -> ImageStack:
    """Redraw normalised digits at scan size with another pen and scanner, and normalise what comes out.

    Args:
        images: (N, 28, 28) uint8.
        rng: source of what varies.
        neighbours: images whose ink may reach into a crop; None: none does.
        clutter: factor on how often rules, neighbours, dirt and gaps occur; 0 gives clean digits.

    Returns:
        (N, 28, 28) uint8, as production would hand them to the network.
    """
    return normalize_digits([scan_view(image, rng, neighbours, clutter) for image in images])


def scan_view(
    image: InkImage, rng: np.random.Generator, neighbours: ImageStack | None = None, clutter: float = 1.0
) -> InkImage:
    """One normalised digit as ink cut from a scan of 75 to 300 dpi: see `rescan`."""
    height_px = float(np.exp(rng.uniform(np.log(12), np.log(60))))
    side = max(10, round(height_px * SIDE_PX / INNER_PX))
    ink = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    ink = _with_other_pen(ink, height_px, rng)
    for effect, chance in _CLUTTER:
        if rng.random() < chance * clutter:
            ink = effect(ink, rng)
    if neighbours is not None and len(neighbours) and rng.random() < 0.1 * clutter:
        ink = _with_neighbour(ink, neighbours[rng.integers(len(neighbours))], rng)
    return _as_scanned(ink, rng)


def _with_other_pen(ink: InkImage, height_px: float, rng: np.random.Generator) -> InkImage:
    """Crispen the enlarged strokes, then make them thicker or thinner by a twelfth of the height at most."""
    level, gain = rng.uniform(60, 140), rng.uniform(1.5, 5)
    ink = cv2.convertScaleAbs(np.clip(ink.astype(np.float32) - level, 0, None), alpha=gain)
    size = int(rng.integers(2, 3 + max(0, round(height_px * 0.06))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    draw = rng.random()
    if draw < 0.25:
        return np.asarray(cv2.dilate(ink, kernel), np.uint8)
    if draw < 0.45:
        thinner = cv2.erode(ink, kernel)
        # A thin stroke must not vanish.
        if thinner.sum() > 0.35 * ink.sum():
            return np.asarray(thinner, np.uint8)
    return np.asarray(ink, np.uint8)


def _as_scanned(ink: InkImage, rng: np.random.Generator) -> InkImage:
    blur_px = rng.uniform(0, 0.035) * len(ink)
    if blur_px > 0.3:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), blur_px), np.uint8)
    draw = rng.random()
    if draw < 0.3:  # bilevel scan
        level = rng.uniform(0.3, 0.6) * float(ink.max(initial=1))
        return np.asarray(np.where(ink > level, 255, 0), np.uint8)
    if draw < 0.55:  # pencil and grain
        noise = rng.standard_normal(ink.shape).astype(np.float32)
        noisy = ink * (1 + rng.uniform(0.05, 0.35) * noise)
        ink = np.clip(noisy, 0, 255).astype(np.uint8)
    return ink


def _with_rule(ink: InkImage, rng: np.random.Generator) -> InkImage:
    """What is left of a printed rule near the rim, perhaps broken."""
    side = len(ink)
    place, thick = int(rng.integers(0, max(1, side // 7))), int(rng.integers(1, 2 + side // 30))
    first, last = sorted(rng.integers(0, side, 2))
    mark = np.zeros_like(ink)
    mark[place : place + thick, first : last + 1] = rng.integers(90, 256)
    return np.maximum(ink, np.rot90(mark, int(rng.integers(4))))


def _with_dirt(ink: InkImage, rng: np.random.Generator) -> InkImage:
    dirty = ink.copy()
    for x, y in rng.integers(0, len(ink), (int(rng.integers(1, 4)), 2)):
        cv2.circle(dirty, (int(x), int(y)), int(rng.integers(0, 1 + len(ink) // 24)), int(rng.integers(80, 256)), -1)
    return dirty


def _with_gap(ink: InkImage, rng: np.random.Generator) -> InkImage:
    """A line that rule removal took out of the digit."""
    cut = ink.copy()
    thick = int(rng.integers(1, 2 + len(ink) // 25))
    place = int(rng.integers(len(ink) // 6, len(ink) - len(ink) // 6))
    cut[place : place + thick] = 0
    return cut if cut.sum() > 0.7 * ink.sum() else ink


def _with_fading(ink: InkImage, rng: np.random.Generator) -> InkImage:
    """Pressure that varies over the digit."""
    patches = rng.uniform(0.45, 1.0, (3, 3)).astype(np.float32)
    share = cv2.resize(patches, (len(ink), len(ink)), interpolation=cv2.INTER_LINEAR)
    return (ink * share).astype(np.uint8)


_CLUTTER: tuple[tuple[Callable[[InkImage, np.random.Generator], InkImage], float], ...] = (
    (_with_fading, 0.15),
    (_with_gap, 0.08),
    (_with_rule, 0.08),
    (_with_dirt, 0.06),
)
"""What may befall a crop, and how often. Rare enough that most crops stay clean, as on forms."""


def _with_neighbour(ink: InkImage, neighbour: InkImage, rng: np.random.Generator) -> InkImage:
    """The edge of the next digit, which stood too close."""
    side = len(ink)
    other = np.asarray(cv2.resize(neighbour, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    inked = np.flatnonzero(other.max(axis=0) > 40)
    width = int(rng.integers(1, 2 + side // 8))
    joined = ink.copy()
    if not len(inked):
        return joined
    if rng.random() < 0.5:
        edge = other[:, inked[0] : inked[0] + width]
        joined[:, side - edge.shape[1] :] = np.maximum(joined[:, side - edge.shape[1] :], edge)
    else:
        edge = other[:, max(0, inked[-1] + 1 - width) : inked[-1] + 1]
        joined[:, : edge.shape[1]] = np.maximum(joined[:, : edge.shape[1]], edge)
    return joined
