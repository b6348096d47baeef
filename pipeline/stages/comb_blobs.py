"""Share the ink of a comb out among its cells: strokes that leave their cell stay whole, touching digits are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.cuts import ink_on_cuts, right_of_cut
from pipeline.stages.ink import BoolImage, InkBlobs

WHOLE_SHARE = 0.8
"""A blob with this share of its ink in one cell belongs to that cell, tails included; measured on drawn forms."""
NARROW = 0.3
"""Blobs narrower than this, in cells, are one digit, however the border divides them."""
DIGIT_HEIGHT = 0.35
"""Blobs at least this high, in cells, may be a digit of their own."""
SPAN_CELLS = 2.2
"""One blob across more cells than this is a pen drawn through the field, not touching digits."""
LEAST_INSIDE = 0.5
"""Blobs with less than this share of their ink in and close beside the cells are captions, or belong elsewhere."""
LEAST_PART = 0.08
"""Smallest part of a blob that may be another cell's digit."""
CUT_REACH = 0.2
"""Touching digits are cut at most this far from the border between their cells, in cells."""
CUT_STEPS = 11
"""Places tried for either end of a cut."""
LEAN_PRICE = 0.3
"""Ink that a cut may cross to lie a pixel nearer to the border."""
THICKEST_JOINT = 0.3
"""Stroke a cut may cross to give an empty cell its digit, in cell heights."""
SAME_CUT = 0.03
"""Cuts that divide the ink of a blob alike to this share are one."""
BESIDE = 0.3
"""Blobs that share less than this of the narrower one's width stand side by side."""
NEAR_BORDER = 0.1
"""A digit this near to the border may belong to either cell, in cells."""


@dataclass(frozen=True, eq=False)
class Blob:
    """Connected ink, or what a cut left of it.

    Attributes:
        mask: (h, w) bool inside `box`.
        box: where it lies in the region, pixels.
        area: pixels of ink.
    """

    mask: BoolImage
    box: Box
    area: int

    def is_beside(self, other: Blob) -> bool:
        shared = min(self.box.right, other.box.right) - max(self.box.left, other.box.left)
        return shared < BESIDE * min(self.box.width, other.box.width)


@dataclass(frozen=True)
class SharedInk:
    """Blobs of every cell.

    Attributes:
        cells: per cell its blobs; none for an empty cell.
        spanning: blobs across several cells.
        is_touching: a blob was cut between two cells.
        other_cuts: other ways to cut blobs, each the blobs of the two cells concerned.
    """

    cells: tuple[tuple[Blob, ...], ...]
    spanning: tuple[Box, ...]
    is_touching: bool
    other_cuts: tuple[Mapping[int, tuple[Blob, ...]], ...]


def share_ink(written: InkBlobs, cells: Sequence[Box], speck_px: float, has_captions: bool = False) -> SharedInk:
    """Give every blob to a cell, cutting those that hold the digits of several.

    Args:
        written: blobs of the region's ink, printed lines gone.
        cells: left to right, at least one.
        speck_px: area below which a blob is dust.
        has_captions: ink beside the cells may be print; else all of it is the hand's.
    """
    comb = _Comb(cells)
    owned: list[list[Blob]] = [[] for _ in cells]
    spanning, is_touching = [], False
    cuts: list[tuple[dict[int, Blob], list[dict[int, Blob]]]] = []
    for blob in _blobs(written, comb, speck_px):
        if blob.box.width > SPAN_CELLS * comb.pitch:
            spanning.append(blob.box)
        shares = comb.shares(blob)
        if shares.sum() < LEAST_INSIDE or (has_captions and not comb.is_over(blob)):
            continue
        home = int(shares.argmax())
        if shares[home] >= WHOLE_SHARE or not comb.is_tall(blob) or blob.box.width < NARROW * comb.pitch:
            owned[home].append(blob)
            continue
        is_touching = True
        parts = comb.cut_at_borders(blob, shares)
        for cell, part in parts.items():
            owned[cell].append(part)
        if len(parts) == 2:
            cuts.append((parts, comb.other_cuts(blob, parts)))
    for empty in [i for i, blobs in enumerate(owned) if not any(comb.is_tall(b) for b in blobs)]:
        for neighbour in (empty - 1, empty + 1):
            if 0 <= neighbour < len(cells) and _give(owned, neighbour, empty, comb):
                break
    other_cuts = tuple(
        {cell: tuple(other[cell] if blob is parts[cell] else blob for blob in owned[cell]) for cell in parts}
        for parts, others in cuts
        for other in others
    )
    return SharedInk(tuple(tuple(blobs) for blobs in owned), tuple(spanning), is_touching, other_cuts)


class _Comb:
    """Measures of a comb that decide whose ink is whose."""

    def __init__(self, cells: Sequence[Box]) -> None:
        self.top, self.bottom = cells[0].top, cells[0].bottom
        self.height = self.bottom - self.top
        self.pitch = (cells[-1].right - cells[0].left) / len(cells)
        self.borders = [(left.right + right.left) // 2 for left, right in pairwise(cells)]
        self.first, self.last = cells[0].left, cells[-1].right
        self.left, self.right = round(cells[0].left - self.pitch / 2), round(cells[-1].right + self.pitch / 2)

    def is_over(self, blob: Blob) -> bool:
        """Whether a blob has columns in common with the cells."""
        return blob.box.right > self.first and blob.box.left < self.last

    def is_tall(self, blob: Blob) -> bool:
        return blob.box.height >= DIGIT_HEIGHT * self.height

    def shares(self, blob: Blob) -> NDArray[np.float64]:
        """Share of a blob's ink in every cell; ink far beside the comb is nobody's."""
        edges = np.array([self.left, *self.borders, self.right]) - blob.box.left
        inked = np.concatenate([[0], np.cumsum(blob.mask.sum(axis=0))])
        return np.asarray(np.diff(inked[edges.clip(0, blob.box.width)]) / blob.area)

    def cut_at_borders(self, blob: Blob, shares: NDArray[np.float64]) -> dict[int, Blob]:
        """Parts of a blob by the cells they go to; slivers stay with the larger part beside them."""
        inhabited = [int(cell) for cell in np.flatnonzero(shares >= LEAST_PART)]
        if not inhabited:
            return {}
        parts, rest = {}, blob
        for cell, following in pairwise(inhabited):
            border = self.borders[following - 1]
            reach = CUT_REACH * self.pitch
            left, right = _split(rest, _best_cut(rest, border - reach, border + reach, border))
            if left is not None:
                parts[cell] = left
            if right is None:
                return parts
            rest = right
        return {**parts, inhabited[-1]: rest}

    def other_cuts(self, blob: Blob, parts: Mapping[int, Blob]) -> list[dict[int, Blob]]:
        """Cuts to the left of, along and to the right of the border that divide a blob otherwise than `parts` do."""
        left_cell, right_cell = sorted(parts)
        border, near, reach = self.borders[right_cell - 1], NEAR_BORDER * self.pitch / 2, CUT_REACH * self.pitch
        found, sizes = [], [parts[left_cell].area]
        for first, last in (
            (border - reach, border - near),
            (border - near, border + near),
            (border + near, border + reach),
        ):
            left, right = _split(blob, _best_cut(blob, first, last, border))
            if left is None or right is None or min(abs(left.area - size) for size in sizes) < SAME_CUT * blob.area:
                continue
            sizes.append(left.area)
            found.append({left_cell: left, right_cell: right})
        return found


def _blobs(ink: InkBlobs, comb: _Comb, speck_px: float) -> list[Blob]:
    """Blobs of writing at the height of the cells, left to right as OpenCV meets them."""
    _, top, _, height, area = ink.stats.T
    middle = top + height / 2
    reach = comb.height / 4
    is_here = (middle >= comb.top - reach) & (middle <= comb.bottom + reach) & (area >= speck_px) & ink.is_kept
    found = []
    for label in np.flatnonzero(is_here).tolist():
        x, y, across, down = ink.stats[label, :4].tolist()
        box = Box(x, y, x + across, y + down)
        mask = ink.labels[box.top : box.bottom, box.left : box.right] == label
        found.append(Blob(mask, box, int(area[label])))
    return found


def _give(owned: list[list[Blob]], giver: int, empty: int, comb: _Comb) -> bool:
    """Give an empty cell the digit that crossed into its neighbour's, whole or cut off the neighbour's own."""
    border = comb.borders[min(giver, empty)]
    is_left = empty < giver
    tall = [blob for blob in owned[giver] if comb.is_tall(blob)]
    if not tall:
        return False
    nearest = min(tall, key=lambda b: b.box.left) if is_left else max(tall, key=lambda b: b.box.right)
    over = border - nearest.box.left if is_left else nearest.box.right - border
    if over < -NEAR_BORDER * comb.pitch:
        return False
    if len(tall) > 1 and all(nearest.is_beside(blob) for blob in tall if blob is not nearest):
        owned[giver].remove(nearest)
        owned[empty].append(nearest)
        return True
    if over < 2 or nearest.box.width < 2 * NARROW * comb.pitch:
        return False
    reach = CUT_REACH * comb.pitch
    cut = _best_cut(nearest, border - (0 if is_left else reach), border + (reach if is_left else 0), border)
    left, right = _split(nearest, cut)
    if left is None or right is None or cut.strokes > 1 or cut.crossed > THICKEST_JOINT * comb.height:
        return False
    given, kept = (left, right) if is_left else (right, left)
    if not comb.is_tall(given) or not comb.is_tall(kept) or given.area < LEAST_PART * nearest.area:
        return False
    owned[giver] = [kept if blob is nearest else blob for blob in owned[giver]]
    owned[empty].append(given)
    return True


@dataclass(frozen=True, slots=True)
class _Cut:
    """Straight cut through a blob: columns at its top and foot, region pixels, and what it crosses.

    Attributes:
        crossed: pixels of ink.
    """

    top: float
    foot: float
    crossed: int
    strokes: int


def _best_cut(blob: Blob, first: float, last: float, border: float) -> _Cut:
    """The cut from the top of a blob to its foot, both ends between two columns, that crosses least ink."""
    ends = np.linspace(first, last, CUT_STEPS)
    tops, feet = (grid.ravel() for grid in np.meshgrid(ends, ends))
    inked = ink_on_cuts(blob.mask, tops - blob.box.left, feet - blob.box.left)
    crossed = inked.sum(axis=1)
    away = np.abs(tops - border) + np.abs(feet - border)
    best = int((crossed + LEAN_PRICE * away / 2).argmin())
    strokes = int((np.diff(inked[best].astype(np.int8), prepend=0) == 1).sum())
    return _Cut(float(tops[best]), float(feet[best]), int(crossed[best]), strokes)


def _split(blob: Blob, cut: _Cut) -> tuple[Blob | None, Blob | None]:
    """Parts of a blob left and right of a cut; None for a side without ink."""
    is_right = right_of_cut(blob.mask.shape, cut.top - blob.box.left, cut.foot - blob.box.left)
    return _tight(blob, blob.mask & ~is_right), _tight(blob, blob.mask & is_right)


def _tight(blob: Blob, mask: BoolImage) -> Blob | None:
    if not mask.any():
        return None
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    box = Box(left, top, left + width, top + height).shifted(blob.box.left, blob.box.top)
    part = mask[top : top + height, left : left + width]
    return Blob(part, box, int(part.sum()))
