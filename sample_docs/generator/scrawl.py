"""Something that looks like running handwriting from a distance: for words, which nobody is to read."""

from __future__ import annotations

import numpy as np

from recognizer.allographs import FloatArray, smooth_curve
from recognizer.pen import Hand, Strokes

_LETTERS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.15, 0.5), (0.4, 0.95), (0.2, 1.0), (0.15, 0.4), (0.5, 0.0)),  # e
    ((0.1, 1.0), (0.15, 0.0), (0.4, 1.0), (0.5, 0.0)),  # n
    ((0.05, 0.9), (0.15, 0.05), (0.4, 0.1), (0.45, 1.0), (0.55, 0.0)),  # u
    ((0.3, 1.9), (0.12, 2.0), (0.12, 0.6), (0.35, 0.0)),  # l
    ((0.35, 0.95), (0.05, 0.8), (0.1, 0.05), (0.4, 0.4), (0.42, 0.95), (0.55, 0.0)),  # a
    ((0.2, 0.9), (0.25, -0.8), (0.0, -0.9), (0.1, -0.4), (0.5, 0.1)),  # j
    ((0.15, 1.0), (0.2, 0.0), (0.35, 0.05)),  # i
    ((0.2, 1.15), (0.3, 0.5), (0.15, 0.0), (0.45, 0.1)),  # s
)
"""Points of a letter, x advancing, y up from the baseline in heights of small letters."""


def scrawl_strokes(length: float, hand: Hand, rng: np.random.Generator) -> Strokes:
    """Write words without meaning.

    Args:
        length: of the line, heights of small letters.
        hand: who writes.
        rng: source of the words.

    Returns:
        One stroke a word, y = 1 the baseline and 0 the top of small letters.
    """
    strokes: list[FloatArray] = []
    x = 0.0
    while x < length - 2.5:
        points = [(x, float(rng.uniform(0.1, 0.8)))]
        for letter in rng.integers(len(_LETTERS), size=int(rng.integers(2, 9))):
            stretch = hand.width * rng.uniform(0.8, 1.3)
            start = points[-1][0] + 0.12
            points += [
                (start + stretch * px + hand.slant * py * 0.8, py + rng.normal(0, 0.06)) for px, py in _LETTERS[letter]
            ]
            if points[-1][0] > length - 1:
                break
        word = smooth_curve(np.array(points))
        strokes.append(np.stack([word[:, 0], 1 - word[:, 1]], axis=1))
        x = points[-1][0] + rng.uniform(0.5, 1.0)
    return tuple(strokes)
