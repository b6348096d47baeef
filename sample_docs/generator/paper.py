"""A sheet of paper to print a form on: lengths in millimetres, text in points, drawn fine and then shrunk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

ColorImage = NDArray[np.uint8]
"""(H, W, 3) uint8, red, green, blue."""
Color = tuple[int, int, int]

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72
WHITE: Color = (255, 255, 255)
BLACK: Color = (25, 25, 28)
GRAY: Color = (105, 108, 112)
LIGHT: Color = (226, 229, 232)

_FINE_DPI = 600
"""Everything is drawn at about this resolution: a hairline of 0.1 mm is two pixels wide."""


class Sheet:
    """Paper of a given size, printed on with millimetre coordinates from its top left corner."""

    def __init__(self, width_mm: float, height_mm: float, dpi: int, paper: Color = WHITE) -> None:
        self.width_mm, self.height_mm, self.dpi = width_mm, height_mm, dpi
        self._finer = max(1, round(_FINE_DPI / dpi))
        self._scale = dpi * self._finer / MM_PER_INCH
        self._size = (round(width_mm * dpi / MM_PER_INCH), round(height_mm * dpi / MM_PER_INCH))
        self._image = Image.new("RGB", (self._size[0] * self._finer, self._size[1] * self._finer), paper)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> ColorImage:
        """What is printed so far, at the sheet's resolution."""
        return np.asarray(cv2.resize(np.asarray(self._image), self._size, interpolation=cv2.INTER_AREA), np.uint8)

    def text(
        self, x: float, y: float, words: str, points: float, color: Color = BLACK, *, bold: bool = False,
        align: str = "left",
    ) -> None:  # fmt: skip
        """Print words on the baseline `y`, with `x` at their left end, middle or right end."""
        size = points * self._scale * MM_PER_INCH / POINTS_PER_INCH
        anchor = {"left": "ls", "middle": "ms", "right": "rs"}[align]
        weight = max(1, round(size / 34)) if bold else 0
        self._draw.text(self._at(x, y), words, color, _font(round(size)), anchor, stroke_width=weight)

    def paragraph(self, x: float, y: float, lines: Sequence[str], points: float, color: Color = BLACK) -> None:
        """Print lines under one another, the first on the baseline `y`."""
        leading = 1.38 * points * MM_PER_INCH / POINTS_PER_INCH
        for number, line in enumerate(lines):
            self.text(x, y + number * leading, line, points, color)

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float = 0.2, color: Color = BLACK) -> None:
        self._draw.line([self._at(x0, y0), self._at(x1, y1)], color, self._pixels(width))

    def curve(self, points: Sequence[tuple[float, float]], width: float = 0.15, color: Color = BLACK) -> None:
        self._draw.line([self._at(x, y) for x, y in points], color, self._pixels(width), joint="curve")

    def box(
        self, x: float, y: float, width: float, height: float, *, line: float = 0.2, color: Color | None = BLACK,
        fill: Color | None = None, radius: float = 0.0,
    ) -> None:  # fmt: skip
        """A rectangle, its corners rounded by `radius`; the line runs inside its edge."""
        corners = [self._at(x, y), self._at(x + width, y + height)]
        weight = self._pixels(line) if color is not None else 0
        self._draw.rounded_rectangle(corners, radius * self._scale, fill, color, weight)

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        self._draw.ellipse([self._at(x - radius, y - radius), self._at(x + radius, y + radius)], fill)

    def polygon(self, points: Sequence[tuple[float, float]], fill: Color) -> None:
        self._draw.polygon([self._at(x, y) for x, y in points], fill)

    def boxed_cells(
        self, x: float, y: float, cells: int, pitch: float, height: float, *, gap: float = 0.0, line: float = 0.22,
        color: Color = BLACK, fill: Color | None = WHITE,
    ) -> None:  # fmt: skip
        """A row of closed boxes, `gap` between them; without a gap neighbours share a line."""
        for cell in range(cells):
            left = x + cell * pitch + gap / 2
            self.box(left, y, pitch - gap + (line if gap == 0 else 0), height, line=line, color=color, fill=fill)

    def open_comb(
        self, x: float, y: float, cells: int, pitch: float, height: float, *, line: float = 0.22,
        color: Color = BLACK, fill: Color | None = WHITE,
    ) -> None:  # fmt: skip
        """A comb: a baseline with a tick between cells, half as high as the cells, full height at both ends."""
        self.box(x, y, cells * pitch, height, color=None, fill=fill)
        self.line(x, y + height, x + cells * pitch, y + height, line, color)
        for cell in range(cells + 1):
            top = y if cell in (0, cells) else y + 0.55 * height
            self.line(x + cell * pitch, top, x + cell * pitch, y + height, line, color)

    def barcode(self, x: float, y: float, width: float, height: float, number: int) -> None:
        """Bars as on many forms, for the eye only: their widths follow from `number`."""
        bars = np.random.default_rng(number).choice([0.25, 0.5, 0.75], 400)
        at, is_dark = 0.0, True
        for bar in bars:
            if at + bar > width:
                break
            if is_dark:
                self.box(x + at, y, bar, height, color=None, fill=BLACK)
            at, is_dark = at + bar, not is_dark

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self._scale, y * self._scale

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self._scale))


@lru_cache(maxsize=64)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """The font that Pillow brings along (Aileron, public domain): no font file of ours, the same everywhere."""
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which prints the forms: install a wheel of Pillow")
    return font
