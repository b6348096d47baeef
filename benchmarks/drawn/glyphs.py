"""Digits of a hand at scan size, and what a scanner makes of paper and ink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.dataset import DigitSet, load_mnist
from recognizer.readings import GrayImage, InkImage

FloatImage = NDArray[np.float32]

DigitSource = Callable[[int, np.random.Generator], InkImage]
"""Draws one digit in the hand of one writer, tight or loose, ink bright on zero."""

Half = Literal["tune", "report"]
_HALVES_SEED = 30
"""Which half a writer is in never changes: what was looked at on one half says nothing about the other."""
INK_LEVEL = 60
"""Where a writer's digit begins and ends: weaker ink does not widen it."""
ENLARGED = 1.3
"""Pictures enlarged by more are soft; their edges are sharpened to a pen's."""


@dataclass(frozen=True)
class WriterHand:
    """Digits of one writer, as far as that writer left any.

    Attributes:
        by_digit: (n, 28, 28) uint8 pictures of every digit that can be written.
    """

    by_digit: Mapping[int, NDArray[np.uint8]]

    def __call__(self, digit: int, rng: np.random.Generator) -> InkImage:
        pictures = self.by_digit[digit]
        return np.asarray(pictures[rng.integers(len(pictures))], np.uint8)

    def choose(self, count: int, rng: np.random.Generator) -> str:
        """So many digits at random, each as likely as it is among the writer's own."""
        digits = sorted(self.by_digit)
        shares = np.array([len(self.by_digit[digit]) for digit in digits], float)
        return "".join(str(digit) for digit in rng.choice(digits, count, p=shares / shares.sum()))


def writer_hands(digits: DigitSet) -> list[WriterHand]:
    """One hand for every known writer of a set."""
    hands = []
    for writer in np.unique(digits.writers[digits.writers >= 0]):
        mine = digits.take(digits.writers == writer)
        hands.append(WriterHand({int(d): mine.images[mine.labels == d] for d in np.unique(mine.labels)}))
    return hands


def half_of_writers(test: DigitSet, half: Half) -> DigitSet:
    """The digits of one half of MNIST's test writers, whom no network learnt from.

    Calibrations and thresholds, a few numbers each, are fitted on fields of the one half, and things are looked at
    there; the other half gives the figures that are reported.
    """
    writers = np.unique(test.writers[test.writers >= 0])
    shuffled = np.random.default_rng(_HALVES_SEED).permutation(writers)
    middle = len(shuffled) // 2
    return test.take(np.isin(test.writers, shuffled[:middle] if half == "tune" else shuffled[middle:]))


def unseen_hands(data: Path, half: Half) -> list[WriterHand]:
    """The hands of one half of MNIST's test writers.

    Args:
        data: folder with MNIST and its writers.
        half: as `half_of_writers` has it.
    """
    return writer_hands(half_of_writers(load_mnist(data)[1], half))


def tight_digit(digit: InkImage) -> InkImage:
    """A digit without the paper round it."""
    rows, columns = np.flatnonzero(digit.max(axis=1) > INK_LEVEL), np.flatnonzero(digit.max(axis=0) > INK_LEVEL)
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scale_digit(tight: InkImage, scale: float, rng: np.random.Generator) -> FloatImage:
    """A tight digit so many times as large: (h, w) float32, 0 on paper, 1 where the pen was."""
    shape = (max(2, round(tight.shape[1] * scale)), max(2, round(tight.shape[0] * scale)))
    picture = cv2.resize(tight, shape, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    if scale > ENLARGED:
        picture = np.clip((picture - rng.uniform(0.25, 0.5)) / 0.3, 0, 1)
    return np.asarray(picture, np.float32)


def lay_digit(ink: FloatImage, picture: FloatImage, left: int, top: int) -> None:
    """Write a digit on an ink layer in place; what lies beyond its edge is lost."""
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(ink.shape[1], left + picture.shape[1]), min(ink.shape[0], top + picture.shape[0])
    if x0 < x1 and y0 < y1:
        window = ink[y0:y1, x0:x1]
        np.maximum(window, picture[y0 - top : y1 - top, x0 - left : x1 - left], out=window)


def scan(gray: FloatImage, rng: np.random.Generator) -> GrayImage:
    """What a scanner makes of a sheet: blur, noise and, mostly, JPEG."""
    blurred = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.4, 1.1)) + rng.normal(0, rng.uniform(0.5, 5), gray.shape)
    image = np.clip(blurred, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(45, 92))
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return image


def cover_with_ink(paper: FloatImage, ink: FloatImage, darkness: float) -> FloatImage:
    """Paper with pen strokes of one darkness on it: a black pen on a black line is no darker than either."""
    level = np.minimum(paper, 255 * (1 - darkness))
    return np.asarray(paper * (1 - ink) + level * ink, np.float32)
