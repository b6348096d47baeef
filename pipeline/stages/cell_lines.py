"""Take the printed sides of cells out of the ink, without the strokes that touch, cross or follow them.

Where print is as dark as the pen, nothing in a pixel tells them apart; there the ink on either side of the
line decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.cell_sides import CLEAR_OF_PRINT, PrintedSides, find_sides, run_round_middle
from pipeline.stages.ink import BoolImage, InkMap

HIDING = 0.85
"""Print with this share of the pen's darkness hides the pen."""
PEN_SHARE = 0.4
"""How much of the way from print to pen a pixel must be dark to show the pen."""
OVERWRITTEN_FACTOR, OVERWRITTEN_LEVELS = 1.2, 8
"""How much darker than print a pen stroke over it is, where it shows at all; scanner noise stays below."""
MAX_BRIDGE = 0.6
"""Longest piece of a stroke that may run hidden under a line, share of the cell's side."""


@dataclass(frozen=True)
class CellInk:
    """Ink without the printed sides of the cells.

    Attributes:
        written: (h, w) bool; strokes that cross a line or end in it are whole.
        bridged: (h, w) bool; also where a stroke may run hidden under a line, from where it dives under it to where it
            comes up again. The same as `written` where nothing may be hidden.
    """

    written: BoolImage
    bridged: BoolImage


def erase_cell_lines(ink: InkMap, cells: Sequence[Box]) -> CellInk:
    """Ink without the printed sides of the cells.

    Args:
        ink: of the region.
        cells: where the cells should be, left to right, at least one.
    """
    if ink.mask.size == 0:
        return CellInk(ink.mask, ink.mask)
    found = find_sides(ink, cells)
    hand, depth = ink.mask.ravel().copy(), ink.depth.ravel()
    for lines in found:
        is_print = depth.take(lines.places) <= _least_of_hand(lines, ink)
        hand[lines.places[is_print]] = False
    written, bridged = hand.copy(), hand.copy()
    for lines in found:
        across = run_round_middle(np.any(lines.print_depth >= HIDING * ink.contrast, axis=(0, 1)))
        if across is None:
            continue
        sure, maybe = _under_print(hand, lines, across)
        hidden = lines.places[..., across]
        written[hidden[sure]] = True
        bridged[hidden[maybe]] = True
    return CellInk(written.reshape(ink.mask.shape), (bridged | written).reshape(ink.mask.shape))


def _least_of_hand(lines: PrintedSides, ink: InkMap) -> NDArray[np.floating]:
    """Depth beyond which the pen shows: in a line's soft edges well on the way to it, in the line darker still."""
    printed, pen = lines.print_depth, ink.contrast
    least = np.where(printed < CLEAR_OF_PRINT * pen, 0, printed + PEN_SHARE * (pen - printed))
    return np.where(printed >= HIDING * pen, printed * OVERWRITTEN_FACTOR + OVERWRITTEN_LEVELS, least)


def _under_print(hand: NDArray[np.bool_], lines: PrintedSides, across: slice) -> tuple[BoolImage, BoolImage]:
    """Where the pen surely and perhaps ran under print that hides it.

    Args:
        hand: (h * w,) where the pen shows.
        lines: the print.
        across: what of it hides the pen.

    Returns:
        Both (lines, length, hidden). Surely: a stroke shows on both sides, or on one, half-way. Perhaps: between two
        places of one cell's side where strokes dive under the line.
    """
    width = across.stop - across.start
    before, after = hand.take(lines.places[..., across.start - 1]), hand.take(lines.places[..., across.stop])
    if not before.any() and not after.any():
        nothing = np.zeros((*before.shape, width), bool)
        return nothing, nothing
    kernel = np.ones((1, 2 * width + 1), np.uint8)
    near_before = cv2.dilate(before.view(np.uint8), kernel).view(np.bool_)
    near_after = cv2.dilate(after.view(np.uint8), kernel).view(np.bool_)
    # Slanted strokes come out a little further on.
    crossing = (before & near_after) | (after & near_before)
    is_first_half = np.arange(width) <= (width - 1) / 2
    is_last_half = is_first_half[::-1]
    sure = crossing[..., None] | (before[..., None] & is_first_half) | (after[..., None] & is_last_half)
    maybe = np.zeros_like(sure)
    for half, shown, other in ((is_first_half, before, after), (is_last_half, after, before)):
        for line, start, end in _gaps(shown, lines.sides):
            # What shows on the other side is whole already.
            if not other[line, start:end].any():
                maybe[line, start:end] |= half
    return sure, maybe


def _gaps(shown: NDArray[np.bool_], sides: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int, int]]:
    """Line, start and end of the gaps between strokes along one cell's side that one stroke may bridge."""
    lines, places = np.nonzero(shown)
    is_gap = (np.diff(places) > 1) & (np.diff(lines) == 0)
    lines, left, right = lines[:-1][is_gap], places[:-1][is_gap], places[1:][is_gap]
    first, last = np.array(sides).T
    in_side = (first <= left[:, None]) & (right[:, None] < last)
    is_short = (right - left)[:, None] <= MAX_BRIDGE * (last - first)
    keep = (in_side & is_short).any(axis=1)
    yield from zip(lines[keep].tolist(), (left[keep] + 1).tolist(), right[keep].tolist(), strict=True)
