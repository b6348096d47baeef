"""The page on how fields were read: figures, curves, and the worst errors as they were scanned."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.document import Page, Polygon
from pipeline.errors import SourceError
from pipeline.evaluating.evaluation_report import Plot, write_page
from pipeline.evaluating.field_evaluation import WORST, FieldEvaluation
from pipeline.evaluating.labelled_fields import LabelledField
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from recognizer.evaluation_plots import draw_counts, draw_error_reject
from recognizer.readings import DIGIT_COUNT, GrayImage

PAGE = "fields.html"
CROP_HEIGHT = 72
MARGIN = 0.2
"""Of the field's height, shown round it."""
SHOWN_BUDGETS = (0.01, 0.001)
DIGIT_NAMES = [*map(str, range(DIGIT_COUNT)), "none"]


def write_field_report(
    out: Path, evaluation: FieldEvaluation, figures: dict[str, Any], inbox: Path | None = None
) -> Path:
    """Write `fields.html`, which needs no other file, and its plots as PNG beside it.

    Args:
        out: folder.
        evaluation: what was counted.
        figures: the same as plain data.
        inbox: folder of the scans, for pictures of the worst errors; None for a page without them.

    Returns:
        The page.

    Raises:
        OutputError: the folder cannot be written to.
    """
    worst = evaluation.errors[:WORST]
    crops = [_picture(field, inbox) if inbox is not None else None for field in worst]
    return write_page(out, PAGE, _plots(evaluation), {"figures": figures, "crops": crops})


def _plots(evaluation: FieldEvaluation) -> list[Plot]:
    fields = evaluation.total.fields
    points = [(1 - point.accepted / fields, point.errors, point.accepted) for point in evaluation.curve]
    plots = [
        Plot(
            "digit_confusion",
            "Digits",
            "a row for each digit written, a column for what was read",
            lambda look: draw_counts(evaluation.confusion, DIGIT_NAMES, look),
        )
    ]
    if points:
        plots.insert(
            0,
            Plot(
                "error_reject",
                "Errors and review",
                "wrong among the accepted when so many go to review; band: 95 % intervals; dotted: budgets",
                lambda look: draw_error_reject(points, SHOWN_BUDGETS, look),
            ),
        )
    return plots


def _picture(field: LabelledField, inbox: Path) -> str | None:
    """A field as scanned, PNG in base64; None when the scan is not there, or is another one than was read."""
    try:
        source = take_in(inbox / field.file)
        if source.id != field.source:
            return None
        page = next((page for page in open_pages(source) if page.number == field.reading.page), None)
    except SourceError:
        return None
    if page is None:
        return None
    crop = field_crop(page, field.reading.polygon_px)
    return base64.b64encode(cv2.imencode(".png", crop)[1].tobytes()).decode()


def field_crop(page: Page, polygon: Polygon) -> GrayImage:
    """(`CROP_HEIGHT`, w) uint8, a field upright with a margin round it."""
    top_left, top_right, _, bottom_left = (np.array(corner, np.float32) for corner in polygon)
    across, down = top_right - top_left, bottom_left - top_left
    wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if min(wide, high) < 1:
        return np.full((CROP_HEIGHT, CROP_HEIGHT), 255, np.uint8)
    along, below = across / wide * MARGIN * high, down * MARGIN
    corners = np.array([top_left - along - below, top_right + along - below, bottom_left - along + below], np.float32)
    width = round(CROP_HEIGHT * (wide / high + 2 * MARGIN) / (1 + 2 * MARGIN))
    upright = np.array([(0, 0), (width, 0), (0, CROP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(corners, upright)
    crop = cv2.warpAffine(page.gray, matrix, (width, CROP_HEIGHT), flags=cv2.INTER_AREA, borderValue=(255.0,))
    return np.asarray(crop, np.uint8)
