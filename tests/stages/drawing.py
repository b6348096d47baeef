"""Tiny pictures for stage tests: lines and boxes on white paper."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import Box, FieldKind, FieldRegion, FieldSpec

CELL_W, CELL_H, MARGIN = 50, 70, 20


def paper(height: int, width: int) -> np.ndarray:
    return np.full((height, width), 240, np.uint8)


def comb_region(
    cells: int, strokes: list[list[tuple[int, int]]] = (), spec: FieldSpec | None = None, printed: bool = True
) -> FieldRegion:
    """A comb of `cells` boxes with pen strokes through the points given, in region pixels."""
    height, width = CELL_H + 2 * MARGIN, cells * CELL_W + 2 * MARGIN
    image = paper(height, width)
    boxes = tuple(Box(MARGIN + i * CELL_W, MARGIN, MARGIN + (i + 1) * CELL_W, MARGIN + CELL_H) for i in range(cells))
    if printed:
        for box in boxes:
            cv2.rectangle(image, (box.left, box.top), (box.right, box.bottom), 60, 2)
    for points in strokes:
        cv2.polylines(image, [np.array(points, np.int32)], False, 30, 5, cv2.LINE_AA)
    inner = Box(MARGIN, MARGIN, MARGIN + cells * CELL_W, MARGIN + CELL_H)
    return region(image, inner, boxes, spec)


def line_region(strokes: list[list[tuple[int, int]]], size: tuple[int, int] = (110, 400)) -> FieldRegion:
    """A free line with pen strokes through the points given."""
    image = paper(*size)
    for points in strokes:
        cv2.polylines(image, [np.array(points, np.int32)], False, 30, 5, cv2.LINE_AA)
    return region(image, Box(0, 0, size[1], size[0]), (), FieldSpec("amount", FieldKind.AMOUNT))


def region(image: np.ndarray, inner: Box, cells: tuple[Box, ...], spec: FieldSpec | None) -> FieldRegion:
    corners = (
        (float(inner.left), float(inner.top)),
        (float(inner.right), float(inner.top)),
        (float(inner.right), float(inner.bottom)),
        (float(inner.left), float(inner.bottom)),
    )
    return FieldRegion(
        spec=spec or FieldSpec("id", FieldKind.DIGITS, cells=len(cells) or None),
        page=1,
        image=image,
        region_to_page=np.eye(3),
        polygon_px=corners,
        inner=inner,
        cells=cells,
    )


def one_in_cell(index: int, reach: int = 0) -> list[tuple[int, int]]:
    """A vertical stroke in the middle of a cell, `reach` pixels beyond its top and bottom."""
    x = MARGIN + index * CELL_W + CELL_W // 2
    return [(x, MARGIN + 12 - reach), (x, MARGIN + CELL_H - 12 + reach)]
