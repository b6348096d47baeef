"""What a hand's pen does for one digit or mark: its strokes, as points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recognizer.allographs import Skeleton, allograph, skeleton, smooth_curve
from recognizer.hand import Hand
from recognizer.ink import FloatArray, Strokes
from recognizer.letters import LETTER_PATHS

MAX_WIDTH = 1.6
"""No digit is wider than this, digit heights."""
JOINED_DIGITS = (4, 8, 9)
"""Digits of which hasty hands join the two strokes; joined fives and sevens would look like 6 and 2."""


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
    if digit in JOINED_DIGITS and rng.random() < 0.35 * hand.connectedness:
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
    "£": ("52,18 42,4 26,6 20,22 22,50 20,78 4,94 18,92 36,96 56,88 / 4,52 24,51 44,50",),
    "tick": ("0,60 10,72 18,96! 36,50 66,0",),
}
MARKS = (*_MARK_PATHS, "strike", "scribble")
"""What `mark_strokes` can write beside digits."""


def mark_strokes(mark: str, hand: Hand, rng: np.random.Generator, width: float = 1.0) -> Strokes:
    """Write a mark that is no digit, in the frame of a digit: y = 0 its top, y = 1 the baseline.

    Args:
        mark: one of `MARKS`: `. , - / = # $ £`, a tick, a `strike` (line through what was written) or a `scribble`
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
    return _written(_MARK_PATHS[mark], hand, rng)


def letter_strokes(letter: str, hand: Hand, rng: np.random.Generator) -> Strokes:
    """Write a letter, in the frame of a digit: y = 0 the top of capitals, y = 1 the baseline.

    Args:
        letter: one of `recognizer.letters.LETTER_PATHS`.
        hand: who writes.
        rng: source of what varies.
    """
    return _written(LETTER_PATHS[letter], hand, rng)


def _written(paths: tuple[str, ...], hand: Hand, rng: np.random.Generator) -> Strokes:
    """One of the ways to write a sign, bent and slanted as the hand does."""
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
