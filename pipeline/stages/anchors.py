"""Anchors: small printed places of a blank form, chosen by themselves, found again on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.plane import Points, map_points, shift
from recognizer.readings import GrayImage

PATCH_WIDTH, PATCH_HEIGHT = 40, 20
"""Pixels at the working resolution of 75 dpi, 13.5 x 6.8 mm: about one printed word."""
SPACING = 110
"""One anchor is sought in every square of this side, 37 mm; on bare forms in squares half as wide."""
MIN_TEXTURE = 0.05
"""Texture asked of an anchor, as a share of the strongest on the form."""
TWIN_NCC = 0.8
"""A patch that looks this much like another place within reach would be found in the wrong one."""
MIN_NCC = 0.45
"""Weaker finds are chance: measured on drawn forms, filled in and skewed."""
WIDE_REACH, CLOSE_REACH = 16, 5
"""Pixels at working resolution: what the profiles leave (5 mm), and what the first fit leaves."""
TRIES_PER_SQUARE = 4


FloatRow = NDArray[np.float32]


@dataclass(frozen=True)
class Anchor:
    """A patch of the blank form: `middle` in working pixels of the form, `patch` (PATCH_HEIGHT, PATCH_WIDTH) uint8."""

    middle: tuple[float, float]
    patch: GrayImage


@dataclass(frozen=True)
class Finds:
    """Anchors found again: (N, 2) places on the form, (N, 2) on the page, (N,) correlations."""

    form: Points
    page: Points
    ncc: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.form)


def choose_anchors(
    form: GrayImage,
    is_free: NDArray[np.bool_],
    reach: int,
    chosen: Sequence[Anchor] = (),
    spacing: int = SPACING,
) -> tuple[Anchor, ...]:
    """Pick textured places, unlike their surroundings, one in each square of the form, none over another.

    Args:
        form: (H, W) uint8 blank form at working resolution.
        is_free: (H, W) bool, False where people write.
        reach: how far anchors will be looked for, pixels; they must be unlike any place as near as that.
        chosen: before; squares that hold one of them get no other.
        spacing: side of a square, pixels.

    Returns:
        The chosen ones and the new ones.
    """
    height, width = form.shape
    texture = _texture(form)
    texture[~_fits_patch(is_free)] = 0
    floor = MIN_TEXTURE * float(texture.max())
    if floor <= 0:
        return tuple(chosen)
    anchors = list(chosen)
    rows, columns = max(1, round(height / spacing)), max(1, round(width / spacing))
    for row in range(rows):
        for column in range(columns):
            top, left = row * height // rows, column * width // columns
            bottom, right = (row + 1) * height // rows, (column + 1) * width // columns
            if any(left <= one.middle[0] < right and top <= one.middle[1] < bottom for one in chosen):
                continue
            middle = _best_place(form, texture[top:bottom, left:right].copy(), (left, top), floor, reach)
            if middle is not None:
                anchors.append(Anchor(middle, _cut(form, middle)))
                _blot_out(texture, round(middle[0]), round(middle[1]))
    return tuple(anchors)


def find_anchors(anchors: Sequence[Anchor], page: GrayImage, form_to_page: FloatMatrix, reach: int) -> Finds:
    """Look for every anchor within `reach` of where `form_to_page` expects it.

    Args:
        anchors: in working pixels of the form.
        page: (H, W) uint8 page, reduced to about the working resolution.
        form_to_page: (3, 3) from working pixels of the form to pixels of `page`.
        reach: pixels of the form.

    Returns:
        The anchors that correlate by at least `MIN_NCC`, to a fraction of a pixel.
    """
    middles, found, nccs = [], [], []
    size = (PATCH_WIDTH + 2 * reach, PATCH_HEIGHT + 2 * reach)
    for anchor in anchors:
        left, top = anchor.middle[0] - (size[0] - 1) / 2, anchor.middle[1] - (size[1] - 1) / 2
        window = cv2.warpPerspective(
            page,
            form_to_page @ shift(left, top),
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        similarity = np.asarray(cv2.matchTemplate(window, anchor.patch, cv2.TM_CCOEFF_NORMED), np.float32)
        _, ncc, _, (x, y) = cv2.minMaxLoc(similarity)
        if not MIN_NCC <= ncc <= 1.001:
            continue
        middles.append(anchor.middle)
        found.append(
            (
                left + x + _peak_offset(similarity[y], x) + (PATCH_WIDTH - 1) / 2,
                top + y + _peak_offset(similarity[:, x], y) + (PATCH_HEIGHT - 1) / 2,
            )
        )
        nccs.append(ncc)
    places = map_points(form_to_page, np.array(found, np.float64).reshape(-1, 2))
    return Finds(np.array(middles, np.float64).reshape(-1, 2), places, np.array(nccs))


def _texture(form: GrayImage) -> NDArray[np.float32]:
    """Edges in the weaker of both directions over a patch: a rule alone is no anchor, it slides along itself."""
    # Weighted towards the middle: an even window would as soon have a crossing at the patch's rim.
    across, down = (
        cv2.GaussianBlur(edges**2, (0, 0), sigmaX=PATCH_WIDTH / 4, sigmaY=PATCH_HEIGHT / 4)
        for edges in (cv2.Sobel(form, cv2.CV_32F, 1, 0), cv2.Sobel(form, cv2.CV_32F, 0, 1))
    )
    return np.minimum(across, down)


def _fits_patch(is_free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the middle of a patch may lie: all of it free and on the form."""
    framed = np.zeros_like(is_free, np.uint8)
    framed[1:-1, 1:-1] = is_free[1:-1, 1:-1]
    kernel = np.ones((PATCH_HEIGHT + 1, PATCH_WIDTH + 1), np.uint8)
    return np.asarray(cv2.erode(framed, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)


def _best_place(
    form: GrayImage, square: NDArray[np.float32], corner: tuple[int, int], floor: float, reach: int
) -> tuple[float, float] | None:
    for _ in range(TRIES_PER_SQUARE):
        _, strength, _, (x, y) = cv2.minMaxLoc(square)
        if strength < floor:
            return None
        # The middle of an even-sized patch lies between two pixels.
        middle = (corner[0] + x - 0.5, corner[1] + y - 0.5)
        if not _has_twin(form, middle, reach):
            return middle
        _blot_out(square, x, y)
    return None


def _blot_out(texture: NDArray[np.float32], x: int, y: int) -> None:
    """Forget the places where a patch would overlap the one at (x, y)."""
    texture[max(0, y - PATCH_HEIGHT) : y + PATCH_HEIGHT, max(0, x - PATCH_WIDTH) : x + PATCH_WIDTH] = 0


def _cut(form: GrayImage, middle: tuple[float, float], reach: int = 0) -> GrayImage:
    left = int(middle[0] + 0.5) - PATCH_WIDTH // 2 - reach
    top = int(middle[1] + 0.5) - PATCH_HEIGHT // 2 - reach
    right, bottom = left + PATCH_WIDTH + 2 * reach, top + PATCH_HEIGHT + 2 * reach
    return form[max(0, top) : bottom, max(0, left) : right].copy()


def _has_twin(form: GrayImage, middle: tuple[float, float], reach: int) -> bool:
    similarity = cv2.matchTemplate(_cut(form, middle, reach), _cut(form, middle), cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(similarity)
    similarity[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = -1
    return bool(similarity.max() > TWIN_NCC)


def _peak_offset(values: FloatRow, peak: int) -> float:
    """Where a parabola through the peak and its neighbours has its top, relative to the peak."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    before, top, after = (float(v) for v in values[peak - 1 : peak + 2])
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < -1e-6 else 0.0
