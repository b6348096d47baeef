"""Free lines: cut the ink into primitives and join neighbours into candidates of single digits.

Touching digits are cut where a vertical cut crosses little ink or the contour has a valley; every way of putting
neighbouring pieces together again is a candidate, and the decoder picks a path.

Source: Casey & Lecolinet 1996, A Survey of Methods and Strategies in Character Segmentation (over-segmentation).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.document import Box, DigitCrop
from pipeline.stages.cuts import ink_on_cuts, right_of_cut
from pipeline.stages.ink import BoolImage, InkMap, digit_height, label_blobs

MAX_PIECES = 6
"""Pieces a digit may have been cut into."""
MAX_DIGIT_WIDTH = 1.25
"""Widest digit, in digit heights."""
SIDE_BY_SIDE = 0.3
"""Blobs that share less than this of the narrower one's width stand side by side."""
CUTTABLE_WIDTH = 0.55
"""Blobs wider than this, in digit heights, may be two digits."""
LEANS, OFFSETS = np.linspace(-0.3, 0.3, 13), np.linspace(-0.05, 0.05, 3)
"""How far the top of a cut lies right of its middle, and its middle of its place, in digit heights."""
LEAN_PRICE = 0.2
"""Ink that a cut may cross to stand a pixel more upright."""
MARK_HEIGHT = 0.45
"""Blobs lower than this, in digit heights, are marks: points, commas, dashes."""


@dataclass(frozen=True)
class Primitive:
    """A blob of ink, or a piece of one.

    Attributes:
        mask: (h, w) bool inside `box`.
        blob: number of the blob it comes from.
        is_whole: the blob was not cut.
    """

    mask: BoolImage
    box: Box
    blob: int
    is_whole: bool


@dataclass(frozen=True)
class Lattice:
    """Candidates for the digits of one line.

    Attributes:
        primitives: left to right.
        candidates: every run of neighbouring primitives that may be one digit.
        gaps: per candidate the widest empty gap inside it, in digit heights.
        is_beside: per candidate whether it joins blobs that stand side by side, like a point and the digit behind it;
            the parts of one broken digit lie over each other.
        digit_height: pixels; 0 for a line without ink.
        baseline: row under the digits.
    """

    primitives: tuple[Primitive, ...]
    candidates: tuple[DigitCrop, ...]
    gaps: tuple[float, ...]
    is_beside: tuple[bool, ...]
    digit_height: float
    baseline: float

    def is_mark(self, index: int) -> bool:
        """Whether a primitive is too low to be a digit."""
        return self.primitives[index].box.height < MARK_HEIGHT * self.digit_height


EMPTY_LATTICE = Lattice((), (), (), (), 0.0, 0.0)


def build_lattice(ink: InkMap, written: BoolImage, speck_px: float) -> Lattice:
    """Over-segment the ink of a line and list the candidates.

    Args:
        ink: soft ink of the line.
        written: (h, w) bool ink to use, printed lines gone.
        speck_px: area below which a blob is dust.
    """
    primitives = _primitives(written, speck_px)
    if not primitives:
        return EMPTY_LATTICE
    height = digit_height([p.box for p in primitives])
    pieces = sorted(
        (piece for primitive in primitives for piece in _cut(primitive, height)),
        key=lambda p: (p.box.left + p.box.right, p.box.top),
    )
    tall = [p.box.bottom for p in pieces if p.box.height > height / 2]
    runs = _runs(pieces, height)
    candidates = [_joined(pieces[first:last], ink, first, last) for first, last in runs]
    baseline = float(np.median(tall)) if tall else float(pieces[0].box.bottom)
    return Lattice(
        tuple(pieces),
        tuple(candidates),
        tuple(_widest_gap(pieces[first:last]) / height for first, last in runs),
        tuple(_stand_side_by_side(pieces[first:last]) for first, last in runs),
        height,
        baseline,
    )


def _primitives(written: BoolImage, speck_px: float) -> list[Primitive]:
    labels, stats, _ = label_blobs(written)
    found = []
    for label in range(1, len(stats)):
        left, top, width, height, area = (int(v) for v in stats[label])
        if area < speck_px:
            continue
        mask = labels[top : top + height, left : left + width] == label
        found.append(Primitive(mask, Box(left, top, left + width, top + height), label, True))
    return found


def _cut(primitive: Primitive, height: float) -> list[Primitive]:
    """Pieces of a blob that may hold several digits; the blob itself when it cannot."""
    box = primitive.box
    if box.width <= CUTTABLE_WIDTH * height or box.height <= height / 2:
        return [primitive]
    columns = _cut_columns(primitive.mask, height)
    # Cuts may cross; what counts is how many of them a pixel lies behind.
    number = np.zeros(primitive.mask.shape, np.intp)
    for column in columns:
        number += right_of_cut(primitive.mask.shape, *_leaned(primitive.mask, column, height))
    pieces = []
    for index in range(len(columns) + 1):
        part = primitive.mask & (number == index)
        rows, inked = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        if rows.size == 0:
            continue
        tight = part[rows[0] : rows[-1] + 1, inked[0] : inked[-1] + 1]
        left, top = box.left + int(inked[0]), box.top + int(rows[0])
        place = Box(left, top, left + tight.shape[1], top + tight.shape[0])
        pieces.append(Primitive(tight, place, primitive.blob, not columns))
    return pieces


def _leaned(mask: BoolImage, column: int, height: float) -> tuple[float, float]:
    """Columns at the top and the foot of the cut near `column`, upright or slanted, that crosses least ink."""
    leans, offsets = (grid.ravel() for grid in np.meshgrid(LEANS * height, OFFSETS * height))
    tops, feet = column + offsets + leans, column + offsets - leans
    cost = ink_on_cuts(mask, tops, feet).sum(axis=1) + LEAN_PRICE * np.abs(leans) + LEAN_PRICE * np.abs(offsets)
    best = int(cost.argmin())
    return float(tops[best]), float(feet[best])


def _cut_columns(mask: BoolImage, height: float) -> list[int]:
    """Columns where a vertical cut crosses one thin stroke, or where the contour has a valley from above or below."""
    rows, width = mask.shape
    ys = np.arange(rows)[:, None]
    upper = np.where(mask, ys, rows).min(axis=0)
    lower = np.where(mask, ys, -1).max(axis=0)
    inked = mask.sum(axis=0)
    strokes = (np.diff(np.pad(mask.astype(np.int8), ((1, 0), (0, 0))), axis=0) == 1).sum(axis=0)
    cost = _smooth(inked + 0.25 * np.maximum(0, lower - upper) + 6.0 * (strokes - 1), (0.1, 0.2, 0.4, 0.2, 0.1))
    margin, reach = int(0.12 * height), max(3, int(0.07 * height))
    is_found = (cost == _lowest_near(cost, reach)) & (inked < 0.6 * height)
    for contour in (upper.astype(float), -lower.astype(float)):
        level = _smooth(contour, (0.2,) * 5)
        highest = -_lowest_near(-level, 2 * reach)
        is_valley = (level == highest) & (highest - _lowest_near(level, 2 * reach) > 0.12 * height)
        is_found |= is_valley & (inked < height / 2)
    cuts: list[int] = []
    for column in (margin + np.flatnonzero(is_found[margin : width - margin])).tolist():
        if not cuts or column - cuts[-1] >= max(3, 0.06 * height):
            cuts.append(column)
        elif cost[column] < cost[cuts[-1]]:
            cuts[-1] = column
    return cuts


def _lowest_near(values: NDArray[np.floating], reach: int) -> NDArray[np.floating]:
    """Least value within so many places of each."""
    padded = np.pad(values, reach, constant_values=np.inf)
    return np.asarray(sliding_window_view(padded, 2 * reach + 1).min(axis=1))


def _smooth(values: NDArray[np.floating], kernel: tuple[float, ...]) -> NDArray[np.floating]:
    return np.convolve(np.pad(values.astype(float), len(kernel) // 2, mode="edge"), kernel, "valid")


def _runs(pieces: list[Primitive], height: float) -> list[tuple[int, int]]:
    """Runs first..last-1 of neighbouring pieces that are together no wider than a digit."""
    found = []
    for first in range(len(pieces)):
        for last in range(first + 1, min(len(pieces), first + MAX_PIECES) + 1):
            if last > first + 1 and _box_of(pieces[first:last]).width > MAX_DIGIT_WIDTH * height:
                break
            found.append((first, last))
    return found


def _box_of(run: list[Primitive]) -> Box:
    box = run[0].box
    for piece in run[1:]:
        box = box.union(piece.box)
    return box


def _joined(run: list[Primitive], ink: InkMap, first: int, last: int) -> DigitCrop:
    box = _box_of(run)
    mask = np.zeros((box.height, box.width), bool)
    for piece in run:
        top, left = piece.box.top - box.top, piece.box.left - box.left
        mask[top : top + piece.box.height, left : left + piece.box.width] |= piece.mask
    soft = ink.soft[box.top : box.bottom, box.left : box.right]
    return DigitCrop(np.where(mask, np.maximum(soft, 128), 0).astype(np.uint8), box, first, last)


def _widest_gap(run: list[Primitive]) -> float:
    widest, right = 0, run[0].box.right
    for piece in run[1:]:
        widest = max(widest, piece.box.left - right)
        right = max(right, piece.box.right)
    return float(widest)


def _stand_side_by_side(run: list[Primitive]) -> bool:
    blobs: dict[int, Box] = {}
    for piece in run:
        blobs[piece.blob] = blobs[piece.blob].union(piece.box) if piece.blob in blobs else piece.box
    boxes = sorted(blobs.values(), key=lambda box: box.left)
    for left, right in pairwise(boxes):
        shared = min(left.right, right.right) - right.left
        if shared < SIDE_BY_SIDE * min(left.width, right.width):
            return True
    return False
