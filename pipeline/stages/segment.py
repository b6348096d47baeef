"""Region to what the recogniser is asked: cells of a comb, or strip and candidates of a free line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.document import Box, DigitCrop, FieldRegion
from pipeline.stages.cell_lines import erase_cell_lines
from pipeline.stages.comb import LEAST_INK, SPECK_MM, STROKE_MM, CombInk, erase_printed, segment_comb
from pipeline.stages.ink import BoolImage, InkMap, erase_rules, find_ink, label_blobs
from pipeline.stages.lattice import EMPTY_LATTICE, Lattice, build_lattice
from recognizer.readings import GrayImage, InkImage

SMALL_FIELD_PX = 90
"""Fields lower than this are enlarged before they are cut: real cheque amounts of 50 px gain 9 points by it."""
RULE_HEIGHTS = 2.5
"""Rules are at least this many field heights long, or `RULE_WIDTH` of its width when that is less."""
RULE_WIDTH = 0.5
EDGE_MM = 1.5
"""How far beyond its edges a field's own strokes are followed."""
FAINT_CONTRAST = 40.0
"""Gray levels between ink and paper below which a person would call the writing faint."""
OVERFLOW_SHARE = 0.25
"""Share of the hand's ink outside the field that makes it an overflow."""
LOOSE, STRIP_MARGIN = 0.75, 0.25
"""A strip of whose height the writing and its margin, in digit heights, fill less than this is cut down to them. Strips
cut loosely come to the network smaller than it learnt to read: cut down, 95.2 instead of 92.2 % of 640 drawn ones are
read (by hands that the network knows); 8 of 448 real ones are cut, none of them for the worse."""
COMB_MARGIN = 0.15
"""Paper round the cells in the picture of a whole comb, in cell heights: digits reach as far over their lines."""
DRAWN_PAPER, DRAWN_DEPTH = 230, 160
"""Gray level of paper, and how far below it the ink is, where a comb is drawn again without its lines."""


@dataclass(frozen=True)
class Strip:
    """Picture of a line for the strip network, cut from its region at (left, top)."""

    image: GrayImage
    left: int
    top: int

    def box_between(self, left: float, right: float) -> Box:
        """Box in region pixels round the columns left..right of the strip."""
        bottom = self.top + self.image.shape[0]
        return Box(self.left + int(left), self.top, self.left + int(np.ceil(right)), bottom)


@dataclass(frozen=True)
class LineInk:
    """What stands on a free line.

    Attributes:
        lattice: candidates in pixels of the enlarged picture.
        scale: enlargement.
        left, top: region pixels of the enlarged picture's origin.
        strip: None when there is no ink.
        ink: ink of the enlarged picture.
    """

    lattice: Lattice
    scale: float
    left: int
    top: int
    strip: Strip | None
    ink: InkMap

    def in_region(self, box: Box) -> Box:
        """A box of the lattice in region pixels."""
        return Box(
            self.left + int(box.left / self.scale),
            self.top + int(box.top / self.scale),
            self.left + int(np.ceil(box.right / self.scale)),
            self.top + int(np.ceil(box.bottom / self.scale)),
        )


@dataclass(frozen=True)
class Segmentation:
    """One field, ready to be read; exactly one of `comb` and `line` is set.

    Attributes:
        is_faint: ink is there, but barely darker than the paper.
        is_overflow: a good part of the hand's ink lies outside the field.
    """

    region: FieldRegion
    comb: CombInk | None = None
    line: LineInk | None = None
    is_faint: bool = False
    is_overflow: bool = False

    @property
    def crops(self) -> tuple[DigitCrop, ...]:
        """Crops for the digit network: filled cells, or the candidates of the line."""
        if self.comb is not None:
            return tuple(cell for cell in self.comb.cells if cell is not None)
        return self.line.lattice.candidates if self.line is not None else ()

    @property
    def variants(self) -> tuple[tuple[Mapping[int, InkImage], float], ...]:
        """Other inks of some crops, by their place among `crops`, and how likely they are before they are read."""
        if self.comb is None:
            return ()
        place = {crop.first: index for index, crop in enumerate(self.crops)}
        return tuple(
            ({place[cell]: ink for cell, ink in variant.inks.items()}, variant.prior) for variant in self.comb.variants
        )

    @property
    def strip(self) -> Strip | None:
        """Picture for the strip network; None for combs and empty lines."""
        return self.line.strip if self.line is not None else None

    @property
    def comb_picture(self) -> GrayImage | None:
        """What the hand wrote in the cells of a comb, as a line without boxes; None for lines and blank combs."""
        if self.comb is None or self.is_blank:
            return None
        return _without_boxes(self.comb, self.region)

    @property
    def is_blank(self) -> bool:
        return not self.crops


def segment_field(region: FieldRegion) -> Segmentation:
    """Separate the hand's ink from form and paper, and cut it into what the recogniser reads."""
    return _segment_cells(region) if region.cells else _segment_line(region)


def _segment_cells(region: FieldRegion) -> Segmentation:
    comb = segment_comb(region)
    filled = [cell for cell in comb.cells if cell is not None]
    is_faint = bool(filled) and comb.ink.contrast < FAINT_CONTRAST
    return Segmentation(region, comb=comb, is_faint=is_faint, is_overflow=_overflows(comb.written, region))


def _without_boxes(comb: CombInk, region: FieldRegion) -> GrayImage:
    first, last = region.cells[0], region.cells[-1]
    margin = round(COMB_MARGIN * first.height)
    frame = Box(first.left - margin, first.top - margin, last.right + margin, last.bottom + margin)
    frame = frame.clipped(region.image.shape[1], region.image.shape[0])
    window = (slice(frame.top, frame.bottom), slice(frame.left, frame.right))
    written = comb.written[window].view(np.uint8)
    soft = comb.ink.soft[window]
    # The soft edges of strokes belong to them; beyond, only printed lines are left.
    edge = cv2.dilate(written, np.ones((3, 3), np.uint8))
    ink = np.where(written, np.maximum(soft, LEAST_INK), edge * (soft // 2))
    return np.asarray(DRAWN_PAPER - DRAWN_DEPTH * ink.astype(np.float32) / 255, np.uint8)


def _overflows(written: BoolImage, region: FieldRegion) -> bool:
    """Whether much ink lies outside the field; only the blank form tells it from what is printed there."""
    if region.background is None:
        return False
    cells = region.cells
    pitch = (cells[-1].right - cells[0].left) / len(cells)
    slack = round(pitch / 2)
    field = Box(cells[0].left - slack, cells[0].top - slack, cells[-1].right + slack, cells[-1].bottom + slack)
    field = field.clipped(written.shape[1], written.shape[0])
    total = int(written.sum())
    inside = int(written[field.top : field.bottom, field.left : field.right].sum())
    return total - inside > OVERFLOW_SHARE * max(inside, (STROKE_MM * region.px_per_mm) ** 2 * 4)


def _segment_line(region: FieldRegion) -> Segmentation:
    """Lattice and strip of a free line; what the hand drew over the field's edges comes with the lattice."""
    place = region.inner.clipped(region.image.shape[1], region.image.shape[0])
    reach = round(EDGE_MM * region.px_per_mm)
    frame = Box(place.left - reach, place.top - reach, place.right + reach, place.bottom + reach).clipped(
        region.image.shape[1], region.image.shape[0]
    )
    gray = region.image[frame.top : frame.bottom, frame.left : frame.right]
    if gray.size == 0:
        return Segmentation(region, line=LineInk(EMPTY_LATTICE, 1.0, frame.left, frame.top, None, find_ink(gray, 1.0)))
    scale = 2.0 if place.height < SMALL_FIELD_PX else 1.0
    px_per_mm = region.px_per_mm * scale
    picture = _enlarged(gray, scale)
    inside = _scaled(place.shifted(-frame.left, -frame.top), scale)
    ink = find_ink(picture, STROKE_MM * px_per_mm)
    written = erase_cell_lines(ink, (inside,)).written if frame != place else ink.mask
    written = erase_rules(written, int(scale * min(RULE_HEIGHTS * place.height, RULE_WIDTH * place.width)))
    if region.background is not None:
        printed = region.background[frame.top : frame.bottom, frame.left : frame.right]
        written = erase_printed(written, find_ink(_enlarged(printed, scale), STROKE_MM * px_per_mm).mask, px_per_mm)
    lattice = build_lattice(ink, _of_this_field(written, inside), (SPECK_MM * px_per_mm) ** 2)
    has_ink = bool(lattice.primitives)
    line = LineInk(lattice, scale, frame.left, frame.top, None, ink)
    if has_ink:
        line = replace(line, strip=_strip_of(region, _rows_of(line, place)))
    return Segmentation(
        region,
        line=line,
        is_faint=has_ink and ink.contrast < FAINT_CONTRAST,
    )


def _rows_of(line: LineInk, place: Box) -> Box:
    """The rows of a place that hold its line of writing, where the place is much higher than that."""
    height = line.lattice.digit_height
    tall = [line.in_region(p.box) for p in line.lattice.primitives if p.box.height > height / 2]
    if not tall:
        return place
    margin = round(STRIP_MARGIN * height / line.scale)
    top = max(place.top, min(box.top for box in tall) - margin)
    bottom = min(place.bottom, max(box.bottom for box in tall) + margin)
    return replace(place, top=top, bottom=bottom) if 0 < bottom - top < LOOSE * place.height else place


def _strip_of(region: FieldRegion, place: Box) -> Strip:
    return Strip(region.image[place.top : place.bottom, place.left : place.right], place.left, place.top)


def _of_this_field(written: BoolImage, inside: Box) -> BoolImage:
    """Ink of the blobs whose middle lies in the field: its own strokes whole, nothing of its neighbours'."""
    labels, _, centres = label_blobs(written)
    xs, ys = centres[:, 0], centres[:, 1]
    keep = (xs >= inside.left) & (xs < inside.right) & (ys >= inside.top) & (ys < inside.bottom)
    keep[0] = False
    return np.asarray(keep[labels]) if len(centres) > 1 else written


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(round(edge * scale) for edge in (box.left, box.top, box.right, box.bottom)))


def _enlarged(gray: GrayImage, scale: float) -> GrayImage:
    if scale == 1.0:
        return gray
    size = (round(gray.shape[1] * scale), round(gray.shape[0] * scale))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC), np.uint8)
