"""Pictures of single fields as somebody cut them out: box, caption, rule and neighbouring print of many designs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from benchmarks.drawn.glyphs import (
    DigitSource,
    FloatImage,
    cover_with_ink,
    lay_digit,
    scale_digit,
    scan,
    tight_digit,
)
from benchmarks.drawn.printing import LOOKS, BoxDesign, Structure, print_box, random_box
from pipeline.document import FieldKind, RectMm
from pipeline.stages.plane import rotation, scaling, shift
from recognizer.readings import GrayImage
from sample_docs.generator.paper import Sheet

DRAWN_DPI = 300
PX_PER_MM = DRAWN_DPI / 25.4
SHEET_MM = (190.0, 46.0)
FIELD_MM = (55.0, 17.0)
"""Where the place to write in begins."""
CAPTIONS = (
    "Number", "No.", "Student ID", "Konto", "Betrag", "Date", "Account no.", "Matrikel-Nr.", "Reference", "Score",
    "Amount", "PLZ", "Points", "Policy", "Nummer", "Total", "Code postal", "Customer number", "NOTE", "NUMERO",
)  # fmt: skip
SENTENCES = (
    "Please write clearly and stay within the box", "Valid for three months only from the date of issue",
    "Name and surname of the candidate", "Department of general studies", "For office use only, do not write here",
    "Street and number, town, country", "Signature of the account holder", "Faculty and year of study",
)  # fmt: skip
SIGNS = ("$", "Fr.", "£", "EUR", "CHF", "No", "Rs.")


class CropDesign(StrEnum):
    """How the field is printed."""

    COMB = "comb"
    LETTERED_COMB = "comb, letters under its cells"
    SEPARATE = "separate boxes"
    TICKS = "ticks"
    RULED = "ruled box, caption outside"
    SIGN_BOX = "ruled box, sign inside"
    CAPTION_BOX = "ruled box, caption inside"
    COLON_LINE = "caption with colon, line"
    GAP_LINE = "caption without colon, line"
    CAPTION_ABOVE = "caption above, line"
    NEIGHBOURS = "cut lines above and below"
    TABLE = "cell of a table"


@dataclass(frozen=True)
class DrawnCrop:
    """A picture of one field, (h, w) uint8 dark on light, and the digits written in it."""

    image: GrayImage
    truth: str
    design: CropDesign
    kind: FieldKind


def draw_crop(seed: int, design: CropDesign, source: DigitSource) -> DrawnCrop:
    """The picture of this seed.

    Args:
        design: how the field is printed; sizes, words, lines and margins are drawn by seed.
        source: the hand.
    """
    rng = np.random.default_rng([seed, list(CropDesign).index(design)])
    sheet = Sheet(*SHEET_MM, DRAWN_DPI)
    box, kind = _print_field(sheet, design, rng)
    paper = _gray(sheet) * np.float32(rng.uniform(0.75, 1.0))
    place = box.outline
    ink = np.zeros_like(paper)
    if box.cells:
        count = (
            int(rng.integers(max(1, len(box.cells) - 2), len(box.cells) + 1)) if rng.random() < 0.2 else len(box.cells)
        )
        text = _digits(count, rng)
        _write_cells(ink, text, box, source, rng)
    else:
        text = _digits(int(rng.integers(2, 9)), rng)
        end = _write_line(ink, text, place, kind, source, rng)
        # Nobody cuts a number in two: the picture ends behind it.
        place = RectMm(place.left, place.top, max(place.width, end + 0.5 - place.left), place.height)
    gray = cover_with_ink(paper, ink, float(rng.uniform(0.5, 0.95)))
    return DrawnCrop(_cut(gray, place, design, rng), text, design, kind)


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def _gray(sheet: Sheet) -> FloatImage:
    return np.asarray(cv2.cvtColor(sheet.picture(), cv2.COLOR_RGB2GRAY), np.float32)


# --- print ---------------------------------------------------------------------------------------


def _print_field(sheet: Sheet, design: CropDesign, rng: np.random.Generator) -> tuple[BoxDesign, FieldKind]:
    """Print the field and what stands round it; the place to write in, and what kind of value it asks for."""
    left, top = FIELD_MM
    points = float(rng.uniform(7, 13))
    word = str(rng.choice(CAPTIONS))
    word = word.upper() if rng.random() < 0.3 else word
    bold = bool(rng.random() < 0.5)
    match design:
        case CropDesign.COMB | CropDesign.LETTERED_COMB:
            structure = Structure.COMB
        case CropDesign.SEPARATE:
            structure = Structure.SEPARATE
        case CropDesign.TICKS:
            structure = Structure.FRAMED_TICKS
        case _:
            structure = Structure.RULED
    box = random_box(structure, LOOKS[structure][int(rng.integers(2))], left, top, rng)
    place = box.outline
    bottom = place.top + place.height
    middle = place.top + place.height / 2 + points * 0.12
    kind = FieldKind.DIGITS
    if design in (CropDesign.COLON_LINE, CropDesign.GAP_LINE, CropDesign.CAPTION_ABOVE, CropDesign.NEIGHBOURS):
        if rng.random() < 0.6:
            sheet.line(
                left - 2, bottom - 1.2, left + float(rng.uniform(60, 110)), bottom - 1.2, float(rng.uniform(0.12, 0.4))
            )
    elif design not in (CropDesign.SIGN_BOX, CropDesign.CAPTION_BOX):
        print_box(sheet, box)
    match design:
        case CropDesign.LETTERED_COMB:
            letters = ("DDMMYYYY" * 2)[: len(box.cells)]
            for letter, cell in zip(letters, box.cells, strict=True):
                sheet.text(cell.left + cell.width / 2, bottom + 0.45 * points, letter, points, align="middle")
        case CropDesign.SIGN_BOX:
            kind = FieldKind.AMOUNT
            sheet.text(left + 1.5, middle, str(rng.choice(SIGNS)), 1.4 * points, bold=bold)
            if rng.random() < 0.5:
                sheet.line(left + 11, place.top, left + 11, bottom, box.pen.width, box.pen.color)
            box = BoxDesign(
                box.structure, box.look, RectMm(left + 11, place.top, place.width, place.height), (), box.pen
            )
            print_box(
                sheet,
                BoxDesign(
                    box.structure, box.look, RectMm(left, place.top, place.width + 11, place.height), (), box.pen
                ),
            )
        case CropDesign.CAPTION_BOX:
            width = 0.36 * points * len(word) * 0.55 + 3
            sheet.text(left + 1.2, middle, word + ":" * bool(rng.random() < 0.5), points, bold=bold)
            box = BoxDesign(
                box.structure, box.look, RectMm(left + width, place.top, place.width, place.height), (), box.pen
            )
            print_box(
                sheet,
                BoxDesign(
                    box.structure, box.look, RectMm(left, place.top, place.width + width, place.height), (), box.pen
                ),
            )
        case CropDesign.CAPTION_ABOVE:
            sheet.text(left - 1, place.top - 1.2, word, 0.8 * points, bold=bold)
        case CropDesign.NEIGHBOURS:
            for y in (place.top - 1.5, bottom + 4.0):
                sheet.text(left - float(rng.uniform(0, 30)), y, str(rng.choice(SENTENCES)), points)
            sheet.text(left - 3, middle, word + ":", points, bold=bold, align="right")
        case CropDesign.TABLE:
            for y in (place.top - place.height, bottom):
                print_box(
                    sheet, BoxDesign(box.structure, box.look, RectMm(left, y, place.width, place.height), (), box.pen)
                )
            sheet.text(
                left + place.width / 2,
                place.top - 0.5 * place.height,
                str(rng.integers(10, 1000)),
                points,
                align="middle",
            )
        case _:
            colon = (
                ":"
                if design is CropDesign.COLON_LINE or (design is not CropDesign.GAP_LINE and rng.random() < 0.5)
                else ""
            )
            sheet.text(left - float(rng.uniform(2, 5)), middle, word + colon, points, bold=bold, align="right")
    return box, kind


# --- write ---------------------------------------------------------------------------------------


def _write_cells(ink: FloatImage, text: str, box: BoxDesign, source: DigitSource, rng: np.random.Generator) -> None:
    size = float(rng.uniform(0.5, 0.82)) * box.outline.height * PX_PER_MM
    for char, cell in zip(text, box.cells, strict=False):
        tight = tight_digit(source(int(char), rng))
        scale = min(
            size * rng.uniform(0.92, 1.08) / max(tight.shape[0], 0.6 * tight.shape[1]),
            0.95 * cell.width * PX_PER_MM / tight.shape[1],
        )
        picture = scale_digit(tight, float(scale), rng)
        x = (cell.left + cell.width / 2 + rng.normal(0, 0.25)) * PX_PER_MM - picture.shape[1] / 2
        y = (cell.top + cell.height / 2 + rng.normal(0, 0.35)) * PX_PER_MM - picture.shape[0] / 2
        lay_digit(ink, picture, round(x), round(y))


def _write_line(
    ink: FloatImage, text: str, place: RectMm, kind: FieldKind, source: DigitSource, rng: np.random.Generator
) -> float:
    """Write a number on a line; where it ends, millimetres."""
    fits = (place.width - 4) / (0.9 * len(text) + 0.5)
    size = min(float(rng.uniform(0.5, 0.85)) * place.height, 8.0, fits) * PX_PER_MM
    right = (place.left + rng.uniform(1.5, 6)) * PX_PER_MM
    base = (place.top + place.height / 2) * PX_PER_MM + 0.5 * size
    slope = rng.normal(0, 0.012)
    start = right
    has_cents = kind is FieldKind.AMOUNT and len(text) > 2 and rng.random() < 0.5
    spacing = rng.uniform(0.08, 0.3)
    for number, char in enumerate(text):
        tight = tight_digit(source(int(char), rng))
        picture = scale_digit(
            tight, float(size * rng.uniform(0.9, 1.08) / max(tight.shape[0], 0.6 * tight.shape[1])), rng
        )
        if has_cents and number == len(text) - 2:
            cv2.circle(
                ink, (round(right + 0.12 * size), round(base - 0.04 * size)), max(2, round(0.06 * size)), 1.0, -1
            )
            right += 0.3 * size
        y = base + slope * (right - start) - picture.shape[0] + rng.normal(0, 0.03) * size
        lay_digit(ink, picture, round(right), round(y))
        right += picture.shape[1] + max(0.02, rng.normal(spacing, 0.06)) * size
    return float(right / PX_PER_MM)


# --- cut -----------------------------------------------------------------------------------------


def _cut(gray: FloatImage, place: RectMm, design: CropDesign, rng: np.random.Generator) -> GrayImage:
    """What a person or a detector cuts out: askew, with more or less of what stands round it, at any resolution."""
    left = place.left - float(rng.uniform(0.3, 2) if rng.random() < 0.3 else rng.uniform(2, 30))
    right = place.left + place.width + float(rng.uniform(0.3, 8))
    top, bottom = place.top - float(rng.uniform(0.3, 5)), place.top + place.height + float(rng.uniform(0.3, 6))
    if design in (CropDesign.SIGN_BOX, CropDesign.CAPTION_BOX):
        left = min(left, FIELD_MM[0] - float(rng.uniform(0.3, 3)))
    zoom = float(rng.uniform(110, 300)) / DRAWN_DPI
    size = (max(8, round((right - left) * PX_PER_MM * zoom)), max(8, round((bottom - top) * PX_PER_MM * zoom)))
    x, y = (left + right) / 2 * PX_PER_MM, (top + bottom) / 2 * PX_PER_MM
    to_sheet = shift(x, y) @ rotation(float(rng.normal(0, 0.8))) @ scaling(1 / zoom) @ shift(-size[0] / 2, -size[1] / 2)
    softened = cv2.GaussianBlur(gray, (0, 0), 0.4 / zoom)
    seen = cv2.warpPerspective(
        softened, to_sheet, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return scan(np.asarray(seen, np.float32), rng)
