"""Our own handwriting: hands that differ, digits as pen strokes, and lines of them.

No picture of anybody's writing is in it. A `Hand` is one imagined writer: it keeps its shapes (crossed or plain sevens,
...), slant, width, pressure and pen, and each digit it writes varies a little. Everything follows from the
`numpy.random.Generator` handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.hand import Hand, random_hand
from recognizer.ink import STEADY_TOUCH, FloatArray, Strokes, Tool, Touch, draw_strokes, lay_strokes
from recognizer.readings import InkImage
from recognizer.strokes import MARKS, MAX_WIDTH, digit_strokes, letter_strokes, mark_strokes

__all__ = [
    "MARKS",
    "MAX_WIDTH",
    "STEADY_TOUCH",
    "Hand",
    "Strokes",
    "Tool",
    "Touch",
    "WrittenLine",
    "digit_strokes",
    "draw_digit",
    "draw_strokes",
    "lay_strokes",
    "letter_strokes",
    "mark_strokes",
    "random_hand",
    "write_line",
]


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A row of digits and marks.

    Attributes:
        strokes: all strokes of the row, x from 0, y = 0 the top of a tall digit and 1 the mean baseline.
        spans: (left, right) of each character, digit heights, in order.
    """

    strokes: Strokes
    spans: tuple[tuple[float, float], ...]


def write_line(text: str, hand: Hand, rng: np.random.Generator) -> WrittenLine:
    """Write digits and marks on a line as this hand spaces, sizes and joins them.

    Args:
        text: digits, spaces and one-character `MARKS`.
        hand: who writes.
        rng: source of what varies.
    """
    strokes: list[FloatArray] = []
    spans: list[tuple[float, float]] = []
    pen_x = 0.0
    drift = rng.normal(0, 0.012)
    for place, char in enumerate(text):
        if char == " ":
            spans.append((pen_x, pen_x + 0.3))
            pen_x += 0.3
            continue
        glyph = _on_the_line(char, hand, rng, lift=drift * place)
        gap = _gap(text[place - 1 : place + 1], hand) + rng.normal(0, 0.04)
        start = pen_x + (gap + 0.6 * hand.pen_width if spans else 0.0)
        glyph = [stroke + np.array([start, 0.0]) for stroke in glyph]
        if strokes and char == text[place - 1] == "0" and rng.random() < hand.connectedness:
            strokes.append(_ligature(strokes[-1][-1], glyph[0][0]))
        strokes.extend(glyph)
        right = max(float(stroke[:, 0].max()) for stroke in glyph)
        spans.append((start, right))
        pen_x = right
    return WrittenLine(tuple(strokes), tuple(spans))


def _gap(pair: str, hand: Hand) -> float:
    """Gap between two characters: a separator stands closer, but never under its neighbour."""
    if any(char in ".," for char in pair):
        return max(0.1, 0.45 * hand.spacing)
    return hand.spacing


def _on_the_line(char: str, hand: Hand, rng: np.random.Generator, lift: float) -> list[FloatArray]:
    glyph: Sequence[FloatArray]
    if not char.isdigit():
        return list(mark_strokes(char, hand, rng))
    glyph = digit_strokes(int(char), hand, rng)
    size = (hand.zero_size if char == "0" else 1.0) * rng.lognormal(0, 0.04)
    baseline = 1.0 + rng.normal(0, hand.wander) - lift
    return [stroke * size + np.array([0.0, baseline - size]) for stroke in glyph]


def _ligature(start: FloatArray, end: FloatArray) -> FloatArray:
    """The stroke a pen leaves that is not lifted between two zeros."""
    along = np.linspace(0, 1, 8)[:, None]
    sag = np.array([[0.0, 0.06]]) * np.sin(np.pi * along)
    result: FloatArray = start + (end - start) * along + sag
    return result


def draw_digit(digit: int, hand: Hand, rng: np.random.Generator, height_px: float = 40) -> InkImage:
    """Write one digit and draw it.

    Args:
        digit: 0 to 9.
        hand: who writes; its pen is as wide as it is for digits of any size.
        rng: source of what varies.
        height_px: height of the ink, about; at least 8.

    Returns:
        (h, w) uint8, ink bright on zero, with a margin of a few empty pixels.
    """
    pen_px = hand.pen_width * height_px
    strokes = digit_strokes(digit, hand, rng)
    return draw_strokes(strokes, max(4.0, height_px - pen_px), pen_px, hand.touch, rng)
