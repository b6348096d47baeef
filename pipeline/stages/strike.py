"""Struck-out writing: a pen line through digits or a tangle over them, told from digits that touch."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import Box, FieldRegion
from pipeline.stages.comb import STROKE_MM, CombInk
from pipeline.stages.ink import BoolImage, find_ink, label_blobs
from pipeline.stages.pen_line import has_pen_line
from pipeline.stages.segment import LineInk, Segmentation
from pipeline.stages.tangle import PAPER, Texture, texture_of

LINE_LENGTH = 2.0
"""A strike on a line is at least this many digit heights long; bars of sevens and fives are shorter."""
LINE_SHARE = 0.8
"""It runs through this share of the writing: of real amounts the wrongly found lines were shorter."""
COMB_LENGTH = 1.6
"""The same in a comb, where digits seldom touch."""
DIGIT_IN_CELL = 0.6
"""Height of a digit beside that of its cell."""
SPANNING_STROKES = 1.9
"""Strokes a digit along a row from which ink across several cells is a pen drawn over them, not touching digits."""
ONE_BLOB, ALL_ONE_BLOB = 0.75, 0.9
"""Share of the writing's width that hangs together in one blob: struck out 1, plain amounts under 0.8 in 95 of 100."""
BLOB_LENGTH = 2.2
"""Shortest such blob, in digit heights; two joined digits are shorter."""
DOUBTFUL, UNSURE = 0.6, 0.8
"""Confidence below which a reading may be one of struck-out digits: tangles over drawn digits reach 0.6, few 0.8."""
TANGLED_HOLES, TANGLED_ROWS, TANGLED_COLUMNS = 0.8, 1.1, 1.8
"""Holes a digit, strokes a digit along a row and strokes a column of digits crossed out one by one, read with doubt."""
TALL = 0.5
"""Blobs at least this high, in digit heights, are writing; points and dashes do not widen it."""
AS_DARK = 0.7
"""A pen that strikes digits out is at least this dark beside them; lines of security paper are paler."""
PRINT_REACH_MM = 0.3
"""How far from printed lines ink may be theirs; a strike on a printed line is not looked for."""


def is_struck_out(field: Segmentation, digits: int = 0, confidence: float = 1.0) -> bool:
    """Whether a pen went over the digits of a field: a long line through several of them, or strokes all over them.

    Args:
        field: with its ink cut out.
        digits: how many were read on a free line; small zeros stand closer than their ink's width tells.
        confidence: of what was read there, 0 to 1. Joined and blurred digits can look tangled, but are read surely.
    """
    if field.comb is not None:
        return _is_comb_struck(field.region, field.comb)
    if field.line is None or not field.line.lattice.primitives:
        return False
    return _is_line_struck(field.region, field.line, digits, confidence)


def _is_comb_struck(region: FieldRegion, comb: CombInk) -> bool:
    cells = region.cells
    height = cells[0].height * DIGIT_IN_CELL
    for box in comb.spanning:
        if has_pen_line(comb.written[box.top : box.bottom, box.left : box.right], height, COMB_LENGTH * height):
            return True
    field = cells[0].union(cells[-1]).clipped(comb.written.shape[1], comb.written.shape[0])
    filled = sum(cell is not None for cell in comb.cells)
    texture = texture_of(comb.written[field.top : field.bottom, field.left : field.right], height, filled)
    if texture is None:
        return False
    return texture.is_tangled or (bool(comb.spanning) and texture.row_strokes >= SPANNING_STROKES)


def _is_line_struck(region: FieldRegion, line: LineInk, digits: int, confidence: float) -> bool:
    height = line.lattice.digit_height
    ink = _hand_ink(region, line)
    found = _widest_blob(ink, height)
    hangs_together = found is not None and found[0].width >= ONE_BLOB * found[2]
    if confidence >= UNSURE and not hangs_together:
        return False
    texture = texture_of(ink, height, at_least=digits)
    if texture is not None and (texture.is_tangled or (confidence < DOUBTFUL and _is_crossed_out(texture))):
        return True
    if found is None or not hangs_together:
        return False
    box, blob, width = found
    if region.background is None and (box.left <= 2 or box.right >= ink.shape[1] - 2):
        return False  # rules and security lines run to the picture's edge, a hand's strike ends with its digits
    is_paper = texture is not None and texture.column_strokes > PAPER
    is_all_one = box.width >= max(ALL_ONE_BLOB * width, BLOB_LENGTH * height)
    if is_all_one and confidence < DOUBTFUL and not is_paper:
        return True
    return has_pen_line(blob, height, max(LINE_LENGTH * height, LINE_SHARE * width))


def _is_crossed_out(texture: Texture) -> bool:
    """Whether digits that were read with doubt look crossed out one by one."""
    return (
        texture.holes >= TANGLED_HOLES
        and texture.row_strokes >= TANGLED_ROWS
        and TANGLED_COLUMNS <= texture.column_strokes <= PAPER
    )


def _hand_ink(region: FieldRegion, line: LineInk) -> BoolImage:
    """(h, w) bool of the line's picture, ink as dark as its digits.

    A strike from end to end was taken out as a rule; where the blank form is known, it is told from print and kept.
    """
    written = np.zeros(line.ink.mask.shape, bool)
    for primitive in line.lattice.primitives:
        box = primitive.box
        written[box.top : box.bottom, box.left : box.right] |= primitive.mask
    is_dark = line.ink.depth >= AS_DARK * float(np.median(line.ink.depth[written]))
    written &= is_dark
    if region.background is None:
        return written
    ink = line.ink.mask & is_dark & ~_printed(region, line)
    labels, stats, _ = label_blobs(ink)
    is_hand = np.zeros(len(stats), bool)
    is_hand[np.unique(labels[written & ink])] = True
    is_hand[0] = False
    return np.asarray(is_hand[labels])


def _widest_blob(ink: BoolImage, digit_height: float) -> tuple[Box, BoolImage, int] | None:
    """Box and mask of the widest blob, and the width of all writing; None where no blob is as high as half a digit."""
    labels, stats, _ = label_blobs(ink)
    tall = [
        (label, Box(left, top, left + width, top + height))
        for label, (left, top, width, height, _) in enumerate(stats[1:].tolist(), start=1)
        if height >= TALL * digit_height
    ]
    if not tall:
        return None
    label, box = max(tall, key=lambda item: item[1].width)
    width = max(b.right for _, b in tall) - min(b.left for _, b in tall)
    return box, labels[box.top : box.bottom, box.left : box.right] == label, width


def _printed(region: FieldRegion, line: LineInk) -> BoolImage:
    """What the blank form prints in the line's picture, with a little room."""
    shape = line.ink.mask.shape
    if region.background is None:
        return np.zeros(shape, bool)
    whole = line.in_region(Box(0, 0, shape[1], shape[0]))
    place = whole.clipped(region.background.shape[1], region.background.shape[0])
    gray = region.background[place.top : place.bottom, place.left : place.right]
    if gray.size == 0:
        return np.zeros(shape, bool)
    reach = 2 * max(1, round(PRINT_REACH_MM * region.px_per_mm)) + 1
    printed = cv2.dilate(find_ink(gray, STROKE_MM * region.px_per_mm).mask.astype(np.uint8), np.ones((reach, reach)))
    return np.asarray(cv2.resize(printed, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0)
