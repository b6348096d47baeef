"""Is anything written in a field at all? Dust, creases and show-through are not; a pen that hardly writes is."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box, FieldRegion
from pipeline.stages.comb import STROKE_MM
from pipeline.stages.ink import BoolImage, find_ink, label_blobs, paper_of
from pipeline.stages.segment import Segmentation

FloatImage = NDArray[np.float32]

LEAST_WRITING_MM = 1.2
"""Extent of the smallest writing; dust on a scanner's glass stays under 0.5 mm, digits over 1.5 mm."""
PRINT_REACH_MM = 0.5
"""How far round printed lines ink may be theirs: registration leaves 0.12 mm (0.36 mm at times), blur the rest."""
DARK = 40.0
"""Gray levels below the paper from which ink is a pen's, whatever its edges."""
FAINTEST = 9.0
"""Gray levels below which nothing is told from paper: JPEG and grain reach 8 after smoothing. At 12, 5 of 240 fields of
the faintest pens counted as blank."""
SHARP = 0.2
"""Steepest rise of a pen's edge, share of its depth a pixel at 300 dpi: drawn pens have 0.2 to 0.4, show-through and
creases, seen through paper or blurred by height, under 0.17."""
NOISE_FACTOR = 4.0
STEEP_QUANTILE, BARE = 0.8, 6.0
"""Share of the pixels at an edge that rise less than its steepness, and depth below which a pixel is paper."""
RIM_MM = 0.6
THINNEST_MM = 0.2
"""Upright and level pieces at most this thin are edges of printed lines: pens write 0.3 mm and more."""
CREASE_MM, CREASE_SHARE = 0.5, 0.85
"""A crease runs straight: this share of all that is pale lies so near to one line."""
CREASE_PIECE_MM = 0.6
"""Shortest piece of a crease that shows; noise leaves shorter ones."""
CREASE_END_MM = 1.5
"""It may fade this far within the field's edge at one end."""
CREASE_SHARP = 0.27
"""Steepest edge of a crease, share of its depth a pixel: drawn ones have 0.18 to 0.25."""


class Writing(StrEnum):
    """What stands in a field."""

    NONE = "none"
    FAINT = "faint"
    PLAIN = "plain"


def find_writing(field: Segmentation) -> Writing:
    """Whether a field is blank, filled, or holds strokes that only a second look shows.

    Args:
        field: with its ink cut out.

    Returns:
        PLAIN where some piece of its ink is large and dark or sharp enough for a pen; FAINT where only strokes paler
        than the ink threshold are; else NONE.
    """
    if _is_plain(field):
        return Writing.PLAIN
    region = field.region
    printed = _printed(region)
    depth = _depth(region)
    printed |= _crease(depth, printed, region)
    if any(_is_stroke(piece & ~printed, depth, region.px_per_mm, DARK) for piece in _pieces(field)):
        return Writing.PLAIN
    return Writing.FAINT if _has_pale_strokes(depth, printed, region) else Writing.NONE


def _is_plain(field: Segmentation) -> bool:
    """The quick answer for most fields: a large dark piece well inside its cell, where the form prints nothing."""
    region = field.region
    if field.comb is not None:
        ink, scale = field.comb.ink, 1.0
        found = [(cell.box, cell.box, cell.ink > 0, region.cells[cell.first]) for cell in field.comb.cells if cell]
    elif field.line is not None:
        ink, scale = field.line.ink, field.line.scale
        pieces = field.line.lattice.primitives
        found = [(p.box, field.line.in_region(p.box), p.mask, region.inner) for p in pieces]
    else:
        return False
    reach, least = PRINT_REACH_MM * region.px_per_mm, LEAST_WRITING_MM * region.px_per_mm
    for box, place, mask, room in found:
        is_inside = (
            place.left - reach >= room.left
            and place.top - reach >= room.top
            and place.right + reach <= room.right
            and place.bottom + reach <= room.bottom
        )
        # Grains of dust in one cell are no stroke from one to the other.
        if not is_inside or max(box.width, box.height) < least * scale or _longest(mask) < least * scale:
            continue
        depth = ink.depth[box.top : box.bottom, box.left : box.right][mask]
        behind = (
            None if region.background is None else region.background[place.top : place.bottom, place.left : place.right]
        )
        is_bare = behind is None or behind.size == 0 or int(behind.max()) - int(behind.min()) < DARK
        if is_bare and float(np.quantile(depth, 0.9)) >= DARK:
            return True
    return False


def _longest(mask: BoolImage) -> int:
    """Extent of the largest blob, pixels."""
    _, stats, _ = label_blobs(mask)
    return int(stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0))


def _pieces(field: Segmentation) -> Iterator[BoolImage]:
    """Masks of the cells' or the line's ink, in region pixels."""
    shape = field.region.image.shape[:2]
    if field.comb is not None:
        for cell in field.comb.cells:
            if cell is not None:
                yield _placed(cell.ink > 0, cell.box, shape)
    elif field.line is not None:
        for primitive in field.line.lattice.primitives:
            box = field.line.in_region(primitive.box)
            size = (max(1, box.width), max(1, box.height))
            yield _placed(cv2.resize(primitive.mask.astype(np.uint8), size).astype(bool), box, shape)


def _placed(mask: BoolImage, box: Box, shape: tuple[int, ...]) -> BoolImage:
    whole = np.zeros(shape, bool)
    inside = box.clipped(shape[1], shape[0])
    part = mask[: inside.bottom - inside.top, : inside.right - inside.left]
    whole[inside.top : inside.top + part.shape[0], inside.left : inside.left + part.shape[1]] = part
    return whole


def _printed(region: FieldRegion) -> BoolImage:
    """Where the form prints, with some room: by the blank form, else round the sides of the cells."""
    reach = 2 * max(1, round(PRINT_REACH_MM * region.px_per_mm)) + 1
    if region.background is not None:
        lines = find_ink(region.background, STROKE_MM * region.px_per_mm).mask.astype(np.uint8)
    else:
        lines = np.zeros(region.image.shape[:2], np.uint8)
        for cell in region.cells:
            cv2.rectangle(lines, (cell.left, cell.top), (cell.right, cell.bottom), 1)
    return np.asarray(cv2.dilate(lines, np.ones((reach, reach), np.uint8)) > 0)


def _depth(region: FieldRegion) -> FloatImage:
    """Gray levels below the paper, smoothed by a pixel; 0 in the middle of the paper's own noise."""
    smooth = cv2.GaussianBlur(region.image, (0, 0), 1.0)
    depth = paper_of(np.asarray(smooth, np.uint8), STROKE_MM * region.px_per_mm).astype(np.float32) - smooth
    return np.asarray(depth - np.median(depth), np.float32)


def _is_stroke(mask: BoolImage, depth: FloatImage, px_per_mm: float, dark: float) -> bool:
    """Whether a mask holds a piece that a pen made: large enough, and dark or of sharp edges."""
    labels, stats, _ = label_blobs(mask)
    noise = _noise_rise(depth) if len(stats) > 1 else 0.0
    for label in range(1, len(stats)):
        left, top, width, height, _ = (int(v) for v in stats[label])
        if max(width, height) < LEAST_WRITING_MM * px_per_mm or min(width, height) <= THINNEST_MM * px_per_mm:
            continue
        rows, columns = slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2)
        here = depth[rows, columns]
        piece = labels[rows, columns] == label
        deep = float(np.quantile(here[piece], 0.9))
        if deep >= dark or (deep >= FAINTEST and _steepness(here, piece, noise) >= SHARP * deep):
            return True
    return False


def _steepness(depth: FloatImage, piece: BoolImage, noise: float) -> float:
    """Gray levels a pixel that the edges of a piece rise by, beyond what the paper's noise rises by."""
    rim = cv2.dilate(piece.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    seen = float(np.quantile(_rises(depth)[rim], STEEP_QUANTILE))
    return float(np.sqrt(max(0.0, seen**2 - noise**2)))


def _rises(depth: FloatImage) -> FloatImage:
    """Gray levels a pixel that the picture rises by."""
    across = cv2.Sobel(depth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(depth, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(np.hypot(across, down), np.float32)


def _noise_rise(depth: FloatImage) -> float:
    """Gray levels a pixel that bare paper rises by, as steepness is measured; 0 where no paper is seen."""
    bare = cv2.dilate((depth > BARE).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    return float(np.quantile(_rises(depth)[bare], STEEP_QUANTILE)) if bare.any() else 0.0


def _has_pale_strokes(depth: FloatImage, printed: BoolImage, region: FieldRegion) -> bool:
    """A second look below the ink threshold, inside the field and off its print."""
    rim = round(RIM_MM * region.px_per_mm)
    inner = region.inner
    box = Box(inner.left + rim, inner.top + rim, inner.right - rim, inner.bottom - rim)
    box = box.clipped(depth.shape[1], depth.shape[0])
    inside = np.zeros(depth.shape, bool)
    inside[box.top : box.bottom, box.left : box.right] = True
    inside &= ~printed
    if not inside.any():
        return False
    noise = 1.48 * float(np.median(np.abs(depth[inside])))
    pale = inside & (depth > max(FAINTEST, NOISE_FACTOR * noise))
    return _is_stroke(pale, depth, region.px_per_mm, np.inf)


def _crease(depth: FloatImage, printed: BoolImage, region: FieldRegion) -> BoolImage:
    """(h, w) bool, where a crease runs across the field: pale, soft, straight, and on through the margin."""
    none = np.zeros(depth.shape, bool)
    free = ~printed
    if not free.any():
        return none
    noise = 1.48 * float(np.median(np.abs(depth[free])))
    pale = free & (depth > max(FAINTEST, NOISE_FACTOR * noise)) & (depth < DARK)
    pale = _without_crumbs(pale, CREASE_PIECE_MM * region.px_per_mm)
    places = np.argwhere(pale)[:, ::-1].astype(np.float32)
    if len(places) < 2:
        return none
    dx, dy, x, y = (float(v) for v in cv2.fitLine(places, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
    off = np.abs((places[:, 0] - x) * dy - (places[:, 1] - y) * dx)
    near = off <= CREASE_MM * region.px_per_mm
    if near.mean() < CREASE_SHARE or not _runs_through(places[near], (dx, dy), region):
        return none
    mine = np.zeros(depth.shape, bool)
    mine[tuple(places[near][:, ::-1].astype(int).T)] = True
    if _steepness(depth, mine, _noise_rise(depth)) >= CREASE_SHARP * float(np.quantile(depth[mine], 0.9)):
        return none
    rows, columns = np.mgrid[: depth.shape[0], : depth.shape[1]]
    along = np.abs((columns - x) * dy - (rows - y) * dx) <= 2 * CREASE_MM * region.px_per_mm
    return np.asarray(along & (depth < DARK))


def _without_crumbs(mask: BoolImage, least_px: float) -> BoolImage:
    labels, stats, _ = label_blobs(mask)
    is_large = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= least_px
    is_large[0] = False
    return np.asarray(is_large[labels])


def _runs_through(places: NDArray[np.float32], direction: tuple[float, float], region: FieldRegion) -> bool:
    """Whether places along a line go from edge to edge of the field, near enough, and beyond it at one end."""
    along = places @ np.asarray(direction, np.float32)
    ends = places[[int(along.argmin()), int(along.argmax())]]
    inner = region.inner
    within = np.min(
        [ends[:, 0] - inner.left, inner.right - 1 - ends[:, 0], ends[:, 1] - inner.top, inner.bottom - 1 - ends[:, 1]],
        axis=0,
    )
    return bool(within.max() <= CREASE_END_MM * region.px_per_mm and within.min() < 0)
