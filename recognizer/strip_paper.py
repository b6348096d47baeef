"""The paper strips are composed on: captions, rules, ticks, security patterns, and what a scanner does to them.

Patterns, noise and captions are drawn once and cut at random places: drawing them afresh costs more than the strip.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import FloatArray, GrayImage, InkImage
from recognizer.strip_views import STRIP_HEIGHT

_PATTERNS = 160
_CAPTIONS = 240
_TILE = (64, 768)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + 2 * "OIDSBZNToli"
"""No digits, which would have to be read; and more of the letters that look like some."""
_HERSHEY_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)
"""Serifs, as most forms are set in, twice as often."""
_BUILT_IN_FONTS = ("sans", "italic")


class PaperStock:
    """Turns ink into a grey strip on paper of random kinds."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._patterns = [_pattern(random) for _ in range(_PATTERNS)]
        self._noise = random.normal(0, 1, (STRIP_HEIGHT, 1 << 14)).astype(np.float32)
        grain = np.asarray(cv2.GaussianBlur(self._noise, (0, 0), 0.8), np.float32)
        self._grain: FloatArray = grain / grain.std()
        self._captions = [_caption(random) for _ in range(_CAPTIONS)]

    def print_caption(self, canvas: InkImage, x: float, baseline: float, digit_height: float) -> float:
        """Print a caption before the digits; returns the column where they may start, `x` when it would not fit."""
        random = self._random
        height = digit_height * float(random.uniform(0.5, 1.1))
        caption = self._scaled_caption(height)
        if caption.shape[1] > 0.5 * canvas.shape[1]:
            return x
        _stamp(canvas, caption, round(x), round(baseline - 0.8 * height))
        return float(x + caption.shape[1] + random.uniform(0.1, 1.2) * digit_height)

    def develop(self, ink: InkImage, *, baseline: float, digit_height: float, edges: tuple[float, ...]) -> GrayImage:
        """Print rules over the ink, lay it on paper and scan it.

        Args:
            ink: (64, 2 W) uint8, twice the strip's size; rules and neighbours are drawn into it.
            baseline: row of `ink` the digits stand on.
            digit_height: height of the digits, pixels of `ink`.
            edges: columns of cell borders, strip pixels.

        Returns:
            (32, W) uint8, dark on light.
        """
        random = self._random
        ink = self._uneven_pressure(ink)
        if random.random() < 0.12:
            self._neighbour_line(ink, digit_height)
        if random.random() < 0.5:
            self._rules(ink, baseline, digit_height)
        if edges:
            self._cells(ink, baseline, digit_height, edges)
        if random.random() < 0.1:
            self._box_sides(ink)
        width = ink.shape[1] // 2
        small = cv2.resize(ink, (width, STRIP_HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
        contrast = float(random.uniform(40, 190))
        light = float(random.uniform(contrast + 15, 255))
        paper = self._paper(width, contrast, light)
        return self._scan(paper - small * (contrast / 255), contrast)

    def _uneven_pressure(self, ink: InkImage) -> InkImage:
        random = self._random
        fate = random.random()
        if fate < 0.45:
            coarse = random.integers(140, 256, (2, 8), dtype=np.uint8)
            pressure = cv2.resize(coarse, (ink.shape[1], ink.shape[0]))
            return np.asarray(cv2.multiply(ink, pressure, scale=1 / 255), np.uint8)
        if fate < 0.52:  # a dry pen skips
            coarse = random.integers(0, 256, (ink.shape[0] // 2, max(1, ink.shape[1] // 2)), dtype=np.uint8)
            gaps = np.where(coarse > 60, np.uint8(255), np.uint8(0))
            return np.asarray(cv2.bitwise_and(ink, cv2.resize(gaps, (ink.shape[1], ink.shape[0]))), np.uint8)
        return ink.copy()

    def _rules(self, ink: InkImage, baseline: float, digit_height: float) -> None:
        random = self._random
        height, width = ink.shape
        for _ in range(int(random.integers(1, 3))):
            near = random.random() < 0.6
            y = baseline + random.uniform(-0.12, 0.3) * digit_height if near else random.uniform(0, height)
            start = 0 if random.random() < 0.75 else round(random.uniform(0, 0.5 * width))
            end = width if random.random() < 0.75 else round(random.uniform(0.5 * width, width))
            tilt = random.normal(0, 0.01) * width
            shade, thickness = int(random.uniform(60, 255)), int(random.integers(1, 4))
            if random.random() < 0.15:  # dotted guide line
                step = int(random.integers(4, 10))
                for x in range(start, end, step):
                    cv2.circle(ink, (x, round(y)), thickness - 1, shade, -1)
            else:
                _rule(ink, (start, round(y)), (end, round(y + tilt)), shade, thickness)

    def _cells(self, ink: InkImage, baseline: float, digit_height: float, edges: tuple[float, ...]) -> None:
        random = self._random
        shade, thickness = int(random.uniform(80, 255)), int(random.integers(1, 4))
        foot = round(baseline + random.uniform(0.02, 0.3) * digit_height)
        tall = random.random() < 0.6
        head = round(foot - digit_height * (random.uniform(1.1, 1.6) if tall else random.uniform(0.15, 0.5)))
        for edge in edges:
            _rule(ink, (round(2 * edge), head), (round(2 * edge), foot), shade, thickness)
        levels = (head, foot) if tall else (foot,)
        for level in levels if random.random() < 0.8 else ():
            _rule(ink, (round(2 * edges[0]), level), (round(2 * edges[-1]), level), shade, thickness)

    def _box_sides(self, ink: InkImage) -> None:
        random = self._random
        height, width = ink.shape
        for _ in range(int(random.integers(1, 3))):
            where = random.random()
            x = random.uniform(0, width) if where < 0.15 else random.uniform(0, 7)
            if where > 0.6:
                x = width - random.uniform(0, 8)
            shade = int(random.uniform(100, 255))
            thickness = int(random.integers(1, 4)) if random.random() < 0.85 else int(random.integers(4, 14))
            # from edge to edge of the strip: a shorter one might be a one
            _rule(ink, (round(x), -1), (round(x + random.uniform(-3, 3)), height), shade, thickness)

    def _neighbour_line(self, ink: InkImage, digit_height: float) -> None:
        """A printed line above or below, cut through by the crop."""
        random = self._random
        caption = self._scaled_caption(digit_height * float(random.uniform(0.5, 0.9)))
        shown = max(1, int(caption.shape[0] * random.uniform(0.2, 0.5)))
        x = round(random.uniform(0, max(1, ink.shape[1] - caption.shape[1])))
        if random.random() < 0.5:
            _stamp(ink, caption[-shown:], x, 0)
        else:
            _stamp(ink, caption[:shown], x, ink.shape[0] - shown)

    def _scaled_caption(self, height: float) -> InkImage:
        caption = self._captions[int(self._random.integers(len(self._captions)))]
        scale = height / caption.shape[0]
        size = max(2, round(caption.shape[1] * scale)), max(2, round(height))
        return np.asarray(cv2.resize(caption, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _paper(self, width: int, contrast: float, light: float) -> FloatArray:
        random = self._random
        paper = np.full((STRIP_HEIGHT, width), light, np.float32)
        if random.random() < 0.55:
            for _ in range(int(random.integers(1, 4))):
                tile = self._patterns[int(random.integers(len(self._patterns)))]
                y = int(random.integers(_TILE[0] - STRIP_HEIGHT + 1))
                x = int(random.integers(_TILE[1] - width + 1))
                paper -= tile[y : y + STRIP_HEIGHT, x : x + width] * np.float32(contrast * random.uniform(0.03, 0.3))
        if random.random() < 0.5:  # light falls unevenly
            coarse = random.normal(0, random.uniform(2, 16), (3, max(3, width // 24))).astype(np.float32)
            paper += cv2.resize(coarse, (width, STRIP_HEIGHT), interpolation=cv2.INTER_CUBIC)
        if random.random() < 0.3:
            paper += self._cut(self._grain, width) * np.float32(random.uniform(1, 14))
        return paper

    def _scan(self, picture: FloatArray, contrast: float) -> GrayImage:
        random = self._random
        height, width = picture.shape
        seen: NDArray[Any] = picture
        if random.random() < 0.3:  # low resolution, enlarged again
            factor = random.uniform(0.45, 0.9)
            size = max(4, int(width * factor)), int(height * factor)
            method = cv2.INTER_LINEAR if random.random() < 0.5 else cv2.INTER_CUBIC
            seen = cv2.resize(
                cv2.resize(seen, size, interpolation=cv2.INTER_AREA), (width, height), interpolation=method
            )
        if random.random() < 0.5:
            seen = cv2.GaussianBlur(seen, (0, 0), float(random.uniform(0.3, 1.1)))
        elif random.random() < 0.15:  # sharpened by the scanner
            seen = seen + 0.8 * (seen - cv2.GaussianBlur(seen, (0, 0), 1.2))
        noise = self._cut(self._noise, width) * np.float32(random.uniform(0.5, 0.06 * contrast + 1))
        gray: GrayImage = np.clip(seen + noise, 0, 255).astype(np.uint8)
        if random.random() < 0.3:
            quality = int(random.integers(30, 90))
            _, encoded = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, quality])
            gray = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
        return gray

    def _cut(self, texture: FloatArray, width: int) -> FloatArray:
        start = int(self._random.integers(texture.shape[1] - width))
        return texture[:, start : start + width]


def _rule(ink: InkImage, start: tuple[int, int], end: tuple[int, int], shade: int, thickness: int) -> None:
    """Draw a printed line without lightening the ink it crosses."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    x, y = max(0, left - 4), max(0, top - 4)
    region = ink[y : bottom + 5, x : right + 5]
    if region.size == 0:
        return
    line = np.zeros_like(region)
    cv2.line(line, (start[0] - x, start[1] - y), (end[0] - x, end[1] - y), shade, thickness, cv2.LINE_AA)
    np.maximum(region, line, out=region)


def _stamp(canvas: InkImage, picture: InkImage, x: int, y: int) -> None:
    top, left = max(0, y), max(0, x)
    region = canvas[top : y + picture.shape[0], left : x + picture.shape[1]]
    if region.size:
        part = picture[top - y : top - y + region.shape[0], left - x : left - x + region.shape[1]]
        np.maximum(region, part, out=region)


def _pattern(random: np.random.Generator) -> FloatArray:
    """Security print: bent parallel lines, or a dot screen, from 0 to 1."""
    rows, columns = np.mgrid[: _TILE[0], : _TILE[1]].astype(np.float32)
    if random.random() < 0.25:  # scattered specks
        specks = (random.random(_TILE) < random.uniform(0.01, 0.12)).astype(np.float32)
        soft = cv2.GaussianBlur(specks, (0, 0), float(random.uniform(0.4, 0.8)))
        return np.asarray(soft / max(float(soft.max()), 1e-6), np.float32)
    waves = _lines(random, rows, columns)
    if random.random() < 0.25:  # crossed lines make a screen
        waves = waves * _lines(random, rows, columns)
    return waves


def _lines(random: np.random.Generator, rows: FloatArray, columns: FloatArray) -> FloatArray:
    angle = random.uniform(0, np.pi) if random.random() < 0.5 else random.normal(np.pi / 2, 0.2)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = columns * np.sin(angle) - rows * np.cos(angle)
    bend = random.uniform(0, 3) * np.sin(across * (2 * np.pi / random.uniform(8, 60)) + random.uniform(0, 6))
    phase = (along + bend) * (2 * np.pi / random.uniform(2.2, 9)) + random.uniform(0, 6)
    lines: NDArray[np.float32] = ((0.5 + 0.5 * np.cos(phase)) ** random.uniform(1, 4)).astype(np.float32)
    return lines


def _caption(random: np.random.Generator) -> InkImage:
    """A printed word or two, 40 px high, tight."""
    text = _word(random, int(random.integers(2, 10)))
    if random.random() < 0.35:
        text += " " + _word(random, int(random.integers(1, 8)))
    text += str(random.choice(["", ":", " :", "."], p=[0.2, 0.6, 0.15, 0.05]))
    picture = np.zeros((64, 40 * len(text) + 40), np.uint8)
    if random.random() < 0.45:
        font = cv2.FontFace(str(random.choice(_BUILT_IN_FONTS)))
        cv2.putText(picture, text, (8, 46), 255, font, 36, int(random.choice([300, 400, 600, 800])))
    else:
        font_number = int(random.choice(_HERSHEY_FONTS))
        cv2.putText(picture, text, (8, 46), font_number, 1.3, 255, int(random.integers(1, 5)), cv2.LINE_AA)
    left, top, width, height = cv2.boundingRect(picture)
    return picture[top : top + height, left : left + width].copy()


def _word(random: np.random.Generator, length: int) -> str:
    word = "".join(_LETTERS[int(k)] for k in random.integers(len(_LETTERS), size=length))
    case = random.random()
    return word.upper() if case < 0.4 else word.capitalize() if case < 0.8 else word.lower()
