"""Struck-out writing: a line drawn through digits, told from digits that touch and from scribble."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.stages.ink import BoolImage
from pipeline.stages.segment import Segmentation

LINE_LENGTH = 1.6
"""A strike is at least this many digit heights long; the bars of sevens and fives, touching ones too, are shorter."""
LINE_BAND = 0.22
"""It stays within a band of this many digit heights once levelled."""
CROSSED_STROKES = 3
"""Strokes that go on above and below it; a ligature between zeros meets at most two."""
SLOPES = np.tan(np.radians(np.arange(-24, 25, 4)))
"""Slants of a pen drawn through a field."""


def is_struck_out(field: Segmentation) -> bool:
    """Whether a long pen line runs through several digits of a field."""
    if field.comb is not None:
        cells = field.region.cells
        height = cells[0].height * 0.6
        return any(
            _has_long_line(field.comb.written[box.top : box.bottom, box.left : box.right], height)
            for box in field.comb.spanning
        )
    if field.line is None:
        return False
    lattice = field.line.lattice
    blobs: dict[int, list[int]] = {}
    for index, primitive in enumerate(lattice.primitives):
        blobs.setdefault(primitive.blob, []).append(index)
    for members in blobs.values():
        boxes = [lattice.primitives[i].box for i in members]
        box = boxes[0]
        for other in boxes[1:]:
            box = box.union(other)
        if box.width < LINE_LENGTH * lattice.digit_height or box.height < 0.6 * lattice.digit_height:
            continue
        mask = np.zeros((box.height, box.width), bool)
        for i in members:
            piece = lattice.primitives[i]
            top, left = piece.box.top - box.top, piece.box.left - box.left
            mask[top : top + piece.box.height, left : left + piece.box.width] |= piece.mask
        if _has_long_line(mask, lattice.digit_height):
            return True
    return False


def _has_long_line(mask: BoolImage, digit_height: float) -> bool:
    """Whether ink runs on for `LINE_LENGTH` digit heights within a narrow slanted band."""
    height, width = mask.shape
    length = int(LINE_LENGTH * digit_height)
    if width < length or height < 3:
        return False
    image = mask.astype(np.uint8)
    band = max(2, int(LINE_BAND * digit_height))
    for slope in SLOPES:
        shear = np.array([[1, 0, 0], [-slope, 1, max(0.0, slope) * width]], np.float64)
        tall = int(height + abs(slope) * width) + 1
        level = cv2.warpAffine(image, shear, (width, tall), flags=cv2.INTER_NEAREST)
        closed = cv2.dilate(level, np.ones((band, 1), np.uint8))
        runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)).astype(bool)
        if any(
            _runs_through(level.astype(bool), runs[row], int(row), band) for row in np.flatnonzero(runs.any(axis=1))
        ):
            return True
    return False


def _runs_through(ink: BoolImage, run: BoolImage, row: int, band: int) -> bool:
    """Whether a run in a row crosses several strokes, as a strike does and a bar on top of digits does not."""
    clear = band + band // 2  # the line may lie anywhere in the band, and is a stroke thick
    above = ink[: max(0, row - clear), run].any(axis=0)
    below = ink[row + clear :, run].any(axis=0)
    starts = np.diff((above & below).astype(np.int8), prepend=0) == 1
    return int(starts.sum()) >= CROSSED_STROKES
