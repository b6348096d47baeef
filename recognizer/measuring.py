"""The figures of a digit network as production runs it, on data that nothing was trained or chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recognizer.augment import rescan
from recognizer.calibration import Calibration
from recognizer.classifier import DigitEngine
from recognizer.dataset import DigitSet, load_answer_sheets, load_digits
from recognizer.evaluation import accepted_above, report_digits
from recognizer.normalize import normalize_digits
from recognizer.not_a_digit import HELD_OUT_KINDS, draw_non_digits
from recognizer.reader import read_images

_SEED = 11
"""Of everything drawn for measuring; never that of training."""
_NON_DIGITS_A_KIND = 500
_ACCEPTED = 0.99
"""Confidence above which a non-digit counts as accepted, as in published comparisons."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured share.

    Attributes:
        key: name within a bundle's metrics.
        label: for people.
        value: 0 to 1.
        n: sample size.
        interval: 95 % interval, where it was worked out.
    """

    key: str
    label: str
    value: float
    n: int
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What a network is measured on.

    Attributes:
        validation: digits of writers that were not trained on; the calibration is fitted on them. Or, of a run that
            held nothing out, digits that were.
        test: digits that nothing was chosen or fitted on.
        others: further sets that were not trained on.
    """

    validation: DigitSet
    test: DigitSet
    others: tuple[DigitSet, ...] = ()


def load_yardsticks(
    validation: DigitSet, test: DigitSet, answer_sheets: Path | None, further: Sequence[Path]
) -> Yardsticks:
    """Beside the test set, the exam of the answer sheets kept for reporting, and further NPZ files by their names.

    Raises:
        DatasetError: a file cannot be used.
    """
    others = [load_answer_sheets(answer_sheets)[1]] if answer_sheets else []
    return Yardsticks(validation, test, (*others, *(load_digits(file, file.stem) for file in further)))


def measure(engine: DigitEngine, calibration: Calibration, yardsticks: Yardsticks) -> tuple[Figure, ...]:
    """Figures of a network as production runs it: int8, calibrated, through the shared normalisation."""
    test = yardsticks.test
    rng = np.random.default_rng(_SEED)
    produced = replace(test, images=normalize_digits(list(test.images)))
    redrawn = replace(test, name=f"{test.name} redrawn at scan size", images=rescan(test.images, rng, clutter=0))
    figures: list[Figure] = []
    for digits in (produced, redrawn, *yardsticks.others):
        figures += _digit_figures(engine, calibration, digits)
    return (*figures, *_non_digit_figures(engine, calibration, test, rng))


def _digit_figures(engine: DigitEngine, calibration: Calibration, digits: DigitSet) -> list[Figure]:
    report = report_digits(read_images(engine, calibration, digits.images), digits.labels)
    key = digits.name.lower().replace(" ", "_")
    return [
        Figure(f"{key}_accuracy", f"{digits.name}: read right", report.accuracy, report.n, report.accuracy_interval),
        Figure(f"{key}_rejected", f"{digits.name}: called 'not one digit'", report.rejected / report.n, report.n),
        Figure(f"{key}_ece", f"{digits.name}: calibration error (ECE)", report.ece, report.n),
        Figure(f"{key}_coverage_1%", f"{digits.name}: accepted at 1 % error", report.coverage_at[0.01], report.n),
        Figure(f"{key}_coverage_0.1%", f"{digits.name}: accepted at 0.1 % error", report.coverage_at[0.001], report.n),
    ]


def _non_digit_figures(
    engine: DigitEngine, calibration: Calibration, test: DigitSet, rng: np.random.Generator
) -> list[Figure]:
    figures = []
    for kind, maker in HELD_OUT_KINDS.items():
        images = draw_non_digits(_NON_DIGITS_A_KIND, rng, test.images, {kind: maker})
        share = float(accepted_above(read_images(engine, calibration, images), _ACCEPTED).mean())
        figures.append(Figure(f"non_digit_{kind}_accepted", f"{kind} taken for a digit", share, len(images)))
    mean = float(np.mean([figure.value for figure in figures]))
    total = sum(figure.n for figure in figures)
    return [*figures, Figure("non_digits_accepted", "all these kinds taken for a digit", mean, total)]
