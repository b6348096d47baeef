"""Comb fields drawn for measuring: digits of one writer in printed cells, as a scanner might have seen them.

Figures on these are synthetic; RESULTS.md keeps them apart from figures on real documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from pipeline.document import Box, FieldKind, FieldRegion, FieldSpec
from recognizer.pen import draw_digit, random_hand
from recognizer.readings import InkImage

DigitSource = Callable[[int, np.random.Generator], InkImage]
"""Draws one digit in the hand of one writer, tight or loose, ink bright on zero."""


@dataclass(frozen=True)
class DrawnField:
    """A field and what was written in it."""

    region: FieldRegion
    truth: str


def mnist_hand(by_digit: Mapping[int, np.ndarray]) -> DigitSource:
    """Digits of one MNIST writer; `by_digit` holds (n, 28, 28) uint8 pictures of every digit that is to be written."""

    def draw(digit: int, rng: np.random.Generator) -> InkImage:
        pictures = by_digit[digit]
        return np.asarray(pictures[rng.integers(len(pictures))], np.uint8)

    return draw


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
    gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.4, 1.1)) + rng.normal(0, rng.uniform(0.5, 5), gray.shape)
    image = np.clip(gray, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(45, 92))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    shift_x, shift_y = (int(v) for v in np.round(rng.normal(0, 0.12, 2) * px_per_mm))
    cells = tuple(
        Box(round(a), round(margin), round(b), round(margin + cell_h)).shifted(shift_x, shift_y)
        for a, b in pairwise(edges)
    )
    return DrawnField(_region(image, cells, px_per_mm), digits.strip())


def _print_cells(
    paper: np.ndarray, edges: list[float], top: float, cell_h: float, px_per_mm: float, rng: np.random.Generator
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
    ink: np.ndarray,
    digit: InkImage,
    left: float,
    top: float,
    cell: tuple[float, float],
    size: float,
    crossing_px: float,
    rng: np.random.Generator,
) -> None:
    """Lay one digit into its cell, scaled to `size` or to what the cell holds, strayed by up to `crossing_px`."""
    rows, columns = np.flatnonzero(digit.max(axis=1) > 60), np.flatnonzero(digit.max(axis=0) > 60)
    tight = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room_w, room_h = cell[0] * 0.92 + 2 * crossing_px, cell[1] * 0.94 + 2 * crossing_px
    scale = min(size * rng.uniform(0.9, 1.1) / max(tight.shape[0], 0.6 * tight.shape[1]), room_w / tight.shape[1])
    scale = min(scale, room_h / tight.shape[0])
    shape = (max(2, round(tight.shape[1] * scale)), max(2, round(tight.shape[0] * scale)))
    picture = cv2.resize(tight, shape, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    if scale > 1.3:
        picture = np.clip((picture - rng.uniform(0.25, 0.5)) / 0.3, 0, 1)
    slack_x, slack_y = room_w - shape[0], room_h - shape[1]
    x = round(left + cell[0] / 2 - room_w / 2 + rng.beta(3, 3) * slack_x)
    y = round(top + cell[1] / 2 - room_h / 2 + rng.beta(3, 3) * slack_y)
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(ink.shape[1], x + shape[0]), min(ink.shape[0], y + shape[1])
    if x0 < x1 and y0 < y1:
        window = ink[y0:y1, x0:x1]
        np.maximum(window, picture[y0 - y : y1 - y, x0 - x : x1 - x], out=window)


def _region(image: np.ndarray, cells: tuple[Box, ...], px_per_mm: float) -> FieldRegion:
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
