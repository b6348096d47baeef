"""Boxes that stand apart, each printed as an outline of its own: rows of them, found by their connected ink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.ink import label_blobs
from recognizer.readings import GrayImage

BoolImage = NDArray[np.bool_]

PAPER_MM = 5.0
"""Ink is darker than the mean of so large a neighbourhood; outlines and strokes are far thinner."""
DARKER = 12.0
"""Gray levels by which it is."""
ASPECTS = (0.35, 1.5)
"""Width by height of a digit's box."""
RIM_MM = 0.45
"""An outline leans and bends by less than this."""
SIDE_SHARE = 0.9
"""Share of each of the four sides that is inked, of the boxes that a row is known by."""
END_SHARE = 0.75
"""The same of boxes beside the known ones: strokes that cross them hide where they end."""
HIDDEN_SHARE = 0.5
"""The same of boxes between known ones."""
ALIKE = 0.12
"""Boxes of one row differ by less than this share of their size, and of the step between them."""
WIDEST_GAP = 0.55
"""Between boxes of one row, for their width; forms measure 0.1 to 0.5."""
MOST_MISSED = 3
"""Boxes in a row that strokes hide; beyond so many begins another row."""
LEAST_KNOWN = 0.4
"""Share of a row's boxes that must be known."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Known boxes of one row, left to right, and the step from one box to the next, pixels."""

    boxes: tuple[Box, ...]
    step: float


def find_separate_boxes(
    gray: GrayImage, px_per_mm: float, heights_mm: tuple[float, float], least_cells: int
) -> Iterator[tuple[Box, ...]]:
    """Rows of boxes with paper between them, the boxes of each left to right.

    Args:
        gray: (H, W) uint8 page, dark on light, levelled.
        px_per_mm: its resolution; 5 to 8 serves best.
        heights_mm: least and greatest height of a box.
        least_cells: rows of fewer boxes are none.
    """
    side = 2 * round(PAPER_MM * px_per_mm / 2) + 1
    ink = gray < cv2.blur(gray, (side, side), borderType=cv2.BORDER_REPLICATE) - DARKER
    rim = max(2, round(RIM_MM * px_per_mm))
    known = list(_outlines(ink, rim, (heights_mm[0] * px_per_mm, heights_mm[1] * px_per_mm)))
    while known:
        alike = [box for box in known if _is_alike(box, known[0])]
        known = [box for box in known if not _is_alike(box, known[0])]
        for row in _rows_of(alike, ink, rim):
            cells = _whole_row(row, ink, rim)
            if len(cells) >= least_cells and len(row.boxes) >= max(2, LEAST_KNOWN * len(cells)):
                yield cells


def _outlines(ink: BoolImage, rim: int, heights: tuple[float, float]) -> Iterator[Box]:
    """Connected ink with all four sides of a rectangle, left to right."""
    labels, stats, _ = label_blobs(ink)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    fits = (
        (height >= heights[0])
        & (height <= heights[1])
        & (width >= ASPECTS[0] * height)
        & (width <= ASPECTS[1] * height)
    )
    fits[0] = False
    for label in sorted(np.flatnonzero(fits), key=lambda label: int(stats[label, cv2.CC_STAT_LEFT])):
        left, top, wide, high = (int(n) for n in stats[label, :4])
        box = Box(left, top, left + wide, top + high)
        if _least_side(labels[top : top + high, left : left + wide] == label, rim) >= SIDE_SHARE:
            yield box


def _least_side(ink: BoolImage, rim: int) -> float:
    """Share of a rectangle's least inked side, a rim wide."""
    sides = (ink[:rim].any(0), ink[-rim:].any(0), ink[:, :rim].any(1), ink[:, -rim:].any(1))
    return min(float(side.mean()) for side in sides)


def _is_alike(box: Box, other: Box) -> bool:
    slack = ALIKE * other.height
    return (
        max(abs(box.top - other.top), abs(box.bottom - other.bottom)) <= slack and abs(box.width - other.width) <= slack
    )


def _rows_of(boxes: Sequence[Box], ink: BoolImage, rim: int) -> Iterator[_Row]:
    """Runs of boxes at multiples of one step, with something of an outline in every place between."""
    width = float(np.median([box.width for box in boxes]))
    steps = np.diff([box.left for box in boxes])
    near = steps[(steps > width) & (steps <= (1 + WIDEST_GAP) * width)]
    if not len(near):
        return
    step = float(np.median(near))
    run = [boxes[0]]
    for box in boxes[1:]:
        distance = box.left - run[-1].left
        count = round(distance / step)
        between = (run[-1].shifted(round(number * step), 0) for number in range(1, count))
        if (
            1 <= count <= MOST_MISSED + 1
            and abs(distance - count * step) <= max(2.5, ALIKE * step)
            and all(_shows(ink, place, rim, HIDDEN_SHARE) for place in between)
        ):
            run.append(box)
        else:
            yield _Row(tuple(run), step)
            run = [box]
    yield _Row(tuple(run), step)


def _whole_row(row: _Row, ink: BoolImage, rim: int) -> tuple[Box, ...]:
    """All boxes of a row on one level: the known ones, those between, those beyond its ends whose outline shows."""
    first, last = row.boxes[0], row.boxes[-1]
    count = 1 + round((last.left - first.left) / row.step)
    step = (last.left - first.left) / max(1, count - 1) or row.step
    width, height = (round(float(np.median([getattr(box, side) for box in row.boxes]))) for side in ("width", "height"))
    fall = (last.top - first.top) / max(1, count - 1)

    def place(index: int) -> Box:
        left, top = round(first.left + index * step), round(first.top + index * fall)
        return Box(left, top, left + width, top + height)

    start, end = 0, count
    while _shows(ink, place(start - 1), rim, END_SHARE):
        start -= 1
    while _shows(ink, place(end), rim, END_SHARE):
        end += 1
    middle = place((start + end - 1) // 2)
    found = (place(index) for index in range(start, end))
    return tuple(Box(box.left, middle.top, box.right, middle.bottom) for box in found)


def _shows(ink: BoolImage, box: Box, rim: int, least: float) -> bool:
    """Whether so much of all four sides of a rectangle is inked where they should be, to within a rim."""
    high, wide = ink.shape
    if box.left < rim or box.top < rim or box.right > wide - rim or box.bottom > high - rim:
        return False
    near = ink[box.top - rim // 2 : box.bottom + rim // 2, box.left - rim // 2 : box.right + rim // 2]
    return _least_side(near, rim + rim // 2) >= least
