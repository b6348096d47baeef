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
        if cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)).any():
            return True
    return False
