"""Find the printed sides of cells: lines above and below them, walls or ticks between them.

The walls of a comb are printed alike, and so is its upper or lower line in every cell: what stands at most of the
places is the print, and a digit's own stroke is not taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.ink import InkMap

IntArray = NDArray[np.intp]
Depths = NDArray[np.float32]

REACH_SHARE = 8
"""A line is looked for within this part of a cell's shorter side from its place."""
PRINT_QUANTILE = 0.3
"""A printed line is dark along at least the other 70 % of a side; hardly a stroke follows a side so far."""
SAMPLES = 32
"""Places along a side at which a line is looked for; more find no other line."""
FAINT_PRINT = 0.6
"""Print from this share of the threshold of ink on is seen as ink here and there, where noise makes it darker."""
CLEAR_OF_PRINT = 0.15
"""Print weaker than this share of the pen leaves the ink beside a line as it is."""
TICK_HEIGHT = 0.25
"""Lowest part of a cell in which short separating ticks stand, share of its height."""
EDGE_PX = 3
"""Pixels on either side of a line that its blur may reach."""
SAME_WALL_PX = 2
"""Sides of neighbouring cells this near to each other are one wall; as far one of them may be off its place."""


@dataclass(frozen=True)
class PrintedSides:
    """Lines that are printed alike.

    Attributes:
        places: (lines, length, across) pixels of the picture, counted row by row; each line is in the middle of what
            is across.
        print_depth: (lines, length or 1, across) gray levels of the print below the paper.
        sides: first and last + 1 place along the lines of every cell's side.
    """

    places: IntArray
    print_depth: Depths
    sides: tuple[tuple[int, int], ...]


def find_sides(ink: InkMap, cells: Sequence[Box]) -> tuple[PrintedSides, ...]:
    """Printed sides of the cells of one comb, as far as there are any.

    Args:
        ink: of the region, not empty.
        cells: where the cells should be, left to right, at least one.
    """
    reach = max(2, round(min(cells[0].width, cells[0].height) / REACH_SHARE))
    level, slope = _level_sides(ink, cells, reach)
    walls = _walls(ink, cells, reach, slope)
    return (*level, *(() if walls is None else (walls,)))


def run_round_middle(flags: NDArray[np.bool_]) -> slice | None:
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


def _level_sides(ink: InkMap, cells: Sequence[Box], reach: int) -> tuple[list[PrintedSides], float]:
    """Upper and lower lines as far as they are printed, and how many rows they fall a column."""
    left, right = cells[0].left, cells[-1].right
    columns = np.arange(left, max(right, left + 1))
    firsts = [cell.left + cell.width // REACH_SHARE for cell in cells]
    lasts = [cell.right - 1 - cell.width // REACH_SHARE for cell in cells]
    samples = np.linspace(firsts, lasts, SAMPLES, axis=1).astype(np.intp)
    rows = []
    slopes: list[float] = []
    for row in (cells[0].top, cells[0].bottom):
        seen = _print_along(_across(ink.depth, row, samples, reach, 0.0))
        common = _lower_median(seen)
        offset = _peak(common, ink, reach)
        if offset is None:
            continue
        rows.append(row + offset)
        slopes += _slopes(_shifts(seen, common, reach // 2), cells)
    slope = float(np.median(slopes)) if slopes else 0.0
    found = []
    sides = tuple((cell.left - left, cell.right - left) for cell in cells)
    for row in rows:
        seen = _print_along(_across(ink.depth, row, samples, reach // 2, slope))
        common = _alone(_with_slack(_lower_median(seen)), ink)
        printed = np.tile(common, (len(columns), 1))
        for side, own in zip(sides, np.minimum(seen, common), strict=True):
            printed[slice(*side)] = own
        ys, xs = _grid(np.array([row]), columns, reach // 2, slope, ink.mask.shape)
        found.append(PrintedSides(ys * ink.mask.shape[1] + xs, printed[None], sides))
    return found, slope


def _slopes(shifts: IntArray, cells: Sequence[Box]) -> list[float]:
    """How a line falls from every cell to every one after it."""
    places = np.array([cell.middle[0] for cell in cells])
    first, second = np.triu_indices(len(cells), 1)
    is_apart = places[second] > places[first]
    rises, runs = shifts[second] - shifts[first], places[second] - places[first]
    slopes: list[float] = (rises[is_apart] / runs[is_apart]).tolist()
    return slopes


def _across(depth: NDArray[np.uint8], row: int, samples: IntArray, reach: int, slope: float) -> NDArray[np.uint8]:
    """(cells, across, samples) depth round a level line at some columns of every cell."""
    middle = (samples[0, 0] + samples[-1, -1]) / 2
    ys = np.rint(row + slope * (samples - middle)).astype(np.intp)[:, None]
    ys = _within(ys + np.arange(-reach - EDGE_PX, reach + EDGE_PX + 1)[:, None], depth.shape[0])
    xs = _within(samples[:, None], depth.shape[1])
    return np.asarray(depth.ravel().take(ys * depth.shape[1] + xs))


def _walls(ink: InkMap, cells: Sequence[Box], reach: int, slope: float) -> PrintedSides | None:
    """Walls, or the ticks at the foot of the cells, as far as they are printed."""
    walls: list[int] = []
    for x in sorted(x for cell in cells for x in (cell.left, cell.right)):
        if not walls or x - walls[-1] > SAME_WALL_PX:
            walls.append(x)
    top, bottom = cells[0].top, cells[0].bottom
    height, width = bottom - top, ink.mask.shape[1]
    depth = ink.depth.ravel()
    for first, start, stop in (
        (top - reach, top + height // 6, bottom - height // 6),
        (bottom - height // 2, bottom - round(TICK_HEIGHT * height), bottom),
    ):
        rows = np.arange(first, bottom + reach)
        inside = slice(start - first, stop - first, max(1, (stop - start) // SAMPLES))
        xs, ys = _grid(np.array(walls), rows, reach, -slope, ink.mask.shape[::-1], inside)
        seen = _print_along(depth.take((ys * width + xs).swapaxes(1, 2)))
        common = _lower_median(seen)
        offset = _peak(common, ink, reach)
        if offset is None:
            continue
        places = np.array(walls) + offset + _shifts(seen, common, SAME_WALL_PX)
        is_printed = np.array([_peak(profile, ink, reach) is not None for profile in seen])
        xs, ys = _grid(places[is_printed], rows, reach // 2, -slope, ink.mask.shape[::-1])
        flat = ys * width + xs
        own = _print_along(depth.take(flat[:, inside].swapaxes(1, 2)))
        # A stroke that follows one wall all along makes it no thicker than the others.
        printed = np.minimum(own, _alone(_with_slack(_lower_median(own)), ink))
        return PrintedSides(flat, printed[:, None], ((top - first, bottom - first),))
    return None


def _grid(
    places: NDArray[np.integer],
    along: IntArray,
    reach: int,
    slope: float,
    shape: tuple[int, ...],
    part: slice = slice(None),
) -> tuple[IntArray, IntArray]:
    """Coordinates across and along level lines in a picture of `shape`, for walls swapped; at a part of their length.

    They are to be broadcast to (lines, length, across).
    """
    falling = np.rint(places[:, None] + slope * (along - along.mean())[part]).astype(np.intp)
    across = falling[:, :, None] + np.arange(-reach - EDGE_PX, reach + EDGE_PX + 1)
    return _within(across, shape[0]), _within(along[None, part, None], shape[1])


def _within(places: IntArray, length: int) -> IntArray:
    """Places beyond an edge moved to it; `clip` takes five times as long on as few."""
    return np.asarray(np.minimum(np.maximum(places, 0), length - 1))


def _print_along(strips: NDArray[np.uint8]) -> Depths:
    """(lines, across) depth that a line keeps along most of its length, of strips (lines, across, length)."""
    if strips.shape[2] == 0:
        return np.zeros(strips.shape[:2], np.float32)
    place = int(PRINT_QUANTILE * (strips.shape[2] - 1))
    return np.asarray(np.partition(strips, place, axis=2)[..., place], np.float32)


def _lower_median(profiles: Depths) -> Depths:
    """Of few lines the weaker: what one of two does not show is no print."""
    place = (len(profiles) - 1) // 2
    return np.asarray(np.partition(profiles, place, axis=0)[place], np.float32)


def _alone(profile: Depths, ink: InkMap) -> Depths:
    """A profile without what is printed beside its own line, such as the wall of the next box."""
    own = run_round_middle(profile >= CLEAR_OF_PRINT * ink.contrast) or slice(0, len(profile))
    alone = np.zeros_like(profile)
    alone[own] = profile[own]
    return alone


def _with_slack(profile: Depths) -> Depths:
    """A profile as wide as a line looks that lies up to a pixel beside its place."""
    return np.asarray(cv2.dilate(profile[None], np.ones((1, 3), np.uint8))[0], np.float32)


def _peak(profile: Depths, ink: InkMap, reach: int) -> int | None:
    """How far from its place the middle of a line is, None where no line is seen that noise may lift to ink."""
    near = profile[EDGE_PX : len(profile) - EDGE_PX]
    top = int(near.argmax())
    if near[top] < FAINT_PRINT * ink.threshold:
        return None
    start = end = top
    while start > 0 and near[start - 1] > near[top] / 2:
        start -= 1
    while end + 1 < len(near) and near[end + 1] > near[top] / 2:
        end += 1
    return (start + end) // 2 - reach


def _shifts(seen: Depths, common: Depths, most: int) -> IntArray:
    """(lines,) how far each line lies from where most lie: the least shift at which it holds all that is common."""
    tried = np.array(sorted(range(-most, most + 1), key=abs))
    padded = np.zeros((len(seen), seen.shape[1] + 2 * most), np.float32)
    padded[:, most : most + seen.shape[1]] = seen
    shifted = sliding_window_view(padded, len(common), axis=1)
    missing = np.maximum(0, common - shifted).sum(axis=2)
    return np.asarray(tried[missing[:, tried + most].argmin(axis=1)], np.intp)
