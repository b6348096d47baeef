"""Clipped fields: the picture ends inside a digit. Where digits only touch its edge, they are whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.document import Box
from pipeline.stages.ink import BoolImage
from pipeline.stages.lattice import Primitive
from pipeline.stages.paths import Step
from pipeline.stages.segment import LineInk, Segmentation

LEAST_STROKE = 0.05
"""A stroke that meets the edge is at least this thick there, in digit heights; lines of security paper are thinner."""
EDGE_PX = 2
"""Columns at the edge in which strokes are looked for."""
ALONG = 0.45
"""A stroke that meets the edge over this many digit heights is cut along; the round side of a digit touches shorter."""
SURE = 0.9
"""Digits that touch with a single stroke and are read this surely are whole."""
NEAR = 0.6
"""Ink at the edge within this many digit heights of the digits read, is left of another one."""
LEAST_HEIGHT = 0.25
"""Lowest such rest, in digit heights."""
CELL_CUT, EDGE_MM = 0.8, 1.0
"""An outer cell narrower than this share of the others, and this near the edge, was cut off with the picture."""


def is_clipped(field: Segmentation, steps: Sequence[Step]) -> bool:
    """Whether a digit of the field is cut off by the left or right edge of its picture.

    Args:
        field: with its ink cut out.
        steps: what was read, in region pixels; sides of boxes and rules that end at the edge are none of it.
    """
    if field.comb is not None:
        return _has_cut_cell(field)
    if field.line is None:
        return False
    digits = [step for step in steps if step.char.isdigit() and step.box.width]
    return any(_is_cut(primitive, edge, digits, field.line) for primitive, edge in _at_edges(field.line))


def _has_cut_cell(field: Segmentation) -> bool:
    """Whether an outer cell is narrower than the others because the picture ends there."""
    cells, near = field.region.cells, EDGE_MM * field.region.px_per_mm
    usual = CELL_CUT * float(np.median([cell.width for cell in cells]))
    is_first_cut = cells[0].left <= near and cells[0].width < usual
    is_last_cut = cells[-1].right >= field.region.image.shape[1] - near and cells[-1].width < usual
    return is_first_cut or is_last_cut


def _at_edges(line: LineInk) -> Iterator[tuple[Primitive, BoolImage]]:
    """What reaches the left or the right edge of the picture, and its outermost column."""
    width = line.ink.mask.shape[1]
    for primitive in line.lattice.primitives:
        if primitive.box.left <= 0:
            yield primitive, np.asarray(primitive.mask[:, :EDGE_PX].any(axis=1), bool)
        if primitive.box.right >= width:
            yield primitive, np.asarray(primitive.mask[:, -EDGE_PX:].any(axis=1), bool)


def _is_cut(primitive: Primitive, edge: BoolImage, digits: Sequence[Step], line: LineInk) -> bool:
    height = line.lattice.digit_height
    turns = np.flatnonzero(np.diff(np.pad(edge.astype(np.int8), 1)))
    strokes = [length for length in turns[1::2] - turns[::2] if length >= LEAST_STROKE * height]
    if not strokes:
        return False
    box = line.in_region(primitive.box)
    mine = [step for step in digits if _overlap(step.box, box) >= 0.5 * min(step.box.width, box.width)]
    if mine:
        is_doubtful = min(step.probability for step in mine) < SURE
        return is_doubtful or len(strokes) > 1 or max(strokes) >= ALONG * height
    gap = min((max(step.box.left, box.left) - min(step.box.right, box.right) for step in digits), default=0)
    return primitive.box.height >= LEAST_HEIGHT * height and gap <= NEAR * height / line.scale


def _overlap(a: Box, b: Box) -> int:
    return min(a.right, b.right) - max(a.left, b.left)
