"""What segmenting and reading saw, as pictures for a person: dark ink on white paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.segment import LineInk, Segmentation
from recognizer.readings import GrayImage, InkImage

ColourImage = NDArray[np.uint8]
"""(h, w, 3) uint8 BGR."""

PIECE_COLOURS = ((171, 71, 11), (0, 111, 194), (95, 122, 11), (149, 48, 142))
"""BGR: neighbouring pieces differ in hue and brightness, for colour-blind eyes and gray prints."""
LEFT_OUT = (214, 208, 205)
"""BGR of ink that was taken for print, rules or dust."""
TILE_PX = 64


@dataclass(frozen=True)
class InkPictures:
    """A field's ink.

    Attributes:
        cleaned: (h, w) uint8 the hand's ink alone.
        pieces: (h, w, 3) uint8 BGR, every piece or cell in a colour of its own, what was left out in pale gray.
    """

    cleaned: GrayImage
    pieces: ColourImage


def draw_ink(field: Segmentation) -> InkPictures | None:
    """The ink that was kept and how it was cut; None when there is none to show."""
    if field.comb is not None:
        comb = field.comb
        cells = [(cell.box, cell.ink > 0) for cell in comb.cells if cell is not None]
        return _draw(comb.ink.soft, comb.ink.mask, comb.written, cells)
    if field.line is None or not field.line.lattice.primitives:
        return None
    line = field.line
    pieces = [(piece.box, piece.mask) for piece in line.lattice.primitives]
    return _draw(line.ink.soft, line.ink.mask, _joined(line), pieces)


def _joined(line: LineInk) -> NDArray[np.bool_]:
    written = np.zeros(line.ink.mask.shape, bool)
    for piece in line.lattice.primitives:
        written[piece.box.top : piece.box.bottom, piece.box.left : piece.box.right] |= piece.mask
    return written


def _draw(
    soft: InkImage,
    mask: NDArray[np.bool_],
    written: NDArray[np.bool_],
    pieces: Iterable[tuple[Box, NDArray[np.bool_]]],
) -> InkPictures:
    cleaned = np.where(written, 255 - np.maximum(soft, 128), 255).astype(np.uint8)
    coloured = np.full((*mask.shape, 3), 255, np.uint8)
    coloured[mask] = LEFT_OUT
    for place, (box, inked) in enumerate(pieces):
        coloured[box.top : box.bottom, box.left : box.right][inked] = PIECE_COLOURS[place % len(PIECE_COLOURS)]
    return InkPictures(cleaned, coloured)


def draw_tile(ink: InkImage) -> GrayImage:
    """(TILE_PX, TILE_PX) uint8: a crop in the middle of a white square, as large as fits."""
    height, width = ink.shape
    room = TILE_PX - 8
    scale = room / max(height, width, 1)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    tile = np.full((TILE_PX, TILE_PX), 255, np.uint8)
    top, left = (TILE_PX - size[1]) // 2, (TILE_PX - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = 255 - fitted
    return tile
