"""A picture of one field, cut out beforehand: its comb, or the row that was written in it."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import Box, FieldKind, FieldRegion, FieldSpec
from pipeline.stages.boxes import MIN_CELLS, BoxField, find_boxes
from pipeline.stages.comb_grid import fit_cells
from pipeline.stages.locate import SEARCH_PX_PER_MM, cut, polygon_of
from pipeline.stages.text_row import find_text_row, strip_to_picture
from recognizer.readings import GrayImage

CROP_HEIGHT_MM = 9.0
"""Height that a picture of one field is taken to show: fields are 6 to 12 mm high."""
BOX_HEIGHT_MM = 7.0
DIGIT_HEIGHT_MM = 4.5
"""What printed cells and handwritten digits usually measure; sets the scale of a picture without resolution."""
ROW_BAND = 32 / 18
"""Height of a row's picture for the height of its digits: what the strip network reads best (measured on photographed
form fields, 18 of 32 pixels)."""
ROW_SHARE = 0.75
"""Where the row's picture would fill more than this of the height, the field was cut out tightly and stays as it is:
cutting its row out anew costs 19 points on real cheque amounts."""
SHOWN_MM = (9.0, 16.0, 24.0)
"""Heights that a picture with a comb may show: the comb alone, with its caption, with what is around."""
FRAME_PX = 8
MIN_COMB_PX = 24
"""In lower pictures box walls cannot be told from strokes."""


def field_of_crop(image: GrayImage, spec: FieldSpec) -> FieldRegion:
    """Take a picture that was cut out beforehand as a field.

    Args:
        image: (h, w) uint8, dark on light, about upright, at any resolution.
        spec: what the caller promises about it.

    Returns:
        A region whose page is the picture itself; with cells when it plainly shows a row of at least `MIN_CELLS` boxes;
        levelled and without caption when the writing takes only a part of the picture, else the picture as it is.
    """
    height, width = image.shape
    comb = _comb_in_crop(image)
    if comb is not None:
        px_per_mm = comb.box.height / BOX_HEIGHT_MM
        return FieldRegion(spec, 1, image, np.eye(3), polygon_of(comb.box, np.eye(3)), comb.box, comb.cells, px_per_mm)
    row = find_text_row(image, may_have_caption=spec.kind is not FieldKind.AMOUNT)
    if row is None or row.height * ROW_BAND > ROW_SHARE * height:
        inner = Box(0, 0, width, height)
        px_per_mm = max(1.0, height / CROP_HEIGHT_MM)
        return FieldRegion(spec, 1, image, np.eye(3), polygon_of(inner, np.eye(3)), inner, (), px_per_mm)
    region_to_page, size = strip_to_picture(row, 1.0, max(8, round(row.height * ROW_BAND)))
    strip = cut(image, region_to_page, size)
    inner = Box(0, 0, *size)
    px_per_mm = row.height / DIGIT_HEIGHT_MM
    return FieldRegion(spec, 1, strip, region_to_page, polygon_of(inner, region_to_page), inner, (), px_per_mm)


def _comb_in_crop(image: GrayImage) -> BoxField | None:
    """The row with most cells, when the picture shows one."""
    height, width = image.shape
    if height < MIN_COMB_PX or width < MIN_CELLS * MIN_COMB_PX // 2:
        return None
    best: BoxField | None = None
    for shown_mm in SHOWN_MM:
        zoom = min(1.0, shown_mm * SEARCH_PX_PER_MM / height)
        comb = _largest_comb(image, zoom, height * zoom / shown_mm)
        if comb is not None and (best is None or len(comb.cells) > len(best.cells)):
            best = comb
    if best is None:
        return None
    reach = max(2, round(best.cells[0].width / 8))
    cells = fit_cells(image, best.box, len(best.cells), reach) or best.cells
    return BoxField(Box(cells[0].left, best.box.top, cells[-1].right, best.box.bottom), cells)


def _largest_comb(image: GrayImage, zoom: float, px_per_mm: float) -> BoxField | None:
    """The comb with most cells in a picture looked at in one size, in pixels of the picture."""
    height, width = image.shape
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if zoom < 1 else image
    # Outer walls on the very edge of the picture are seen as lines only with paper beyond them.
    framed = cv2.copyMakeBorder(small, FRAME_PX, FRAME_PX, FRAME_PX, FRAME_PX, cv2.BORDER_REPLICATE)
    fields = find_boxes(np.asarray(framed, np.uint8), px_per_mm, (4.0, 16.0))
    best = max((field for field in fields if field.cells), key=lambda field: len(field.cells), default=None)
    if best is None:
        return None

    def unzoomed(box: Box) -> Box:
        left, top, right, bottom = (
            round((edge - FRAME_PX) / zoom) for edge in (box.left, box.top, box.right, box.bottom)
        )
        return Box(left, top, right, bottom).clipped(width, height)

    return BoxField(unzoomed(best.box), tuple(unzoomed(cell) for cell in best.cells))
