"""Our own handwriting: hands that differ, digits as pen strokes, and lines of them.

No picture of anybody's writing is in it. A `Hand` is one imagined writer: it keeps its shapes (crossed or plain sevens,
...), slant, width, pressure and pen, and each digit it writes varies a little. Everything follows from the
`numpy.random.Generator` handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from recognizer.allographs import ALLOGRAPHS, Skeleton, allograph, skeleton, smooth_curve
from recognizer.ink import STEADY_TOUCH, FloatArray, Strokes, Tool, Touch, draw_strokes, lay_strokes
from recognizer.readings import InkImage

__all__ = [
    "MARKS",
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
    "mark_strokes",
    "random_hand",
    "write_line",
]

MAX_WIDTH = 1.6
"""No digit is wider than this, digit heights."""


@dataclass(frozen=True, slots=True)
class Hand:
    """One writer. Lengths are in digit heights.

    Attributes:
        styles, second_styles: name of the usual and the occasional allograph of each digit, ten each.
        constancy: share of digits written in the usual style.
        habit: seed of the writer's own bends of every shape.
        slant: shift of the top to the right.
        width: factor on the width of every digit.
        waist: how far the middle of a digit sits below (positive) or above its usual place.
        angularity: 1 straight lines between turning points, 0 curves, -1 corners rubbed off.
        size: height of the writer's digits against the room the form gives, 1 = as the form's designer meant.
        zero_size: height of a zero against other digits; many write them smaller in amounts.
        spacing: gap between digits, negative when they overlap.
        wander: spread of the baseline from digit to digit.
        carelessness: spread of the control points from digit to digit.
        wobble: size of the tremor along a stroke.
        connectedness: chance that the pen is not lifted between two strokes, or between two digits.
        pen_width: width of the stroke.
        touch: how the pen is pressed.
    """

    styles: tuple[str, ...]
    second_styles: tuple[str, ...]
    constancy: float
    habit: int
    slant: float
    width: float
    waist: float
    angularity: float
    size: float
    zero_size: float
    spacing: float
    wander: float
    carelessness: float
    wobble: float
    connectedness: float
    pen_width: float
    touch: Touch


def random_hand(rng: np.random.Generator) -> Hand:
    """Imagine a writer: a school decides which shapes are likely, the rest varies freely.

    Spreads were set by looking at sheets of drawn digits beside MNIST's and beside amounts on cheques.
    """
    american = float(rng.beta(0.7, 0.7))  # most writers lean to one school, some mix
    first, second = zip(*(_two_styles(digit, american, rng) for digit in range(10)), strict=True)
    tool = (Tool.BALL, Tool.GEL, Tool.FELT, Tool.PENCIL)[int(rng.choice(4, p=[0.5, 0.25, 0.12, 0.13]))]
    pen = {Tool.BALL: 0.072, Tool.GEL: 0.09, Tool.FELT: 0.14, Tool.PENCIL: 0.075}[tool]
    darkness = {Tool.BALL: (0.75, 1.0), Tool.GEL: (0.9, 1.0), Tool.FELT: (0.85, 1.0), Tool.PENCIL: (0.5, 0.85)}[tool]
    return Hand(
        styles=first,
        second_styles=second,
        constancy=float(rng.uniform(0.75, 1.0)),
        habit=int(rng.integers(2**31)),
        slant=float(np.clip(rng.normal(0.12, 0.17), -0.35, 0.6)),
        width=float(np.clip(rng.lognormal(-0.04, 0.16), 0.6, 1.4)),
        waist=float(rng.normal(0, 0.05)),
        angularity=float(np.clip(rng.normal(-0.15, 0.35), -1.0, 0.5)),
        size=float(np.clip(rng.normal(1.0, 0.12), 0.65, 1.3)),
        zero_size=float(rng.uniform(0.62, 1.0)) if rng.random() < 0.5 else 1.0,
        spacing=float(np.clip(rng.normal(0.16, 0.12), -0.12, 0.6)),
        wander=float(abs(rng.normal(0, 0.03))),
        carelessness=float(np.clip(rng.lognormal(-3.8, 0.4), 0.008, 0.05)),
        wobble=float(rng.choice([0.0, 1.0]) * abs(rng.normal(0, 0.004))),
        connectedness=float(rng.beta(0.6, 3.0)),
        pen_width=float(np.clip(pen * rng.lognormal(0, 0.22), 0.035, 0.2)),
        touch=Touch(
            tool=tool,
            darkness=float(rng.uniform(*darkness)),
            contrast=float(np.clip(rng.normal(0.18, 0.14), 0, 0.6)),
            nib_rad=float(rng.normal(np.pi / 2 - 0.2, 0.4)),  # downstrokes are pressed
            unsteadiness=float(rng.uniform(0.02, 0.12)),
            taper=float(rng.uniform(0, 0.55)),
            softness=float(rng.uniform(0.3, 0.6)),
        ),
    )


def _two_styles(digit: int, american: float, rng: np.random.Generator) -> tuple[str, str]:
    shapes = ALLOGRAPHS[digit]
    weights = np.array([american * a.american + (1 - american) * a.continental for a in shapes])
    first, second = rng.choice(len(shapes), 2, p=weights / weights.sum())
    return shapes[int(first)].name, shapes[int(second)].name


def digit_strokes(digit: int, hand: Hand, rng: np.random.Generator) -> Strokes:
    """Write one digit.

    Args:
        digit: 0 to 9.
        hand: who writes.
        rng: source of what varies from digit to digit.

    Returns:
        Strokes whose centre lines just fill y from 0 to 1 and begin at x = 0; at most `MAX_WIDTH` wide.
    """
    styles = hand.styles if rng.random() < hand.constancy else hand.second_styles
    name = styles[digit]
    shape = skeleton(allograph(digit, name).path)
    points = _own_points(hand.habit, digit, name)
    wild = min(0.045, hand.carelessness * rng.lognormal(0, 0.35))
    points = points + 1.9 * wild * _bend(shape.points, rng) + 0.45 * wild * rng.standard_normal(points.shape)
    samples = _formed(_curve(shape, points, hand.angularity), hand, rng)
    ends = list(shape.ends)
    if len(ends) > 1 and rng.random() < 0.35 * hand.connectedness:
        ends = ends[-1:]  # the pen stays on the paper between the strokes
    return tuple(np.split(samples, ends[:-1]))


def _curve(shape: Skeleton, points: FloatArray, angularity: float) -> FloatArray:
    curve = shape.curve @ points
    other = shape.polygon if angularity > 0 else shape.rounded
    share = abs(angularity)
    result: FloatArray = (1 - share) * curve + share * (other @ points)
    return result


def _formed(samples: FloatArray, hand: Hand, rng: np.random.Generator) -> FloatArray:
    """Give a digit the hand's tremor, proportions and slant, and set it into the unit box."""
    if hand.wobble > 0:
        tremor = rng.standard_normal((len(samples) // 2 + 2, 2))
        samples = samples + hand.wobble * np.repeat(tremor, 2, axis=0)[: len(samples)]
    turn, stretch, lean, drop = rng.standard_normal(4) * (0.035, 0.07, 0.045, 0.015)
    x, y = samples[:, 0] - 0.3, samples[:, 1]
    y = y + 4 * (hand.waist + drop) * y * (1 - y)
    x = x * hand.width * np.exp(stretch)
    x, y = x + turn * y, y - turn * x
    low, high = y.min(), y.max()
    y = (y - low) / max(high - low, 1e-6)
    x = x + (hand.slant + lean) * (1 - y)
    x = x - x.min()
    width = x.max()
    if width > MAX_WIDTH:
        x = x * (MAX_WIDTH / width)
    return np.stack([x, y], axis=1)


@lru_cache(maxsize=4096)
def _own_points(habit: int, digit: int, name: str) -> FloatArray:
    """(n, 2) control points of an allograph as one writer learnt it."""
    rng = np.random.default_rng((habit, digit, *name.encode()))
    shape = skeleton(allograph(digit, name).path)
    bent = shape.points + 0.036 * _bend(shape.points, rng) + 0.006 * rng.standard_normal(shape.points.shape)
    bent[:, 0] = 0.3 + (bent[:, 0] - 0.3) * rng.lognormal(0, 0.1)
    bent.setflags(write=False)
    return bent


def _bend(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(n, 2) smooth displacement, spread about 1: neighbouring points move together, so loops stay closed."""
    waves = rng.standard_normal((3, 2, 2))
    phases = points @ (2.4 * waves[:, :, 0].T) + rng.uniform(0, 2 * np.pi, 3)
    directions = waves[:, :, 1] / np.linalg.norm(waves[:, :, 1], axis=0)
    slimness = min(1.0, 0.4 + float(np.ptp(points[:, 0])))  # a bent 1 soon is a bracket
    result: FloatArray = np.sin(phases) @ directions * (slimness * np.sqrt(2))
    return result


_MARK_PATHS: dict[str, tuple[str, ...]] = {
    ".": ("3,94 8,97 4,101",),
    ",": ("9,92 10,101 2,116", "8,94 9,100 4,112"),
    "-": ("0,54 18,53 36,52", "0,55 24,54 52,50"),
    "/": ("44,-6 24,46 2,108", "34,-4 18,50 0,104"),
    "=": ("0,44 20,43 42,42 / 0,60 22,60 44,58", "0,42 44,40! 4,58! 46,57"),
    "#": ("24,4 18,48 10,98 / 48,2 42,48 34,97 / 2,34 30,33 60,31 / 0,66 28,65 57,63",),
    "$": ("54,14 30,6 8,20 24,44 52,62 50,84 24,94 2,82 / 32,-8 30,50 27,110",),
    "tick": ("0,60 10,72 18,96! 36,50 66,0",),
}
MARKS = (*_MARK_PATHS, "strike", "scribble")
"""What `mark_strokes` can write beside digits."""


def mark_strokes(mark: str, hand: Hand, rng: np.random.Generator, width: float = 1.0) -> Strokes:
    """Write a mark that is no digit, in the frame of a digit: y = 0 its top, y = 1 the baseline.

    Args:
        mark: one of `MARKS`: `. , - / = # $`, a tick, a `strike` (line through what was written) or a `scribble`
            that covers it.
        hand: who writes.
        rng: source of what varies.
        width: what a strike or a scribble has to cover, digit heights; other marks have their own width.

    Raises:
        ValueError: no such mark.
    """
    if mark == "strike":
        return _strike(width, rng)
    if mark == "scribble":
        return _scribble(width, rng)
    if mark not in _MARK_PATHS:
        raise ValueError(f"no mark {mark!r}; known are {', '.join(MARKS)}")
    paths = _MARK_PATHS[mark]
    shape = skeleton(paths[int(rng.integers(len(paths)))])
    wild = min(0.045, hand.carelessness * rng.lognormal(0, 0.35))
    points = shape.points + 1.9 * wild * _bend(shape.points, rng) + 0.4 * wild * rng.standard_normal(shape.points.shape)
    samples = _curve(shape, points, hand.angularity)
    x = samples[:, 0] * hand.width + hand.slant * (1 - samples[:, 1])
    samples = np.stack([x - x.min(), samples[:, 1]], axis=1)
    return tuple(np.split(samples, shape.ends[:-1]))


def _strike(width: float, rng: np.random.Generator) -> Strokes:
    """One or two lines through the middle, beyond both ends."""
    lines = []
    for level in rng.permutation([0.42, 0.6])[: 1 + int(rng.random() < 0.4)]:
        x = np.linspace(-0.12 * rng.random(), width + 0.12 * rng.random(), 14)
        tilt, arch = rng.normal(0, 0.1), rng.normal(0, 0.05)
        along = np.linspace(-1, 1, 14)
        lines.append(np.stack([x, level + tilt * along + arch * (1 - along**2)], axis=1))
    return tuple(lines)


def _scribble(width: float, rng: np.random.Generator) -> Strokes:
    """Zigzag to and fro over the whole width, as one blots something out."""
    turns = max(5, round(width * rng.uniform(6, 10)))
    x = np.linspace(0.0, width, turns) + rng.normal(0, 0.05, turns)
    y = np.where(np.arange(turns) % 2 == 0, 0.08, 0.92) + rng.normal(0, 0.09, turns)
    return (smooth_curve(np.stack([x, y], axis=1)),)


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
