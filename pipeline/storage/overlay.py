"""A picture of a page with what was read drawn in, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.document import Box, Decision, FieldReading, Polygon, ResultStatus, SourceResult
from recognizer.readings import GrayImage

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

COLOURS: dict[Decision, Colour] = {
    Decision.ACCEPTED: (26, 127, 55),
    Decision.REVIEW: (188, 76, 0),
    Decision.BLANK: (87, 96, 106),
}
"""RGB. Green, orange and gray of different brightness: told apart by colour-blind eyes and in a gray print too."""

ERROR_COLOUR: Colour = (164, 14, 38)
INK: Colour = (31, 35, 40)
PAPER: Colour = (255, 255, 255)
RULE: Colour = (208, 215, 222)

MAX_WIDTH = 1600
"""Fits a screen; text of a page at 300 dpi stays readable."""
MIN_WIDTH = 900
"""A cut-out cheque or field is enlarged so that its labels have room."""
MAX_ENLARGEMENT = 4.0

FONT_SHARE = 1 / 88
FONT_PX = (13, 19)
"""Letter size: share of the picture's width, within bounds."""

TINT = 36
"""Opacity of a field's fill, of 255: the ink below stays as it is."""


def draw_overlay(page_gray: GrayImage, result: SourceResult, page_number: int) -> NDArray[np.uint8]:
    """Draw every field of a page with its value, confidence and, where it waits for a person, the reasons.

    Args:
        page_gray: (H, W) uint8, the page as scanned.
        result: of the file the page is from.
        page_number: in the file, from 1.

    Returns:
        (h, w, 3) uint8 BGR, at most 1600 pixels wide; a band with the legend is added below the page.
    """
    scale = _scale(page_gray.shape[1])
    page = _resized(page_gray, scale)
    fields = [_Placed.of(field, scale) for field in _fields_on(result, page_number)]
    font = _font(page.width)
    _draw_outlines(page, fields, font)
    _draw_labels(page, fields, font)
    whole = _with_footer(page, fields, result, page_number, font)
    return np.ascontiguousarray(np.asarray(whole)[:, :, ::-1])


def _fields_on(result: SourceResult, page_number: int) -> Iterator[FieldReading]:
    for document in result.documents:
        yield from (field for field in document.fields if field.page == page_number)


def _scale(width: int) -> float:
    if width > MAX_WIDTH:
        return MAX_WIDTH / width
    return min(max(1.0, MIN_WIDTH / width), MAX_ENLARGEMENT)


def _resized(gray: GrayImage, scale: float) -> Image.Image:
    height, width = gray.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return Image.fromarray(np.asarray(resized, dtype=np.uint8)).convert("RGB")


def _font(width: int) -> Font:
    """Pillow's own: needs no font on the machine."""
    return ImageFont.load_default(float(np.clip(width * FONT_SHARE, *FONT_PX)))


# --- fields --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """A field, its corners and the box round them, in pixels of the picture."""

    reading: FieldReading
    corners: Polygon
    box: Box

    @classmethod
    def of(cls, reading: FieldReading, scale: float) -> _Placed:
        first, second, third, fourth = ((x * scale, y * scale) for x, y in reading.polygon_px)
        corners = (first, second, third, fourth)
        across, down = [x for x, _ in corners], [y for _, y in corners]
        box = Box(int(min(across)), int(min(down)), int(np.ceil(max(across))), int(np.ceil(max(down))))
        return cls(reading, corners, box)

    @property
    def colour(self) -> Colour:
        return COLOURS[self.reading.decision]

    @property
    def label(self) -> str:
        return _printable(" · ".join(_label_parts(self.reading)))


def _label_parts(field: FieldReading) -> Iterator[str]:
    yield field.name
    if field.decision is Decision.BLANK:
        yield "blank"
    elif field.value is None:
        yield "unread"
    else:
        yield field.value if field.decision is Decision.ACCEPTED else f"{field.value} ?"
        yield f"{_percent(field.confidence)} %"
    yield from field.reasons[:1]
    if len(field.reasons) > 1:
        yield f"+{len(field.reasons) - 1}"


def _percent(confidence: float) -> str:
    """One decimal, and never 100.0 for what is not certain."""
    return f"{min(confidence * 100, 99.9 if confidence < 1 else 100):.1f}"


def _printable(text: str) -> str:
    """The font draws a box for letters it has not; a question mark is plainer."""
    return "".join(char if char.isascii() or char in "·…" else "?" for char in text)


def _draw_outlines(page: Image.Image, fields: Sequence[_Placed], font: Font) -> None:
    line_px = max(2, round(_line_height(font) / 8))
    tint = Image.new("RGBA", page.size)
    pen = ImageDraw.Draw(tint)
    for field in fields:
        pen.polygon(field.corners, fill=(*field.colour, TINT))
    page.paste(tint, mask=tint)
    outline = ImageDraw.Draw(page)
    for field in fields:
        outline.line([*field.corners, *field.corners[:2]], fill=field.colour, width=line_px, joint="curve")


def _draw_labels(page: Image.Image, fields: Sequence[_Placed], font: Font) -> None:
    pen = ImageDraw.Draw(page)
    taken = [field.box for field in fields]
    padding = round(_line_height(font) * 0.35)
    for field in fields:
        width = round(font.getlength(field.label)) + 2 * padding
        height = _line_height(font) + padding
        box = _free_place(field.box, width, height, padding, page.size, taken)
        taken.append(box)
        pen.rounded_rectangle((box.left, box.top, box.right, box.bottom), radius=height // 4, fill=field.colour)
        pen.text((box.left + padding, box.top + height / 2), field.label, font=font, fill=PAPER, anchor="lm")


def _free_place(field: Box, width: int, height: int, gap: int, page: tuple[int, int], taken: Sequence[Box]) -> Box:
    """Beside the field, where the label hides the least of fields and of other labels."""
    middle = (field.top + field.bottom - height) // 2
    above, below = field.top - height - gap // 2, field.bottom + gap // 2
    corners = (
        (field.right + gap, middle),
        (field.left, above),
        (field.left, below),
        (field.right - width, above),
        (field.right - width, below),
        (field.left - width - gap, middle),
    )
    places = [_inside(left, top, width, height, page) for left, top in corners]
    return min(places, key=lambda place: sum(place.intersection_area(other) for other in taken))


def _inside(left: int, top: int, width: int, height: int, page: tuple[int, int]) -> Box:
    """A box of this size shifted onto the page, as far as it fits."""
    left, top = max(0, min(left, page[0] - width)), max(0, min(top, page[1] - height))
    return Box(left, top, left + width, top + height)


def _line_height(font: Font) -> int:
    _, top, _, bottom = font.getbbox("Ag")
    return round((bottom - top) * 1.25)


# --- the band below the page ---------------------------------------------------------------------


def _with_footer(
    page: Image.Image, fields: Sequence[_Placed], result: SourceResult, page_number: int, font: Font
) -> Image.Image:
    line = _line_height(font)
    notes = list(_notes(result, page_number))
    margin = line
    height = 2 * margin + line + sum(round(1.5 * line) for _ in notes)
    whole = Image.new("RGB", (page.width, page.height + height), PAPER)
    whole.paste(page)
    pen = ImageDraw.Draw(whole)
    pen.rectangle((0, page.height, page.width, page.height + max(1, line // 8)), fill=RULE)
    middle = page.height + margin + line // 2
    legend_left = _draw_legend(pen, fields, page.width - margin, middle, font)
    title = _fitted(_title(result, page_number), legend_left - 2 * margin, font)
    pen.text((margin, middle), title, font=font, fill=INK, anchor="lm")
    for row, note in enumerate(notes, 1):
        text = _fitted(_printable(note), page.width - 2 * margin, font)
        pen.text((margin, middle + round(1.5 * line * row)), text, font=font, fill=ERROR_COLOUR, anchor="lm")
    return whole


def _title(result: SourceResult, page_number: int) -> str:
    name = PurePath(result.source_names[0]).name
    place = f"page {page_number} of {len(result.pages)}" if result.pages else f"page {page_number}"
    return _printable(f"{name} · {place} · {result.status.value.replace('_', ' ')}")


def _notes(result: SourceResult, page_number: int) -> Iterator[str]:
    """What went wrong on this page or with the whole file."""
    for item in result.errors:
        if item.page in (None, page_number):
            yield f"{item.code}: {item.message}"
    for document in result.documents:
        if document.status is ResultStatus.FAILED and page_number in document.pages:
            yield f"form {document.number} could not be read (registration {document.registration.value})"


def _draw_legend(pen: ImageDraw.ImageDraw, fields: Sequence[_Placed], right: int, middle: int, font: Font) -> int:
    """Draw swatches, words and counts, ending at `right`; returns where they begin."""
    line = _line_height(font)
    words = {Decision.ACCEPTED: "accepted", Decision.REVIEW: "for review", Decision.BLANK: "blank"}
    for decision, word in reversed(words.items()):
        count = sum(field.reading.decision is decision for field in fields)
        text = f"{word} {count}"
        left = right - round(font.getlength(text))
        pen.text((left, middle), text, font=font, fill=INK, anchor="lm")
        swatch = (left - round(1.2 * line), middle - line // 3, left - round(0.5 * line), middle + line // 3)
        pen.rounded_rectangle(swatch, radius=line // 6, fill=COLOURS[decision])
        right = swatch[0] - round(1.2 * line)
    return right


def _fitted(text: str, room: int, font: Font) -> str:
    """The text, cut with an ellipsis to fit the room."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
