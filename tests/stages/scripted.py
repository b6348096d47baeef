"""A recogniser that says what the test tells it to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.readings import CLASS_COUNT, NOT_A_DIGIT, DigitReadings, StripCandidate, StripReadings


def row(digit: int, probability: float = 0.999) -> np.ndarray:
    """(11,) probabilities with most of it on one class."""
    rest = (1 - probability) / (CLASS_COUNT - 1)
    answer = np.full(CLASS_COUNT, rest, np.float32)
    answer[digit] = probability
    return answer


class ScriptedRecognizer:
    """Answers crops from `digits`, in order and over again, and every strip with `strings`."""

    def __init__(self, digits: Sequence[np.ndarray] = (), strings: Sequence[StripCandidate] = ()) -> None:
        self.digits = list(digits) or [row(NOT_A_DIGIT)]
        self.strings = tuple(strings)
        self.calls = 0

    def read_digits(self, crops: Sequence[np.ndarray]) -> DigitReadings:
        self.calls += 1
        rows = [self.digits[i % len(self.digits)] for i in range(len(crops))]
        return DigitReadings(np.array(rows, np.float32).reshape(len(crops), CLASS_COUNT))

    def read_strips(self, strips: Sequence[np.ndarray]) -> StripReadings:
        return StripReadings(tuple(self.strings for _ in strips))

    def read_combs(self, pictures: Sequence[np.ndarray]) -> StripReadings:
        return StripReadings(tuple(self.strings for _ in pictures))
