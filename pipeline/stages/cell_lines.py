"""Take the printed sides of cells out of the ink, without the strokes that touch, cross or follow them.

The walls of a comb are printed alike, and so is its upper or lower line in every cell: what stands at most of the
places is the print, and a digit's own stroke is not taken for it. Where print is as dark as the pen, nothing in a pixel
tells them apart; there the ink on either side of the line decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.ink import BoolImage, InkMap

IntArray = NDArray[np.intp]
Depths = NDArray[np.float32]

REACH_SHARE = 8
"""A line is looked for within this part of a cell's shorter side from its place."""
PRINT_QUANTILE = 0.3
"""A printed line is dark along at least the other 70 % of a side; hardly a stroke follows a side so far."""
SAMPLES = 32
"""Places along a side at which a line is looked for; more find no other line."""
HIDING = 0.85
"""Print with this share of the pen's darkness hides the pen."""
CLEAR_OF_PRINT = 0.15
"""Print weaker than this share of the pen leaves the ink beside a line as it is."""
PEN_SHARE = 0.4
"""How much of the way from print to pen a pixel must be dark to show the pen."""
OVERWRITTEN_FACTOR, OVERWRITTEN_LEVELS = 1.2, 8
"""How much darker than print a pen stroke over it is, where it shows at all; scanner noise stays below."""
TICK_HEIGHT = 0.25
"""Lowest part of a cell in which short separating ticks stand, share of its height."""
EDGE_PX = 3
"""Pixels on either side of a line that its blur may reach."""
SAME_WALL_PX = 2
"""Sides of neighbouring cells this near to each other are one wall; as far one of them may be off its place."""
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


@dataclass(frozen=True)
class _Lines:
    """Lines that are printed alike.

    Attributes:
        ys, xs: (lines, length, across) rows and columns of the picture, each line in the middle of what is across.
        print_depth: (lines, length or 1, across) gray levels of the print below the paper.
        sides: first and last + 1 place along the lines of every cell's side.
    """

    ys: IntArray
    xs: IntArray
    print_depth: Depths
    sides: tuple[tuple[int, int], ...]


def erase_cell_lines(ink: InkMap, cells: Sequence[Box]) -> CellInk:
    """Ink without the printed sides of the cells.

    Args:
        ink: of the region.
        cells: where the cells should be, left to right, at least one.
    """
    if ink.mask.size == 0:
        return CellInk(ink.mask, ink.mask)
    reach = max(2, round(min(cells[0].width, cells[0].height) / REACH_SHARE))
    level, slope = _level_lines(ink, cells, reach)
    found = [*level, *_walls(ink, cells, reach, slope)]
    hand = ink.mask.copy()
    for lines in found:
        is_print = ~_shows_hand(lines, ink)
        hand[lines.ys[is_print], lines.xs[is_print]] = False
    written, bridged = hand.copy(), hand.copy()
    for lines in found:
        across = _run_round_middle(np.any(lines.print_depth >= HIDING * ink.contrast, axis=(0, 1)))
        if across is None:
            continue
        sure, maybe = _under_print(hand[lines.ys, lines.xs], across, lines.sides)
        ys, xs = lines.ys[..., across], lines.xs[..., across]
        written[ys[sure], xs[sure]] = True
        bridged[ys[maybe], xs[maybe]] = True
    return CellInk(written, bridged | written)


# --- finding lines -------------------------------------------------------------------------------


def _level_lines(ink: InkMap, cells: Sequence[Box], reach: int) -> tuple[list[_Lines], float]:
    """Upper and lower lines as far as they are printed, and how many rows they fall a column."""
    left, right = cells[0].left, cells[-1].right
    columns = np.arange(left, max(right, left + 1))
    margins = [cell.width // REACH_SHARE for cell in cells]
    samples = np.stack(
        [np.linspace(c.left + m, c.right - 1 - m, SAMPLES).astype(np.intp) for c, m in zip(cells, margins, strict=True)]
    )
    rows = []
    slopes: list[float] = []
    for row in (cells[0].top, cells[0].bottom):
        seen = _print_along(_across(ink.depth, row, samples, reach, 0.0))
        common = _lower_median(seen)
        offset = _peak(common, ink, reach)
        if offset is None:
            continue
        rows.append(row + offset)
        places = np.array([(cell.left + cell.right) / 2 for cell in cells])
        first, second = np.triu_indices(len(cells), 1)
        shifts = _shifts(seen, common, reach // 2)
        is_apart = places[second] > places[first]
        rises, runs = shifts[second] - shifts[first], places[second] - places[first]
        slopes += (rises[is_apart] / runs[is_apart]).tolist()
    slope = float(np.median(slopes)) if slopes else 0.0
    found = []
    sides = tuple((cell.left - left, cell.right - left) for cell in cells)
    for row in rows:
        seen = _print_along(_across(ink.depth, row, samples, reach // 2, slope))
        common = _alone(_with_slack(_lower_median(seen)), ink)
        printed = np.tile(common, (len(columns), 1))
        for side, own in zip(sides, seen, strict=True):
            printed[slice(*side)] = np.minimum(own, common)
        ys, xs = _grid(np.array([row]), columns, reach // 2, slope, ink.mask.shape)
        found.append(_Lines(ys, xs, printed[None], sides))
    return found, slope


def _across(depth: NDArray[np.uint8], row: int, samples: IntArray, reach: int, slope: float) -> NDArray[np.uint8]:
    """(cells, samples, across) depth round a level line at some columns of every cell."""
    middle = (samples[0, 0] + samples[-1, -1]) / 2
    ys = np.rint(row + slope * (samples - middle)).astype(np.intp)[..., None]
    ys = (ys + np.arange(-reach - EDGE_PX, reach + EDGE_PX + 1)).clip(0, depth.shape[0] - 1)
    return np.asarray(depth[ys, samples[..., None].clip(0, depth.shape[1] - 1)])


def _walls(ink: InkMap, cells: Sequence[Box], reach: int, slope: float) -> Iterator[_Lines]:
    """Walls, or the ticks at the foot of the cells, as far as they are printed."""
    walls: list[int] = []
    for x in sorted(x for cell in cells for x in (cell.left, cell.right)):
        if not walls or x - walls[-1] > SAME_WALL_PX:
            walls.append(x)
    top, bottom = cells[0].top, cells[0].bottom
    height = bottom - top
    for first, start, stop in (
        (top - reach, top + height // 6, bottom - height // 6),
        (bottom - height // 2, bottom - round(TICK_HEIGHT * height), bottom),
    ):
        rows = np.arange(first, bottom + reach)
        inside = slice(start - first, stop - first, max(1, (stop - start) // SAMPLES))
        xs, ys = _grid(np.array(walls), rows, reach, -slope, ink.mask.shape[::-1])
        seen = _print_along(ink.depth[ys, xs][:, inside])
        common = _lower_median(seen)
        offset = _peak(common, ink, reach)
        if offset is None:
            continue
        places = np.array(walls) + offset + _shifts(seen, common, SAME_WALL_PX)
        is_printed = np.array([_peak(profile, ink, reach) is not None for profile in seen])
        xs, ys = _grid(places[is_printed], rows, reach // 2, -slope, ink.mask.shape[::-1])
        own = _print_along(ink.depth[ys, xs][:, inside])
        # A stroke that follows one wall all along makes it no thicker than the others.
        printed = np.minimum(own, _alone(_with_slack(_lower_median(own)), ink))
        yield _Lines(ys, xs, printed[:, None], ((top - first, bottom - first),))
        return


def _grid(
    places: NDArray[np.integer], along: IntArray, reach: int, slope: float, shape: tuple[int, ...]
) -> tuple[IntArray, IntArray]:
    """Coordinates (lines, length, across) across and along level lines in a picture of `shape`; swapped for walls."""
    falling = np.rint(places[:, None] + slope * (along - along.mean())).astype(np.intp)
    across = falling[:, :, None] + np.arange(-reach - EDGE_PX, reach + EDGE_PX + 1)
    lengthwise = np.broadcast_to(along[None, :, None], across.shape)
    return across.clip(0, shape[0] - 1), lengthwise.clip(0, shape[1] - 1)


def _print_along(strips: NDArray[np.uint8]) -> Depths:
    """(lines, across) depth that a line keeps along most of its length."""
    if strips.shape[1] == 0:
        return np.zeros((strips.shape[0], strips.shape[2]), np.float32)
    place = int(PRINT_QUANTILE * (strips.shape[1] - 1))
    return np.asarray(np.partition(strips, place, axis=1)[:, place], np.float32)


def _lower_median(profiles: Depths) -> Depths:
    """Of few lines the weaker: what one of two does not show is no print."""
    place = (len(profiles) - 1) // 2
    return np.asarray(np.partition(profiles, place, axis=0)[place], np.float32)


def _alone(profile: Depths, ink: InkMap) -> Depths:
    """A profile without what is printed beside its own line, such as the wall of the next box."""
    own = _run_round_middle(profile >= CLEAR_OF_PRINT * ink.contrast) or slice(0, len(profile))
    alone = np.zeros_like(profile)
    alone[own] = profile[own]
    return alone


def _run_round_middle(flags: NDArray[np.bool_]) -> slice | None:
    """The run of True in or next to the middle; None where there is none, or where it goes on to an end."""
    middle = len(flags) // 2
    inside = next((i for i in (middle, middle - 1, middle + 1) if flags[i]), None)
    if inside is None:
        return None
    start = end = inside
    while start >= 0 and flags[start]:
        start -= 1
    while end < len(flags) and flags[end]:
        end += 1
    return slice(start + 1, end) if start >= 0 and end < len(flags) else None


def _with_slack(profile: Depths) -> Depths:
    """A profile as wide as a line looks that lies up to a pixel beside its place."""
    return np.asarray(cv2.dilate(profile[None], np.ones((1, 3), np.uint8))[0], np.float32)


def _peak(profile: Depths, ink: InkMap, reach: int) -> int | None:
    """How far from its place the middle of a line is, None where no line as dark as ink is seen."""
    near = profile[EDGE_PX : len(profile) - EDGE_PX]
    top = int(near.argmax())
    if near[top] < ink.threshold:
        return None
    start = end = top
    while start > 0 and near[start - 1] > near[top] / 2:
        start -= 1
    while end + 1 < len(near) and near[end + 1] > near[top] / 2:
        end += 1
    return (start + end) // 2 - reach


def _shifts(seen: Depths, common: Depths, most: int) -> IntArray:
    """(lines,) how far each line lies from where most lie: the least shift at which it holds all that is common."""
    tried = sorted(range(-most, most + 1), key=abs)
    padded = np.pad(seen, ((0, 0), (most, most)))
    width = len(common)
    missing = np.stack([np.maximum(0, common - padded[:, most + s : most + s + width]).sum(axis=1) for s in tried])
    return np.asarray(np.asarray(tried)[missing.argmin(axis=0)], np.intp)


# --- telling the hand from the print -------------------------------------------------------------


def _shows_hand(lines: _Lines, ink: InkMap) -> BoolImage:
    """Where in and beside the lines the pen shows: in their soft edges well on the way to it, in them darker still."""
    printed, pen = lines.print_depth, ink.contrast
    least = np.where(printed < CLEAR_OF_PRINT * pen, 0, printed + PEN_SHARE * (pen - printed))
    least = np.where(printed >= HIDING * pen, printed * OVERWRITTEN_FACTOR + OVERWRITTEN_LEVELS, least)
    return np.asarray(ink.depth[lines.ys, lines.xs] > least)


def _under_print(hand: BoolImage, across: slice, sides: tuple[tuple[int, int], ...]) -> tuple[BoolImage, BoolImage]:
    """Where the pen surely and perhaps ran under print that hides it.

    Args:
        hand: (lines, length, across) where the pen shows.
        across: what the print hides.
        sides: of the cells, along the lines.

    Returns:
        Both (lines, length, hidden). Surely: a stroke shows on both sides, or on one, half-way. Perhaps: between two
        places of one cell's side where strokes dive under the line.
    """
    width = across.stop - across.start
    before, after = hand[..., across.start - 1], hand[..., across.stop]
    kernel = np.ones((1, 2 * width + 1), np.uint8)
    near_before = cv2.dilate(before.astype(np.uint8), kernel) > 0
    near_after = cv2.dilate(after.astype(np.uint8), kernel) > 0
    # Slanted strokes come out a little further on.
    crossing = (before & near_after) | (after & near_before)
    is_first_half = np.arange(width) <= (width - 1) / 2
    is_last_half = is_first_half[::-1]
    sure = crossing[..., None] | (before[..., None] & is_first_half) | (after[..., None] & is_last_half)
    maybe = np.zeros_like(sure)
    for line, half, shown, other in (
        *((i, is_first_half, before[i], after[i]) for i in range(len(hand))),
        *((i, is_last_half, after[i], before[i]) for i in range(len(hand))),
    ):
        for start, end in _gaps(shown, sides):
            # What shows on the other side is whole already.
            if not other[start:end].any():
                maybe[line, start:end] |= half
    return sure, maybe


def _gaps(shown: NDArray[np.bool_], sides: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """Gaps between strokes along one cell's side that one stroke may bridge."""
    for first, last in sides:
        inked = np.flatnonzero(shown[max(0, first) : max(0, last)]) + max(0, first)
        for left, right in pairwise(inked):
            if 1 < right - left <= MAX_BRIDGE * (last - first):
                yield int(left) + 1, int(right)
