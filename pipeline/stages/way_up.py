"""Which way up a page lies, from its printed words: letters stand beside one another and share a baseline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.lines import boxes_of_blobs
from recognizer.readings import GrayImage

INK_DEPTH = 28
"""Gray levels by which letters are darker than what is around them; pale backgrounds stay below."""
AROUND_MM = 4.0
LEAST_MM, GREATEST_MM = 1.0, 5.0
"""Height of letters of 5 to 14 points, of the tallest side of them."""
LETTERS = 300
"""Letters that vote: enough for dozens of votes on any page with a few lines of print."""
MAX_GAP = 0.4
"""Letters of a word are nearer than this share of their height; lines of text keep more between them."""
SHARED_EDGE, OTHER_EDGE = 0.07, 0.17
"""Edges closer than the first, in heights, are on one line; ends of ascenders and tails lie beyond the second."""
SIDEWAYS = 1.5
"""So many times as many letters must have neighbours above or below as have them beside."""
MIN_NEIGHBOURS = 12
SURE = 2.0
"""Standard deviations by which the votes for upside down must exceed those for upright."""


@dataclass(frozen=True, slots=True)
class _Votes:
    """Letters with a neighbour in a direction, and pairs that share the edge of greater or of smaller coordinate."""

    neighbours: int
    far_edge: int
    near_edge: int


def quarter_turns(gray: GrayImage, px_per_mm: float) -> int:
    """Quarter turns clockwise that the page was given: 0 where the print does not plainly say otherwise.

    Args:
        gray: (H, W) uint8, dark on light, levelled.
        px_per_mm: its resolution; 5 to 8 serves best.
    """
    letters = _letters(gray, px_per_mm)
    if len(letters) < MIN_NEIGHBOURS:
        return 0
    beside = _votes(letters)
    below = _votes(letters[:, (1, 0, 3, 2)])
    if below.neighbours >= MIN_NEIGHBOURS and below.neighbours > SIDEWAYS * beside.neighbours:
        # Turned clockwise, the baseline of its words lies on their left.
        return 3 if below.far_edge > below.near_edge else 1
    votes = beside.far_edge + beside.near_edge
    return 2 if beside.near_edge - beside.far_edge > SURE * max(4, votes) ** 0.5 else 0


def _letters(gray: GrayImage, px_per_mm: float) -> NDArray[np.int32]:
    """Left, top, right, bottom of dark things as large as letters, (N, 4)."""
    side = round(AROUND_MM * px_per_mm) | 1
    around = cv2.blur(gray, (side, side))
    _, is_ink = cv2.threshold(cv2.subtract(around, gray), INK_DEPTH - 1, 1, cv2.THRESH_BINARY)
    boxes = np.array(boxes_of_blobs(np.asarray(is_ink, np.uint8)), np.int32).reshape(-1, 4)
    left, top, width, height = boxes.T
    longer = np.maximum(width, height)
    is_letter = (longer >= LEAST_MM * px_per_mm) & (longer <= GREATEST_MM * px_per_mm)
    return np.asarray(np.column_stack([left, top, left + width, top + height])[is_letter], np.int32)


def _votes(letters: NDArray[np.int32]) -> _Votes:
    """What some of the letters and their next neighbours to the right say."""
    some = letters[:: max(1, len(letters) // LETTERS)]
    left, top, _, bottom = letters.T
    height = some[:, 3] - some[:, 1]
    gap = left[None, :] - some[:, 2, None]
    shared = np.minimum(bottom[None, :], some[:, 3, None]) - np.maximum(top[None, :], some[:, 1, None])
    is_next = (gap >= -1) & (gap <= MAX_GAP * height[:, None]) & (2 * shared >= height[:, None])
    has_next = is_next.any(axis=1)
    nearest = np.where(is_next, gap, np.iinfo(np.int32).max).argmin(axis=1)
    first, second = some[has_next], letters[nearest[has_next]]
    taller = np.maximum(first[:, 3] - first[:, 1], second[:, 3] - second[:, 1])
    near, far = np.abs(first[:, 1] - second[:, 1]), np.abs(first[:, 3] - second[:, 3])
    is_level, is_apart = np.maximum(1, SHARED_EDGE * taller), np.maximum(2, OTHER_EDGE * taller)
    return _Votes(
        neighbours=int(has_next.sum()),
        far_edge=int(((far <= is_level) & (near >= is_apart)).sum()),
        near_edge=int(((near <= is_level) & (far >= is_apart)).sum()),
    )
