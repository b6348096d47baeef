"""Two bundles side by side on digits that neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.calibration import log_loss
from recognizer.errors import DatasetError
from recognizer.evaluation import acceptance_confidence, expected_calibration_error
from recognizer.reader import load_recognizer
from recognizer.readings import DIGIT_COUNT, FloatArray, InkImage


@dataclass(frozen=True)
class Comparison:
    """How two bundles read the same labelled digits.

    Attributes:
        labels: (N,) int32, the truth.
        champion, challenger: (N, 11) float32, the calibrated probabilities of each.
    """

    labels: NDArray[np.int32]
    champion: FloatArray
    challenger: FloatArray

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def champion_is_right(self) -> NDArray[np.bool_]:
        """(N,) of each digit, whether the champion reads it right."""
        return np.asarray(self.champion.argmax(axis=1) == self.labels, np.bool_)

    @property
    def challenger_is_right(self) -> NDArray[np.bool_]:
        """(N,) of each digit, whether the challenger reads it right."""
        return np.asarray(self.challenger.argmax(axis=1) == self.labels, np.bool_)

    @property
    def champion_right(self) -> int:
        return int(self.champion_is_right.sum())

    @property
    def challenger_right(self) -> int:
        return int(self.challenger_is_right.sum())

    @property
    def log_losses(self) -> tuple[float, float]:
        """Mean negative log probability of the truth, of champion and challenger."""
        return log_loss(self.champion, self.labels), log_loss(self.challenger, self.labels)

    @property
    def calibration_errors(self) -> tuple[float, float]:
        """Expected calibration error of champion and challenger."""
        return (
            expected_calibration_error(self.champion.max(axis=1), self.champion_is_right),
            expected_calibration_error(self.challenger.max(axis=1), self.challenger_is_right),
        )

    def take(self, rows: NDArray[np.intp]) -> Comparison:
        """The given rows."""
        return Comparison(self.labels[rows], self.champion[rows], self.challenger[rows])

    def accepted(self, threshold: float) -> tuple[Acceptance, Acceptance]:
        """What champion and challenger take for a digit at the same threshold, and how many of those are wrong."""
        return (
            _accepted(self.champion, self.champion_is_right, threshold),
            _accepted(self.challenger, self.challenger_is_right, threshold),
        )


def joined(parts: Sequence[Comparison]) -> Comparison:
    """Several comparisons as one, in order: of one champion with challengers of one kind. At least one."""
    return Comparison(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.champion for part in parts]),
        np.concatenate([part.challenger for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Readings that are sure enough, and how many of them are wrong."""

    accepted: int
    wrong: int


def _accepted(probabilities: FloatArray, is_right: NDArray[np.bool_], threshold: float) -> Acceptance:
    sure = acceptance_confidence(probabilities) >= threshold
    return Acceptance(int(sure.sum()), int((sure & ~is_right).sum()))


def compare(champion: Bundle, challenger: Bundle, crops: Sequence[InkImage], labels: NDArray[np.int32]) -> Comparison:
    """Read labelled crops with both bundles, as production would.

    Args:
        crops: (h, w) uint8 each, ink bright on zero, one digit each.
        labels: (N,) int, 0 to 9.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: a bundle cannot be used.
    """
    classes = np.asarray(labels, np.int32)
    if not len(crops) or len(crops) != len(classes):
        raise DatasetError(f"{len(crops)} crops do not fit {len(classes)} labels")
    if classes.min() < 0 or classes.max() >= DIGIT_COUNT:
        raise DatasetError("digits are compared on digits only")
    old, new = (load_recognizer(bundle, "cpu").read_digits(crops).probabilities for bundle in (champion, challenger))
    return Comparison(classes, old, new)
