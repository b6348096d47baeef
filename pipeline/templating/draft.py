"""A first template from a blank form: paper size, reference pictures, and a field for every box that is found."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import FieldRegion, Page, RectMm
from pipeline.errors import TemplateError
from pipeline.stages.locate import find_fields
from pipeline.stages.plane import cut, rotation, shift
from pipeline.stages.register import register_page
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
REFERENCE_DPI = 150.0
"""Printed lines stay a pixel wide; finer pictures only cost room. Coarser ones are kept as they are."""
FINER = 1.1
LEVEL_DEG = 0.1
"""Blanks that lean less stay as they are."""
PAPERS_MM = (
    (210.0, 297.0),  # A4
    (148.0, 210.0),  # A5
    (105.0, 148.0),  # A6
    (215.9, 279.4),  # Letter
    (215.9, 355.6),  # Legal
    (203.0, 92.0),  # cheques of India (CTS-2010)
    (152.4, 69.9),  # personal checks of the US (ANSI X9.100)
)
PAPER_WITHIN_MM = 1.5
"""Scanners cut this much off, or add it."""
SCANNED_DPI = (75, 100, 150, 200, 240, 300, 400, 600)
"""Resolutions that scanners offer: of papers of one shape, that is meant which makes the picture one of these."""
SHAPE_WITHIN = 0.03
"""How far a picture without resolution may be from the shape of a paper, and one page from the shape of another."""
HINTS = {5: "a ZIP code?", 6: "a date or a postal code?", 8: "a date?", 9: "a routing number?", 16: "a card number?"}
"""What is often written in so many boxes."""


@dataclass(frozen=True)
class TemplateDraft:
    """A template nobody has looked at yet.

    Attributes:
        name: of the form, and of the files without their endings.
        text: the template file, YAML with comments where a person must decide.
        pictures: reference pictures by file name, (H, W) uint8.
        field_count: boxes found.
    """

    name: str
    text: str
    pictures: dict[str, GrayImage]
    field_count: int


@dataclass(frozen=True)
class _Paper:
    """Size of the page, and how it was come by."""

    width_mm: float
    height_mm: float
    remark: str

    def rect_of(self, region: FieldRegion, gray: GrayImage) -> RectMm:
        """Where a field lies, to a tenth of a millimetre."""
        per_x, per_y = self.width_mm / gray.shape[1], self.height_mm / gray.shape[0]
        xs, ys = zip(*region.polygon_px, strict=True)
        left, top = round(min(xs) * per_x, 1), round(min(ys) * per_y, 1)
        return RectMm(left, top, round(max(xs) * per_x - left, 1), round(max(ys) * per_y - top, 1))


def draft_template(pages: Sequence[Page], name: str) -> TemplateDraft:
    """Find the fields of a blank form and write its template.

    Args:
        pages: of the blank form, in order, the right way up; levelled when they lean.
        name: of the form, in any characters.

    Raises:
        TemplateError: there is no box to write in, or the pages differ in shape.
    """
    levelled = [_level(page) for page in pages]
    _refuse_other_shapes(levelled)
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "form"
    paper = _paper_of(levelled[0])
    found = [(number, region) for number, page in enumerate(levelled, start=1) for region in find_fields(page)]
    if not found:
        raise TemplateError(
            "no box to write in was found; forms with nothing but lines need a template written by hand "
            "(docs/templates.md shows how)"
        )
    pictures = _pictures(levelled, slug, paper)
    fields = [
        _field(place, number if len(levelled) > 1 else None, region, paper.rect_of(region, levelled[number - 1].gray))
        for place, (number, region) in enumerate(found, start=1)
    ]
    text = "\n".join([*_head(slug, paper, list(pictures)), *fields]) + "\n"
    return TemplateDraft(slug, text, pictures, len(found))


def _level(page: Page) -> Page:
    skew = register_page(page, ()).skew_deg
    if abs(skew) < LEVEL_DEG:
        return page
    height, width = page.gray.shape
    level_to_page = shift(width / 2, height / 2) @ rotation(skew) @ shift(-width / 2, -height / 2)
    return Page(page.number, cut(page.gray, level_to_page, (width, height)), page.dpi, page.is_dpi_doubtful)


def _refuse_other_shapes(pages: Sequence[Page]) -> None:
    first = pages[0].gray.shape[1] / pages[0].gray.shape[0]
    for number, page in enumerate(pages, start=1):
        if abs(page.gray.shape[1] / page.gray.shape[0] / first - 1) > SHAPE_WITHIN:
            raise TemplateError(f"page {number} has another shape than page 1; draft a template for each of them")


def _paper_of(page: Page) -> _Paper:
    height, width = page.gray.shape
    sheets = [sheet for short, long in PAPERS_MM for sheet in ((short, long), (long, short))]
    if page.is_dpi_doubtful:
        alike = [sheet for sheet in sheets if abs(width / height / (sheet[0] / sheet[1]) - 1) <= SHAPE_WITHIN]
        if alike:
            likeliest = min(alike, key=lambda sheet: _oddity(width / sheet[0] * MM_PER_INCH))
            # The picture's own shape: pages are found by print, and a stretch of 2 % hides it.
            size = (likeliest[0], round(likeliest[0] * height / width, 1))
            return _Paper(*size, "decide: guessed from the shape; the file does not say its resolution")
        per_px = 297.0 / max(width, height)
        size = (round(width * per_px, 1), round(height * per_px, 1))
        return _Paper(*size, "decide: guessed, the file does not say its resolution; measure the paper")
    measured = (width / page.dpi * MM_PER_INCH, height / page.dpi * MM_PER_INCH)
    for sheet in sheets:
        if all(abs(a - b) <= PAPER_WITHIN_MM for a, b in zip(sheet, measured, strict=True)):
            return _Paper(*sheet, f"from {page.dpi:.0f} dpi")
    return _Paper(round(measured[0], 1), round(measured[1], 1), f"from {page.dpi:.0f} dpi; no usual paper, measure it")


def _oddity(dpi: float) -> float:
    """How far a resolution is from any that scanners offer, as a ratio."""
    return min(abs(math.log(dpi / usual)) for usual in SCANNED_DPI)


def _pictures(pages: Sequence[Page], slug: str, paper: _Paper) -> dict[str, GrayImage]:
    names = [f"{slug}.png"] if len(pages) == 1 else [f"{slug}-{number}.png" for number in range(1, len(pages) + 1)]
    width = round(paper.width_mm / MM_PER_INCH * REFERENCE_DPI)
    return {name: _reduced(page.gray, width) for name, page in zip(names, pages, strict=True)}


def _reduced(gray: GrayImage, width: int) -> GrayImage:
    if gray.shape[1] <= FINER * width:
        return gray
    size = (width, round(gray.shape[0] * width / gray.shape[1]))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _head(slug: str, paper: _Paper, pictures: Sequence[str]) -> list[str]:
    reference = pictures[0] if len(pictures) == 1 else f"[{', '.join(pictures)}]"
    return [
        "# A draft: boxes were found, but captions cannot be read. See which field is which in the picture that",
        f"#     fieldreader template preview {slug}.yaml {pictures[0]}",
        "# draws, then give every field its name and kind, add the lines people write on, drop what nobody needs, and",
        f"#     fieldreader template check {slug}.yaml",
        "#",
        "# A field may also say, where it is so:",
        "#     length: 8                 number of digits, when it is fixed",
        "#     required: true            an empty field goes to a person",
        "#     country: US               of a postal code",
        "#     date_order: DMY           of a date: DMY, MDY or YMD",
        "#     rules: [luhn]             checks on the value; docs/template-format.md lists them",
        f"name: {json.dumps(slug)}",
        'version: "1"',
        f"page: {{width_mm: {paper.width_mm:g}, height_mm: {paper.height_mm:g}}}  # {paper.remark}",
        f"reference: {reference}",
        "fields:",
    ]


def _field(place: int, page: int | None, region: FieldRegion, rect: RectMm) -> str:
    cells = len(region.cells)
    hint = f" {HINTS[cells]}" if cells in HINTS else "" if cells else " an amount?"
    lines = [
        f"  - name: field_{place}",
        f"    kind: digits  # decide: digits, postal_code, amount, date or account.{hint}",
        *([f"    page: {page}"] if page is not None else []),
        f"    region_mm: {{left: {rect.left:g}, top: {rect.top:g}, width: {rect.width:g}, height: {rect.height:g}}}",
        *([f"    cells: {cells}"] if cells else []),
    ]
    return "\n".join(lines)
