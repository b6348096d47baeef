"""Digit strings on plain paper at 300 dpi, some neighbours touching, as they are cut out of a form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.drawn.glyphs import DigitSource, FloatImage, cover_with_ink, lay_digit, scale_digit, scan, tight_digit
from recognizer.readings import GrayImage

INKED = 0.3
"""Strength from which drawn ink counts as touching."""
DEEPEST = 0.4
"""Share of its width that a digit moves under its neighbour at most, where they meet no sooner: a 1 under a 7."""


@dataclass(frozen=True)
class DrawnLine:
    """A picture of one string, (h, w) uint8 dark on light.

    Attributes:
        touching: pairs of neighbours that touch.
    """

    image: GrayImage
    truth: str
    touching: int


def draw_line(
    digits: str,
    source: DigitSource,
    rng: np.random.Generator,
    touching_share: float,
    overlap_px: tuple[int, int] = (0, 4),
) -> DrawnLine:
    """Write a string on plain paper.

    Args:
        digits: what to write.
        source: the hand.
        rng: everything random.
        touching_share: of neighbours that touch: the right one is moved until its ink meets the left one's.
        overlap_px: least and greatest number of pixels by which touching digits are then pushed into each other.
    """
    height = rng.uniform(50, 80)
    margin = round(0.6 * height)
    ink = np.zeros((round(2.4 * height), round(1.6 * height * (len(digits) + 1))), np.float32)
    right, touching = margin, 0
    for place, char in enumerate(digits):
        tight = tight_digit(source(int(char), rng))
        wanted = height * rng.uniform(0.92, 1.08) / max(tight.shape[0], 0.6 * tight.shape[1])
        picture = scale_digit(tight, wanted, rng)
        top = round(margin + height - picture.shape[0] + rng.normal(0, 0.03) * height)
        if place and rng.random() < touching_share:
            left = _meeting_column(ink, picture, right, top) - int(rng.integers(overlap_px[0], overlap_px[1] + 1))
            touching += 1
        else:
            left = right + (round(rng.uniform(0.05, 0.3) * height) if place else 0)
        lay_digit(ink, picture, left, top)
        right = max(right, left + picture.shape[1])
    ink = ink[:, : right + margin]
    paper = np.full(ink.shape, rng.uniform(205, 250), np.float32)
    return DrawnLine(scan(cover_with_ink(paper, ink, rng.uniform(0.55, 0.95)), rng), digits, touching)


def _meeting_column(ink: FloatImage, picture: FloatImage, right: int, top: int) -> int:
    """Rightmost column at which a digit's ink meets what is written, or the leftmost that it may move to."""
    rows, columns = picture.shape
    inked = picture > INKED
    leftmost = right - int(DEEPEST * columns)
    for left in range(right + 1, leftmost, -1):
        if (inked & (ink[top : top + rows, left : left + columns] > INKED)).any():
            return left
    return leftmost
