"""Struck-out writing: a line drawn through digits, told from digits that touch and from scribble."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import Box, FieldRegion
from pipeline.stages.comb import STROKE_MM, CombInk
from pipeline.stages.ink import BoolImage, find_ink
from pipeline.stages.segment import LineInk, Segmentation
from pipeline.stages.tangle import texture_of

LINE_LENGTH = 1.6
"""A strike is at least this many digit heights long; the bars of sevens and fives, touching ones too, are shorter."""
LINE_BAND = 0.22
"""It stays within a band of this many digit heights once levelled."""
CROSSED_STROKES = 3
"""Strokes that go on above and below it; a ligature between zeros meets at most two."""
DIGIT_IN_CELL = 0.6
"""Height of a digit beside that of its cell."""
SPANNING_STROKES = 1.9
"""Strokes a digit along a row from which ink across several cells is a pen drawn over them, not touching digits."""
AMID = (0.2, 0.75)
"""Where in the height of the writing a strike's middle lies; rules that digits stand on and reach under lie lower."""
AS_DARK = 0.7
"""A pen that strikes digits out is at least this dark beside them; lines of security paper are paler."""
PRINT_REACH_MM = 0.3
"""How far from printed lines ink may be theirs; a strike on a printed line is not looked for."""
SLOPES = np.tan(np.radians(np.arange(-24, 25, 4)))
"""Slants of a pen drawn through a field."""


def is_struck_out(field: Segmentation, digits: int = 0) -> bool:
    """Whether a pen went over the digits of a field: a long line through several of them, or strokes all over them.

    Args:
        field: with its ink cut out.
        digits: how many were read on a free line; small zeros stand closer than their ink's width tells.
    """
    if field.comb is not None:
        return _is_comb_struck(field.region, field.comb)
    if field.line is None or not field.line.lattice.primitives:
        return False
    return _is_line_struck(field.region, field.line, digits)


def _is_comb_struck(region: FieldRegion, comb: CombInk) -> bool:
    cells = region.cells
    height = cells[0].height * DIGIT_IN_CELL
    if any(_has_long_line(comb.written[box.top : box.bottom, box.left : box.right], height) for box in comb.spanning):
        return True
    field = cells[0].union(cells[-1]).clipped(comb.written.shape[1], comb.written.shape[0])
    filled = sum(cell is not None for cell in comb.cells)
    texture = texture_of(comb.written[field.top : field.bottom, field.left : field.right], height, filled)
    if texture is None:
        return False
    return texture.is_tangled or (bool(comb.spanning) and texture.row_strokes >= SPANNING_STROKES)


def _is_line_struck(region: FieldRegion, line: LineInk, digits: int) -> bool:
    lattice = line.lattice
    height = lattice.digit_height
    tall = [p.box for p in lattice.primitives if p.box.height >= height / 2]
    band = tall[0]
    for box in tall[1:]:
        band = band.union(box)
    band = Box(band.left - round(height / 2), band.top, band.right + round(height / 2), band.bottom)
    band = band.clipped(line.ink.mask.shape[1], line.ink.mask.shape[0])
    written = np.zeros(line.ink.mask.shape, bool)
    for primitive in lattice.primitives:
        box = primitive.box
        written[box.top : box.bottom, box.left : box.right] |= primitive.mask
    is_dark = line.ink.depth >= AS_DARK * float(np.median(line.ink.depth[written]))
    written &= is_dark
    ink = written[band.top : band.bottom, band.left : band.right]
    if region.background is not None:
        # A strike from end to end was taken out as a rule; where the blank form is known, it is told from print.
        before = (line.ink.mask & is_dark)[band.top : band.bottom, band.left : band.right]
        ink = before & ~_printed_in(region, line, band)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    for left, top, width, tall_px, _ in stats[1:].tolist():
        is_wide = width >= LINE_LENGTH * height and tall_px >= 0.6 * height
        start, end = band.left + left, band.left + left + width
        if region.background is None and (start <= 2 or end >= line.ink.mask.shape[1] - 2):
            continue  # rules and security lines run to the picture's edge, a hand's strike ends with its digits
        if is_wide and _has_long_line(ink[top : top + tall_px, left : left + width], height):
            return True
    texture = texture_of(written, height, at_least=digits)
    return texture is not None and texture.is_tangled


def _printed_in(region: FieldRegion, line: LineInk, band: Box) -> BoolImage:
    """What the blank form prints in a band of the line's picture, with a little room; nothing when it is unknown."""
    if region.background is None:
        return np.zeros((band.height, band.width), bool)
    place = line.in_region(band).clipped(region.background.shape[1], region.background.shape[0])
    gray = region.background[place.top : place.bottom, place.left : place.right]
    if gray.size == 0:
        return np.zeros((band.height, band.width), bool)
    reach = 2 * max(1, round(PRINT_REACH_MM * region.px_per_mm)) + 1
    printed = cv2.dilate(find_ink(gray, STROKE_MM * region.px_per_mm).mask.astype(np.uint8), np.ones((reach, reach)))
    size = (band.width, band.height)
    return np.asarray(cv2.resize(printed, size, interpolation=cv2.INTER_NEAREST) > 0)


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
        for row in np.flatnonzero(runs.any(axis=1)):
            middle = float(np.flatnonzero(runs[row]).mean())
            place = (row + slope * middle - max(0.0, slope) * width) / height
            is_amid = AMID[0] <= place <= AMID[1]
            if is_amid and _runs_through(level.astype(bool), runs[row], int(row), band):
                return True
    return False


def _runs_through(ink: BoolImage, run: BoolImage, row: int, band: int) -> bool:
    """Whether a run in a row crosses several strokes, as a strike does and a bar on top of digits does not."""
    clear = band + band // 2  # the line may lie anywhere in the band, and is a stroke thick
    above = ink[: max(0, row - clear), run].any(axis=0)
    below = ink[row + clear :, run].any(axis=0)
    starts = np.diff((above & below).astype(np.int8), prepend=0) == 1
    return int(starts.sum()) >= CROSSED_STROKES
