"""What the recogniser says, and the interface through which it is asked. Imports neither Keras nor LiteRT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

GrayImage = NDArray[np.uint8]
"""(H, W) uint8 as scanned: dark ink on light paper."""

InkImage = NDArray[np.uint8]
"""(H, W) uint8 with paper removed: 0 where there is no ink, up to 255 where there is."""

FloatArray = NDArray[np.float32]

DIGIT_COUNT = 10
NOT_A_DIGIT = 10
"""Index of the class 'not one digit' behind the ten digits."""
CLASS_COUNT = 11


@dataclass(frozen=True, slots=True)
class DigitReadings:
    """Calibrated probabilities of a batch of crops.

    Attributes:
        probabilities: (N, 11) float32, rows sum to one: digits 0 to 9, then 'not one digit'. N may be 0.
    """

    probabilities: FloatArray

    def __len__(self) -> int:
        return len(self.probabilities)


@dataclass(frozen=True, slots=True)
class StripCandidate:
    """One possible reading of a strip.

    Attributes:
        text: digits, left to right; empty when the strip may hold none.
        log_probability: natural logarithm of the probability of `text`, averaged over the views read.
        spans: per digit the (left, right) columns it was seen at, pixels of the strip as handed in.
        weakest: probability of its least sure digit where it is seen best, over the views read; 0 for strings far
            behind the best one.
    """

    text: str
    log_probability: float
    spans: tuple[tuple[float, float], ...] = ()
    weakest: float = 0.0


@dataclass(frozen=True, slots=True)
class StripReadings:
    """Best strings of a batch of strips, likeliest first within each strip; one entry a strip, in order."""

    candidates: tuple[tuple[StripCandidate, ...], ...]

    def __len__(self) -> int:
        return len(self.candidates)


class Recognizer(Protocol):
    """What the pipeline needs of a recogniser. One call for many crops, never one a digit."""

    def read_digits(self, crops: Sequence[InkImage]) -> DigitReadings:
        """Read crops that should hold one digit each; any size, ink bright on zero."""
        ...

    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings:
        """Read text rows with any number of digits; any size, dark on light, digits filling most of the height."""
        ...

    def read_combs(self, pictures: Sequence[GrayImage]) -> StripReadings:
        """Read pictures of whole combs without their lines, as `read_strips` does, in less time."""
        ...
