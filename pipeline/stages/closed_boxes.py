"""Which ruled boxes are there to write in: not what rules cross, what a pen drew, tables, captions and barcodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.document import Box
from pipeline.stages.rectangles import LineMap
from recognizer.readings import GrayImage

MIN_BOX_ASPECT = 1.2
"""Single boxes narrower than this hold a tick or a symbol, no number."""
MAX_BOX_ASPECT = 25.0
CAPTION_SHARE = 0.6
"""A box that touches another on its right and has less than this of its width holds that one's caption."""
BAR_CONTRAST, BAR_COLUMN, BAR_SHARE = 60.0, 0.8, 0.28
"""Bars are black, whole, and cover half of a barcode; walls cover a fifth of a comb at most."""
WHOLE_WALL, WALL_DARKNESS = 0.88, 1.7
"""Share of a printed wall between two boxes that is seen and straight; factor by which it may differ from the outer."""
SHARED_RULE = 0.12
"""Boxes nearer to one another, for their height, share a rule; those of a list have paper between them."""


def closed_boxes(lines: LineMap, row: Sequence[Box], beyond: int) -> list[Box]:
    """Boxes of a row without those between lines that go on at both ends: handwriting on ruled paper, a table's row."""
    chains: list[list[Box]] = []
    for box in row:
        if chains and abs(box.left - chains[-1][-1].right) <= 3:
            chains[-1].append(box)
        else:
            chains.append([box])

    closed = [chain for chain in chains if not is_open(lines, chain[0].union(chain[-1]), beyond)]
    return [box for chain in closed for box in _joined_at_strokes(lines, chain, beyond)]


def _joined_at_strokes(lines: LineMap, chain: Sequence[Box], beyond: int) -> list[Box]:
    """Boxes that touch, without the walls between them that a pen drew; none where such walls go on, as in a table."""
    joined = [chain[0]]
    printed = min(lines.walls.darkness(x, chain[0].top, chain[0].bottom) for x in (chain[0].left, chain[-1].right))
    for box in chain[1:]:
        x, top, bottom = box.left, box.top, box.bottom
        is_whole = min(lines.walls.coverage(x, top, bottom), lines.walls.straightness(x, top, bottom)) >= WHOLE_WALL
        is_alike = 1 / WALL_DARKNESS <= lines.walls.darkness(x, top, bottom) / max(1.0, printed) <= WALL_DARKNESS
        ends = ((top - 3 - 2 * beyond, top - 3), (bottom + 3, bottom + 3 + 2 * beyond))
        goes_on = max(min(lines.walls.coverage(x, *end), lines.walls.straightness(x, *end)) for end in ends)
        if not (is_whole and is_alike):
            joined[-1] = joined[-1].union(box)
        elif goes_on >= WHOLE_WALL:
            return []
        else:
            joined.append(box)
    return joined


def is_open(lines: LineMap, box: Box, beyond: int) -> bool:
    """Whether both rules go on beyond the left and the right wall."""
    before = lines.rules_cover(box.left - 3 - beyond, box.left - 3, box.top, box.bottom)
    return before and lines.rules_cover(box.right + 3, box.right + 3 + beyond, box.top, box.bottom)


def is_barcode(gray: GrayImage, box: Box) -> bool:
    """Whether as many columns of a box are dark from top to bottom as of a barcode; cells have few walls."""
    inside = gray[box.top + 3 : box.bottom - 3, box.left : box.right]
    if inside.size == 0:
        return False
    paper, ink = np.percentile(inside, (90, 2))
    is_dark = inside < (paper + ink) / 2
    return bool(paper - ink > BAR_CONTRAST and (is_dark.mean(axis=0) > BAR_COLUMN).mean() > BAR_SHARE)


def is_writing_box(box: Box, row: Sequence[Box]) -> bool:
    """Whether a box has the shape of a number to write, and is not the caption of the one beside it."""
    if not MIN_BOX_ASPECT <= box.width / box.height <= MAX_BOX_ASPECT:
        return False
    for other in row:
        gap = other.left - box.right
        if other is not box and -3 <= gap < 0.3 * box.height and box.width < CAPTION_SHARE * other.width:
            return False
    return True


def is_in_table(box: Box, rectangles: Sequence[Box]) -> bool:
    """Boxes of the same width directly above or below, sharing a rule: rows of a printed table."""
    near = 0.4 * box.height
    stacked = 0
    for other in rectangles:
        is_aligned = abs(other.left - box.left) < near and abs(other.right - box.right) < near
        gap = max(other.top - box.bottom, box.top - other.bottom)
        if is_aligned and gap <= SHARED_RULE * box.height and other is not box:
            stacked += 1
    return stacked >= 1
