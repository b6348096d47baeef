"""Comb fields drawn for measuring: digits of one writer in printed cells, as a scanner might have seen them.

Figures on these are synthetic; RESULTS.md keeps them apart from figures on real documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from benchmarks.drawn.glyphs import (
    DigitSource,
    FloatImage,
    WriterHand,
    lay_digit,
    scale_digit,
    scan,
    tight_digit,
)
from pipeline.document import Box, FieldKind, FieldRegion, FieldSpec
from recognizer.pen import draw_digit, random_hand
from recognizer.readings import GrayImage, InkImage

__all__ = ["DigitSource", "DrawnField", "draw_comb", "field_region", "mnist_hand", "pen_hand"]


@dataclass(frozen=True)
class DrawnField:
    """A field and what was written in it."""

    region: FieldRegion
    truth: str


def mnist_hand(by_digit: Mapping[int, np.ndarray]) -> DigitSource:
    """Digits of one MNIST writer; `by_digit` holds (n, 28, 28) uint8 pictures of every digit that is to be written."""

    return WriterHand(by_digit)


def pen_hand(rng: np.random.Generator) -> DigitSource:
    """Digits of one hand of our own pen."""
    hand = random_hand(rng)
    return lambda digit, r: draw_digit(digit, hand, r, height_px=60)


def draw_comb(digits: str, source: DigitSource, rng: np.random.Generator, crossing_mm: float = 0.0) -> DrawnField:
    """One comb field as `locate_fields` would cut it out of a 200 to 300 dpi scan.

    Args:
        digits: what to write; a space leaves a cell empty.
        source: the hand.
        rng: everything random.
        crossing_mm: how far digits may stray over the lines of their cells.
    """
    px_per_mm = float(rng.uniform(200, 300)) / 25.4
    cell_w, cell_h = rng.uniform(4.6, 7.5) * px_per_mm, rng.uniform(6.5, 9.5) * px_per_mm
    margin = 2.7 * px_per_mm
    width, height = round(2 * margin + len(digits) * cell_w), round(2 * margin + cell_h)
    paper = np.full((height, width), rng.uniform(205, 250), np.float32)
    edges = [margin + i * cell_w for i in range(len(digits) + 1)]
    _print_cells(paper, edges, margin, cell_h, px_per_mm, rng)
    ink = np.zeros_like(paper)
    size = rng.uniform(0.55, 0.85) * cell_h
    for i, char in enumerate(digits):
        if char != " ":
            _write(ink, source(int(char), rng), edges[i], margin, (cell_w, cell_h), size, crossing_mm * px_per_mm, rng)
    gray = paper * (1 - ink * rng.uniform(0.55, 0.95))
    image = scan(gray, rng)
    shift_x, shift_y = (int(v) for v in np.round(rng.normal(0, 0.12, 2) * px_per_mm))
    cells = tuple(
        Box(round(a), round(margin), round(b), round(margin + cell_h)).shifted(shift_x, shift_y)
        for a, b in pairwise(edges)
    )
    return DrawnField(field_region(image, cells, px_per_mm), digits.strip())


def _print_cells(
    paper: FloatImage, edges: list[float], top: float, cell_h: float, px_per_mm: float, rng: np.random.Generator
) -> None:
    if rng.random() < 0.15:
        return  # drop-out ink
    shade, thickness = float(rng.uniform(20, 170)), max(1, round(rng.uniform(0.12, 0.4) * px_per_mm))
    bottom = round(top + cell_h)
    left, right = round(edges[0]), round(edges[-1])
    has_lid = rng.random() < 0.8
    for y in (round(top), bottom)[0 if has_lid else 1 :]:
        cv2.line(paper, (left, y), (right, y), shade, thickness, cv2.LINE_AA)
    for x in edges:
        start = round(top) if has_lid else round(bottom - cell_h * 0.4)
        cv2.line(paper, (round(x), start), (round(x), bottom), shade, thickness, cv2.LINE_AA)


def _write(
    ink: FloatImage,
    digit: InkImage,
    left: float,
    top: float,
    cell: tuple[float, float],
    size: float,
    crossing_px: float,
    rng: np.random.Generator,
) -> None:
    """Lay one digit into its cell, scaled to `size` or to what the cell holds, strayed by up to `crossing_px`."""
    tight = tight_digit(digit)
    room_w, room_h = cell[0] * 0.92 + 2 * crossing_px, cell[1] * 0.94 + 2 * crossing_px
    scale = min(size * rng.uniform(0.9, 1.1) / max(tight.shape[0], 0.6 * tight.shape[1]), room_w / tight.shape[1])
    scale = min(scale, room_h / tight.shape[0])
    picture = scale_digit(tight, scale, rng)
    slack_x, slack_y = room_w - picture.shape[1], room_h - picture.shape[0]
    x = round(left + cell[0] / 2 - room_w / 2 + rng.beta(3, 3) * slack_x)
    y = round(top + cell[1] / 2 - room_h / 2 + rng.beta(3, 3) * slack_y)
    lay_digit(ink, picture, x, y)


def field_region(image: GrayImage, cells: tuple[Box, ...], px_per_mm: float) -> FieldRegion:
    """A region round drawn cells, its own page."""
    inner = Box(cells[0].left, cells[0].top, cells[-1].right, cells[-1].bottom)
    corners = [
        (inner.left, inner.top),
        (inner.right, inner.top),
        (inner.right, inner.bottom),
        (inner.left, inner.bottom),
    ]
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return FieldRegion(
        spec=FieldSpec("code", FieldKind.DIGITS, cells=len(cells)),
        page=1,
        image=image,
        region_to_page=np.eye(3),
        polygon_px=(a, b, c, d),
        inner=inner,
        cells=cells,
        px_per_mm=px_per_mm,
    )
