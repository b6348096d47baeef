"""A picture of one field, cut out beforehand: the ways it may be seen, and the one that the readers explain best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.document import SURE_LEAD, Box, FieldKind, FieldRegion, FieldSpec, FloatMatrix, Placing
from pipeline.stages.comb import segment_comb
from pipeline.stages.crop_choice import BlobFacts, CropView, features_of, score_view, worth_reading
from pipeline.stages.crop_comb import BOX_HEIGHT_MM, find_comb
from pipeline.stages.crop_lines import CleanCrop, clean_crop
from pipeline.stages.crop_rows import RowMap, find_rows
from pipeline.stages.crop_spans import ROW_BAND, cut_span, find_spans
from pipeline.stages.locate import polygon_of
from recognizer.readings import NOT_A_DIGIT, FloatArray, GrayImage, InkImage, Recognizer

CROP_HEIGHT_MM = 9.0
"""Height that a picture of one field is taken to show: fields are 6 to 12 mm high."""
DIGIT_HEIGHT_MM = 4.5
"""What handwritten digits usually measure; sets the scale of a line without resolution."""
MIN_PX = 8
"""Pictures lower or narrower than this hold no digit to be looked for."""
FULL_INK_QUANTILE, MIN_FULL_INK = 0.8, 20.0
"""Share of the ink that reaches full strength for the digit network, and gray levels that pencil must have for it."""
FLOOR = 1e-6


@dataclass(frozen=True)
class SeenCrop:
    """A picture of a field and the ways to see it; the first is the picture as it is."""

    spec: FieldSpec
    views: tuple[CropView, ...]
    facts: BlobFacts
    comb_crops: tuple[InkImage, ...] = ()


def regions_of_crops(
    images: Sequence[GrayImage], specs: Sequence[FieldSpec], recognizer: Recognizer
) -> tuple[FieldRegion, ...]:
    """Take pictures that were cut out beforehand as fields: comb, line of writing, or the picture as it is.

    Args:
        images: (h, w) uint8 each, dark on light, about upright, at any resolution; may show a box, a comb, captions,
            rules and parts of neighbouring lines.
        specs: what the caller promises about them.
        recognizer: reads every way to see them; the one it explains best is taken.

    Returns:
        One region a picture, in order; their page is the picture itself.
    """
    seen = [see_crop(image, spec) for image, spec in zip(images, specs, strict=True)]
    return tuple(
        replace(read[0].view.region, placing=_placing(read, len(one.comb_crops)))
        for one, read in zip(seen, read_views(seen, recognizer), strict=True)
    )


def see_crop(image: GrayImage, spec: FieldSpec) -> SeenCrop:
    """All ways to see a picture of a field that are worth reading."""
    height, width = image.shape
    whole = whole_picture(image, spec)
    if min(height, width) < MIN_PX:
        return SeenCrop(spec, (CropView(whole),), BlobFacts({}, (), np.zeros(0), np.zeros(0)))
    crop = clean_crop(image)
    comb = find_comb(crop)
    rows = find_rows(crop, may_have_caption=spec.kind is not FieldKind.AMOUNT)
    spans = find_spans(rows, spec.kind)
    band = max((s.height for s in spans if s.row == 0), default=height) * ROW_BAND / crop.gray.shape[0]
    views = [CropView(whole, band_share=band, is_lined=bool(crop.walls))]
    for span in spans:
        picture, span_to_crop = cut_span(crop, rows, span)
        region = _line_region(picture, crop.to_crop @ span_to_crop, spec, span.height)
        views.append(CropView(region, span, row_share=rows.rows[span.row].weight / rows.rows[0].weight))
    comb_crops: tuple[InkImage, ...] = ()
    if comb is not None:
        px_per_mm, polygon = comb.box.height / BOX_HEIGHT_MM, polygon_of(comb.box, crop.to_crop)
        region = FieldRegion(spec, 1, crop.printed, crop.to_crop, polygon, comb.box, comb.cells, px_per_mm)
        views.append(CropView(region, is_comb=True))
        comb_crops = tuple(cell.ink for cell in segment_comb(region).cells if cell is not None)
    return SeenCrop(spec, tuple(views), _blob_facts(crop, rows), comb_crops)


@dataclass(frozen=True)
class ReadView:
    """What the networks read in a view, likeliest first with logarithms of probabilities, and what it is judged by."""

    view: CropView
    strings: tuple[tuple[str, float], ...]
    features: Mapping[str, float]

    @property
    def text(self) -> str:
        """The likeliest string; empty when nothing was read."""
        return self.strings[0][0] if self.strings else ""


def read_views(seen: Sequence[SeenCrop], recognizer: Recognizer) -> tuple[tuple[ReadView, ...], ...]:
    """Read the likely views of every picture with two calls of the recogniser; likeliest first."""
    crops = [crop for one in seen for crop in (*one.facts.crops, *one.comb_crops)]
    answers = recognizer.read_digits(crops).probabilities
    asked, start = [], 0
    for one in seen:
        middle = start + len(one.facts.crops)
        end = middle + len(one.comb_crops)
        blobs, cells = answers[start:middle], answers[middle:end]
        asked.append((one, worth_reading(one.views, one.spec, one.facts, blobs), blobs, cells))
        start = end
    strips = [view.region.image for _, views, _, _ in asked for view in views if not view.is_comb]
    strings = iter(recognizer.read_strips(strips).candidates)
    found = []
    for one, views, blobs, cells in asked:
        read = []
        for view in views:
            texts = _read_cells(cells) if view.is_comb else tuple((c.text, c.log_probability) for c in next(strings))
            read.append(ReadView(view, texts, features_of(view, texts, one.spec, one.facts, blobs)))
        found.append(tuple(sorted(read, key=lambda one: -score_view(one.features))))
    return tuple(found)


def _placing(read: Sequence[ReadView], filled_cells: int) -> Placing:
    """How surely the first of the views shows the field, where so many cells of a comb are filled in."""
    best = read[0]
    rivals = [score_view(other.features) for other in read[1:] if other.text != best.text]
    lead = score_view(best.features) - max(rivals) if rivals else SURE_LEAD
    left_out = best.features.get("digits_before", 0.0) + best.features.get("digits_after", 0.0)
    more = max((len(other.text) - len(best.text) for other in read[1:] if best.text in other.text), default=0)
    is_cut = not best.view.is_comb and sum(map(str.isdigit, best.text)) < filled_cells
    return Placing(min(lead, SURE_LEAD), left_out, best.features.get("alike_before", 0.0), float(more), is_cut)


def _read_cells(rows: FloatArray) -> tuple[tuple[str, float], ...]:
    """The best digits of the filled cells, and the same with the most doubtful one exchanged."""
    if len(rows) == 0:
        return ()
    digits = rows[:, :NOT_A_DIGIT]
    order = np.argsort(digits, axis=1)
    best, second = (
        np.log(np.take_along_axis(digits, order[:, -1:], 1) + FLOOR),
        np.log(np.take_along_axis(digits, order[:, -2:-1], 1) + FLOOR),
    )
    texts = order[:, -1].tolist()
    doubtful = int((second - best).argmax())
    others = [*texts]
    others[doubtful] = int(order[doubtful, -2])
    total = float(best.sum())
    return (
        ("".join(map(str, texts)), total),
        ("".join(map(str, others)), total + float((second - best)[doubtful, 0])),
    )


def whole_picture(image: GrayImage, spec: FieldSpec) -> FieldRegion:
    """A field that fills its picture: a line cut out tightly, nothing printed beside it."""
    height, width = image.shape
    inner = Box(0, 0, width, height)
    px_per_mm = max(1.0, height / CROP_HEIGHT_MM)
    return FieldRegion(spec, 1, image, np.eye(3), polygon_of(inner, np.eye(3)), inner, (), px_per_mm)


def _line_region(picture: GrayImage, region_to_page: FloatMatrix, spec: FieldSpec, digit_px: float) -> FieldRegion:
    inner = Box(0, 0, picture.shape[1], picture.shape[0])
    px_per_mm = digit_px / DIGIT_HEIGHT_MM
    return FieldRegion(spec, 1, picture, region_to_page, polygon_of(inner, region_to_page), inner, (), px_per_mm)


def _blob_facts(crop: CleanCrop, rows: RowMap) -> BlobFacts:
    """Crops, stroke widths and darkness of the ink that stands in rows."""
    blobs = [blob for row in rows.rows for blob in row.blobs]
    numbers = {blob.label: number for number, blob in enumerate(blobs)}
    if not blobs:
        return BlobFacts({}, (), np.zeros(0), np.zeros(0))
    depth = cv2.subtract(crop.paper, crop.gray)
    full = max(MIN_FULL_INK, float(np.quantile(depth[crop.ink], FULL_INK_QUANTILE)))
    soft = np.clip(depth.astype(np.float32) * (255 / full), 0, 255).astype(np.uint8)
    crops = []
    for blob in blobs:
        box = blob.box
        window = (slice(box.top, box.bottom), slice(box.left, box.right))
        crops.append(np.asarray(np.where(rows.labels[window] == blob.label, soft[window], 0), np.uint8))
    inside = cv2.distanceTransform(crop.ink.astype(np.uint8), cv2.DIST_L2, 3)
    flat = rows.labels.ravel()
    areas = np.maximum(1, np.bincount(flat))
    labels = [blob.label for blob in blobs]
    # The mean distance to the edge is a quarter of the width of a stroke.
    strokes = 4 * np.bincount(flat, inside.ravel())[labels] / areas[labels]
    depths = np.bincount(flat, depth.ravel())[labels] / areas[labels]
    return BlobFacts(numbers, tuple(crops), np.maximum(strokes, 0.5), np.maximum(depths, 1.0))
