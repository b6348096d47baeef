"""On the way: how a page lies on its form, its fields cut out of it, and ink that may be a digit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.document.form import FieldSpec, FormTemplate
from pipeline.document.geometry import Box, FloatMatrix, Point, Polygon
from recognizer.readings import GrayImage, InkImage

SURE_LEAD = 5.0
"""Log odds beyond which it no longer matters how much likelier one place of a field is than another."""


class RegistrationStatus(StrEnum):
    """Whether a page was recognised as a form; not needed without templates."""

    OK = "ok"
    FAILED = "failed"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class Registration:
    """How a page lies on a template.

    Attributes:
        template: the form this page is; None without a template or when none fits.
        template_page: page of the form, from 1.
        mm_to_page: (3, 3) float64, form millimetres (x, y, 1) to page pixels as scanned.
        residual_px: robust mean distance between matched and predicted anchor places, page pixels; None unless OK.
        score: how well the printed form is found again, 0 to 1.
        rotation_deg: quarter turns of the form on the page as scanned, clockwise: 0, 90, 180 or 270.
        skew_deg: what is left beyond the quarter turn, clockwise positive.
        anchors: where each anchor was expected by the fit, and where it was found, page pixels; empty unless OK.
    """

    status: RegistrationStatus
    template: FormTemplate | None = None
    template_page: int = 1
    mm_to_page: FloatMatrix | None = field(default=None, repr=False)
    residual_px: float | None = None
    score: float = 0.0
    rotation_deg: int = 0
    skew_deg: float = 0.0
    anchors: tuple[tuple[Point, Point], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Placing:
    """How sure it is that a region shows its field whole and nothing else; a template's word is sure.

    Attributes:
        lead: of this way to see a picture before the next one that reads otherwise, log odds, at most `SURE_LEAD`.
        left_out: share of the ink in its row that looks like digits and is not in the region.
        same_pen: share of the ink in its row that stands before it, may be of the same pen, and is not in the region.
        more_read: digits that another way to see the picture reads beside the same ones.
        is_cut_from_comb: a comb round the region holds writing in more cells than the region has digits.
    """

    lead: float = SURE_LEAD
    left_out: float = 0.0
    same_pen: float = 0.0
    more_read: float = 0.0
    is_cut_from_comb: bool = False


@dataclass(frozen=True, eq=False)
class FieldPrint:
    """What the blank form shows where a comb is.

    Attributes:
        ink: (h, w) bool, all that is printed.
        odd_walls: (h, w) bool, walls printed otherwise than the rest of the comb, such as the bold one before the
            cents; None where there are none.
    """

    ink: NDArray[np.bool_]
    odd_walls: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class FieldRegion:
    """One field, cut upright out of its page with a margin round it.

    Attributes:
        spec: what is known about the field.
        page: page number in the file, from 1.
        image: (h, w) uint8 dark on light, upright, margin included, about `px_per_mm` pixels a millimetre.
        region_to_page: (3, 3) float64, region pixels (x, y, 1) to page pixels as scanned.
        polygon_px: corners of the field itself, without the margin, in page pixels.
        inner: the field itself in region pixels; what lies outside is margin.
        cells: expected comb cells in region pixels, left to right; empty for a free line.
        background: (h, w) uint8 what the blank form shows here, aligned to `image`; None when unknown.
        placing: how surely this is the place.
        printed: the print of a comb's background, where it was worked out for the form once; None else.
    """

    spec: FieldSpec
    page: int
    image: GrayImage = field(repr=False)
    region_to_page: FloatMatrix = field(repr=False)
    polygon_px: Polygon
    inner: Box
    cells: tuple[Box, ...] = ()
    px_per_mm: float = 300 / 25.4
    background: GrayImage | None = field(default=None, repr=False)
    placing: Placing = Placing()
    printed: FieldPrint | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DigitCrop:
    """Ink that may be one digit.

    Attributes:
        ink: (h, w) uint8, ink bright on zero, tight round the ink.
        box: where it lies in the region, region pixels.
        first, last: it covers the primitives (or comb cells) first..last-1 of its field.
    """

    ink: InkImage = field(repr=False)
    box: Box
    first: int
    last: int
