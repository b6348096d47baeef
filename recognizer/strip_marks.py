"""What people write around digits without meaning one: points, commas, dashes, currency signs, fillers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from recognizer.readings import InkImage

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MarkPen:
    """A pen of a given width.

    Attributes:
        width_px: stroke width, canvas pixels, at least 1.
    """

    width_px: int

    def line(self, canvas: InkImage, start: Point, end: Point) -> None:
        cv2.line(canvas, _whole(start), _whole(end), 255, self.width_px, cv2.LINE_AA)

    def curve(self, canvas: InkImage, points: list[Point]) -> None:
        cv2.polylines(canvas, [np.rint(np.array(points)).astype(np.int32)], False, 255, self.width_px, cv2.LINE_AA)

    def dot(self, canvas: InkImage, at: Point, size: float) -> None:
        cv2.circle(canvas, _whole(at), max(1, round(self.width_px * size)), 255, -1, cv2.LINE_AA)


def _whole(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a mark goes: its left side, the baseline and the digits' height."""

    x: float
    baseline: float
    height: float

    def at(self, across: float, up: float) -> Point:
        return self.x + across * self.height, self.baseline - up * self.height


_Mark = Callable[[InkImage, _Spot, MarkPen, np.random.Generator], float]
"""Draws itself and returns its width in digit heights."""


def _dot(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    pen.dot(canvas, spot.at(0.05, random.uniform(-0.06, 0.08)), random.uniform(0.5, 1.1))
    return 0.12


def _comma(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    lean, drop = random.uniform(0.02, 0.12), random.uniform(0.1, 0.3)
    pen.line(canvas, spot.at(0.06 + lean, 0.08), spot.at(0.06 - lean / 2, 0.08 - drop))
    return 0.2


def _apostrophe(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    pen.line(canvas, spot.at(0.1, 1.05), spot.at(0.04, random.uniform(0.75, 0.9)))
    return 0.15


def _dash(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    length, up = random.uniform(0.2, 0.7), random.uniform(0.2, 0.6)
    if random.random() < 0.15:
        length *= 3
    pen.line(canvas, spot.at(0, up), spot.at(length, up + random.uniform(-0.1, 0.15)))
    return length


def _wave(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    length, up = random.uniform(0.5, 1.6), random.uniform(0.3, 0.5)
    steps = np.linspace(0, 1, 12)
    swing = 0.1 * np.sin(steps * random.uniform(4, 12))
    pen.curve(canvas, [spot.at(length * step, up + rise) for step, rise in zip(steps, swing, strict=True)])
    return length


def _equals(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    length, up, apart = random.uniform(0.2, 0.6), random.uniform(0.3, 0.9), random.uniform(0.12, 0.25)
    for level in (up, up - apart):
        pen.line(canvas, spot.at(0, level), spot.at(length, level + random.uniform(-0.06, 0.08)))
    return length


def _dot_equals(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    _dot(canvas, spot, pen, random)
    return 0.25 + _equals(canvas, _Spot(spot.x + 0.25 * spot.height, spot.baseline, spot.height), pen, random)


def _colon(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    lower, upper = random.uniform(0.0, 0.25), random.uniform(0.35, 0.6)
    for up in (lower, upper):
        pen.line(canvas, spot.at(0.02, up), spot.at(random.uniform(0.04, 0.2), up + random.uniform(-0.03, 0.05)))
    return 0.2


def _slash(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    lean = random.uniform(0.2, 0.45)
    pen.line(canvas, spot.at(lean, random.uniform(0.95, 1.2)), spot.at(0, random.uniform(-0.25, 0.0)))
    return lean


def _slash_dash(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    lean = _slash(canvas, spot, pen, random)
    after = _Spot(spot.x + (lean + random.uniform(-0.15, 0.1)) * spot.height, spot.baseline, spot.height)
    return lean + _dash(canvas, after, pen, random)


def _dot_dash(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    (_dot if random.random() < 0.6 else _comma)(canvas, spot, pen, random)
    after = _Spot(spot.x + random.uniform(0.1, 0.4) * spot.height, spot.baseline, spot.height)
    return 0.3 + _dash(canvas, after, pen, random)


def _hash(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    lean = random.uniform(0, 0.12)
    for across in (0.1, 0.3):
        pen.line(canvas, spot.at(across + lean, 0.75), spot.at(across, 0.1))
    for up in (0.32, 0.55):
        pen.line(canvas, spot.at(0, up), spot.at(0.45, up + random.uniform(0, 0.06)))
    return 0.5


def _dollar(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    reach = random.uniform(0.14, 0.22)
    bend = np.linspace(0, 1, 16)
    pen.curve(
        canvas,
        [spot.at(0.25 + reach * float(np.sin(2.2 * np.pi * b + 0.6)), 0.9 - 0.8 * float(b)) for b in bend],
    )
    for across in (0.25,) if random.random() < 0.6 else (0.2, 0.32):
        pen.line(canvas, spot.at(across + 0.04, 1.08), spot.at(across - 0.03, -0.1))
    return 0.6


def _euro(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    angles = np.linspace(0.9, 5.4, 14)
    pen.curve(canvas, [spot.at(0.35 + 0.28 * float(np.cos(a)), 0.48 + 0.42 * float(np.sin(a))) for a in angles])
    for up in (0.4, 0.56):
        pen.line(canvas, spot.at(0, up), spot.at(random.uniform(0.35, 0.5), up))
    return 0.75


def _pound(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    hook = ((0.5, 0.8), (0.38, 0.95), (0.22, 0.8), (0.25, 0.4), (0.05, 0.0), (0.3, 0.04), (0.55, 0.0))
    pen.curve(canvas, [spot.at(*point) for point in hook])
    pen.line(canvas, spot.at(0.05, 0.45), spot.at(random.uniform(0.35, 0.5), 0.45))
    return 0.7


def _rupee(canvas: InkImage, spot: _Spot, pen: MarkPen, random: np.random.Generator) -> float:
    pen.line(canvas, spot.at(0, 0.95), spot.at(0.5, 0.97))
    pen.line(canvas, spot.at(0, 0.7), spot.at(random.uniform(0.4, 0.5), 0.72))
    pen.curve(canvas, [spot.at(*p) for p in ((0.1, 0.95), (0.35, 0.85), (0.3, 0.55), (0.02, 0.5), (0.4, 0.0))])
    return 0.65


_OPENINGS: tuple[_Mark, ...] = (_dash, _hash, _dollar, _equals, _euro, _pound, _rupee)
"""No slash: before digits nobody could tell it from a one."""
_SEPARATORS: tuple[_Mark, ...] = (_dot, _dot, _dot, _comma, _comma, _apostrophe, _dash)
_ENDINGS: tuple[_Mark, ...] = (
    _dot, _comma, _comma, _apostrophe, _colon, _dash, _dash, _dot_dash, _dot_dash, _dot_dash, _equals, _dot_equals,
    _slash_dash, _hash, _wave, _euro,
)  # fmt: skip


def draw_opening(
    canvas: InkImage, x: float, baseline: float, height: float, pen: MarkPen, random: np.random.Generator
) -> float:
    """Draw what may stand before an amount; returns the column where digits may start."""
    mark = _OPENINGS[int(random.integers(len(_OPENINGS)))]
    return x + (mark(canvas, _Spot(x, baseline, height), pen, random) + float(random.uniform(0.02, 0.3))) * height


def draw_separator(
    canvas: InkImage, x: float, baseline: float, height: float, pen: MarkPen, random: np.random.Generator
) -> float:
    """Draw a thousands mark, or just leave room; returns the room to leave, pixels."""
    room = float(random.uniform(0.08, 0.4))
    if random.random() < 0.12:
        return room * 2 * height
    mark = _SEPARATORS[int(random.integers(len(_SEPARATORS)))]
    width = mark(canvas, _Spot(x + float(random.uniform(0, 0.15)) * height, baseline, height), pen, random)
    return max(room, min(width, 0.5)) * height


def draw_ending(
    canvas: InkImage, x: float, baseline: float, height: float, pen: MarkPen, random: np.random.Generator
) -> float:
    """Draw what may follow an amount; returns the column where it ends."""
    mark = _ENDINGS[int(random.integers(len(_ENDINGS)))]
    return x + mark(canvas, _Spot(x, baseline, height), pen, random) * height
