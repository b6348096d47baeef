"""A picture of a page with places marked in it, and a band below that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.document import Box, Polygon
from recognizer.readings import GrayImage

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

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
"""Opacity of a mark's fill, of 255: the ink below stays as it is."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a page: its corners in page pixels, its label, its colour (RGB), and the cells to draw inside it."""

    corners: Polygon
    label: str
    colour: Colour
    cells: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Caption:
    """The band below the page.

    Attributes:
        title: what the picture shows.
        legend: words with the colour they explain, left to right.
        notes: what went wrong, a line each.
    """

    title: str
    legend: tuple[tuple[str, Colour], ...] = ()
    notes: tuple[str, ...] = ()


def draw_marked_page(page_gray: GrayImage, marks: Sequence[Mark], caption: Caption) -> NDArray[np.uint8]:
    """Draw every mark on its page.

    Args:
        page_gray: (H, W) uint8, the page as scanned.
        marks: places on it; labels are put where they hide the least.
        caption: the band below the page.

    Returns:
        (h, w, 3) uint8 BGR, at most 1600 pixels wide.
    """
    scale = _scale(page_gray.shape[1])
    page = _resized(page_gray, scale)
    placed = [_Placed.of(mark, scale) for mark in marks]
    font = _font(page.width)
    _draw_outlines(page, placed, font)
    _draw_labels(page, placed, font)
    return np.ascontiguousarray(np.asarray(_with_footer(page, caption, font))[:, :, ::-1])


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


@dataclass(frozen=True, slots=True)
class _Placed:
    """A mark in pixels of the picture, and the box round it."""

    corners: Polygon
    cells: tuple[Polygon, ...]
    box: Box
    label: str
    colour: Colour

    @classmethod
    def of(cls, mark: Mark, scale: float) -> _Placed:
        corners = _scaled(mark.corners, scale)
        across, down = [x for x, _ in corners], [y for _, y in corners]
        box = Box(int(min(across)), int(min(down)), int(np.ceil(max(across))), int(np.ceil(max(down))))
        cells = tuple(_scaled(cell, scale) for cell in mark.cells)
        return cls(corners, cells, box, _printable(mark.label), mark.colour)


def _scaled(corners: Polygon, scale: float) -> Polygon:
    first, second, third, fourth = ((x * scale, y * scale) for x, y in corners)
    return first, second, third, fourth


def _printable(text: str) -> str:
    """The font draws a box for letters it has not; a question mark is plainer."""
    return "".join(char if char.isascii() or char in "·…" else "?" for char in text)


def _draw_outlines(page: Image.Image, marks: Sequence[_Placed], font: Font) -> None:
    line_px = max(2, round(_line_height(font) / 8))
    tint = Image.new("RGBA", page.size)
    pen = ImageDraw.Draw(tint)
    for mark in marks:
        pen.polygon(mark.corners, fill=(*mark.colour, TINT))
    page.paste(tint, mask=tint)
    outline = ImageDraw.Draw(page)
    for mark in marks:
        for cell in mark.cells:
            outline.line([*cell, cell[0]], fill=mark.colour, width=1)
        outline.line([*mark.corners, *mark.corners[:2]], fill=mark.colour, width=line_px, joint="curve")


def _draw_labels(page: Image.Image, marks: Sequence[_Placed], font: Font) -> None:
    pen = ImageDraw.Draw(page)
    taken = [mark.box for mark in marks]
    padding = round(_line_height(font) * 0.35)
    for mark in marks:
        width = round(font.getlength(mark.label)) + 2 * padding
        height = _line_height(font) + padding
        box = _free_place(mark.box, width, height, padding, page.size, taken)
        taken.append(box)
        pen.rounded_rectangle((box.left, box.top, box.right, box.bottom), radius=height // 4, fill=mark.colour)
        pen.text((box.left + padding, box.top + height / 2), mark.label, font=font, fill=PAPER, anchor="lm")


def _free_place(mark: Box, width: int, height: int, gap: int, page: tuple[int, int], taken: Sequence[Box]) -> Box:
    """Beside the field, where the label hides the least of other marks and labels."""
    middle = (mark.top + mark.bottom - height) // 2
    above, below = mark.top - height - gap // 2, mark.bottom + gap // 2
    corners = (
        (mark.right + gap, middle),
        (mark.left, above),
        (mark.left, below),
        (mark.right - width, above),
        (mark.right - width, below),
        (mark.left - width - gap, middle),
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


def _with_footer(page: Image.Image, caption: Caption, font: Font) -> Image.Image:
    line = _line_height(font)
    margin = line
    height = 2 * margin + line + sum(round(1.5 * line) for _ in caption.notes)
    whole = Image.new("RGB", (page.width, page.height + height), PAPER)
    whole.paste(page)
    pen = ImageDraw.Draw(whole)
    pen.rectangle((0, page.height, page.width, page.height + max(1, line // 8)), fill=RULE)
    middle = page.height + margin + line // 2
    legend_left = _draw_legend(pen, caption, page.width - margin, middle, font)
    title = _fitted(_printable(caption.title), legend_left - 2 * margin, font)
    pen.text((margin, middle), title, font=font, fill=INK, anchor="lm")
    for row, note in enumerate(caption.notes, 1):
        text = _fitted(_printable(note), page.width - 2 * margin, font)
        pen.text((margin, middle + round(1.5 * line * row)), text, font=font, fill=ERROR_COLOUR, anchor="lm")
    return whole


def _draw_legend(pen: ImageDraw.ImageDraw, caption: Caption, right: int, middle: int, font: Font) -> int:
    """Draw swatches, words and counts, ending at `right`; returns where they begin."""
    line = _line_height(font)
    for text, colour in reversed(caption.legend):
        left = right - round(font.getlength(text))
        pen.text((left, middle), text, font=font, fill=INK, anchor="lm")
        swatch = (left - round(1.2 * line), middle - line // 3, left - round(0.5 * line), middle + line // 3)
        pen.rounded_rectangle(swatch, radius=line // 6, fill=colour)
        right = swatch[0] - round(1.2 * line)
    return right


def _fitted(text: str, room: int, font: Font) -> str:
    """The text, cut with an ellipsis to fit the room."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
