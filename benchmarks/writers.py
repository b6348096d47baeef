"""How far the digit network's confidence can be trusted on writers that it was neither trained nor calibrated on.

    python -m benchmarks.writers [--model DIR] --data DIR

MNIST's test writers, as they are and redrawn at scan size: calibration error (ECE), area under the generalised
risk-coverage curve (AUGRC), and what may be accepted at an error of 1 %, 0.1 % and, where enough digits could show it,
0.01 %. Coverage is given twice: at the threshold that fits these digits best, and at the one that fits the validation
writers, as it would be set in practice. Errors among accepted digits have Clopper-Pearson intervals, 95 %; ECE, whose
digits come in runs of one hand, an interval from drawing writers with replacement. `--data` holds `mnist.npz` and
`mnist_writers.npz`; without it, FIELDREADER_DATA.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from recognizer.augment import rescan
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, open_bundle
from recognizer.calibration import load_calibration
from recognizer.classifier import LiteRtEngine
from recognizer.dataset import DigitSet, IntArray, load_mnist, split_by_writer
from recognizer.digit_evaluation import SMALL_BUDGET, DigitEvaluation, evaluate_digits
from recognizer.evaluation import acceptance_confidence, expected_calibration_error
from recognizer.model_store import shipped_bundle
from recognizer.normalize import normalize_digits
from recognizer.proportions import clopper_pearson, least_trials
from recognizer.reader import read_images
from recognizer.readings import FloatArray

SEED = 11
"""Of redrawing at scan size, as in the model card, and of drawing writers."""
DRAWS = 1000

Thresholds = dict[float, float | None]
"""Error allowed -> lowest confidence accepted; None when no threshold keeps to it."""


def main() -> None:
    arguments = _arguments()
    cv2.setNumThreads(1)
    training, test = load_mnist(arguments.data)
    learnt, validation = split_by_writer(training)
    if (test.writers < 0).any() or np.isin(test.writers, training.writers).any():
        raise SystemExit(f"{arguments.data}: mnist_writers.npz does not tell the test writers from the others")
    bundle = open_bundle(arguments.model)
    engine = LiteRtEngine(bundle.file(DIGITS_INT8))
    calibration = load_calibration(bundle.file(DIGITS_CALIBRATION))
    print(describe_machine())
    print(
        f"model {bundle.name} {bundle.version}, int8; writers trained on: {_writers(learnt)}, "
        f"calibrated on: {_writers(validation)}, measured on: {_writers(test)}\n"
    )
    summary: list[str] = []
    coverage: list[str] = []
    for title, change in (("as written", _as_written), ("redrawn at scan size", _redrawn)):
        known, unseen = change(validation), change(test)
        thresholds = _thresholds(evaluate_digits(read_images(engine, calibration, known.images), known.labels))
        probabilities = read_images(engine, calibration, unseen.images)
        evaluation = evaluate_digits(probabilities, unseen.labels)
        summary.append(_summary_row(title, evaluation, unseen))
        coverage += _coverage_rows(title, evaluation, probabilities, unseen.labels, thresholds)
    print("| MNIST test writers | n | read right | ECE | AUGRC | writers without an error |")
    print("|---|---|---|---|---|---|", *summary, sep="\n")
    print("\n| digits | error allowed | threshold fits | threshold | accepted | wrong | error, 95 % | n |")
    print("|---|---|---|---|---|---|---|---|", *coverage, sep="\n")
    if len(test) < least_trials(SMALL_BUDGET):
        print(f"\nAn error of 0.01 % takes {least_trials(SMALL_BUDGET):,} digits without a wrong one to be shown.")


def _as_written(digits: DigitSet) -> DigitSet:
    return replace(digits, images=normalize_digits(list(digits.images)))


def _redrawn(digits: DigitSet) -> DigitSet:
    return replace(digits, images=rescan(digits.images, np.random.default_rng(SEED), clutter=0))


def _writers(digits: DigitSet) -> int:
    return len(np.unique(digits.writers))


def _thresholds(evaluation: DigitEvaluation) -> Thresholds:
    return {point.max_error: point.threshold for point in evaluation.coverage_at}


def _summary_row(title: str, evaluation: DigitEvaluation, digits: DigitSet) -> str:
    is_right = evaluation.read_as == digits.labels
    low, high = _ece_interval(evaluation.confidence, is_right, digits.writers)
    spotless = sum(bool(is_right[digits.writers == writer].all()) for writer in np.unique(digits.writers))
    report = evaluation.report
    right_low, right_high = report.accuracy_interval
    return (
        f"| {title} | {report.n:,} | {report.accuracy:.2%} ({right_low:.2%} to {right_high:.2%}) "
        f"| {report.ece:.2%} ({low:.2%} to {high:.2%}) | {evaluation.augrc:.2e} | {spotless} of {_writers(digits)} |"
    )


def _ece_interval(confidence: FloatArray, is_right: NDArray[np.bool_], writers: IntArray) -> tuple[float, float]:
    """Middle 95 % over draws of as many writers, some of them several times."""
    rng = np.random.default_rng(SEED)
    by_writer = [np.flatnonzero(writers == writer) for writer in np.unique(writers)]
    errors = []
    for _ in range(DRAWS):
        rows = np.concatenate([by_writer[place] for place in rng.integers(len(by_writer), size=len(by_writer))])
        errors.append(expected_calibration_error(confidence[rows], is_right[rows]))
    low, high = np.percentile(errors, (2.5, 97.5))
    return float(low), float(high)


def _coverage_rows(
    title: str, evaluation: DigitEvaluation, probabilities: FloatArray, labels: IntArray, others: Thresholds
) -> Iterator[str]:
    acceptance, is_right = acceptance_confidence(probabilities), evaluation.read_as == labels
    for fits, thresholds in (("these digits", _thresholds(evaluation)), ("validation writers", others)):
        for budget, threshold in thresholds.items():
            if threshold is None:
                yield f"| {title} | {budget:.2%} | {fits} | none | 0 | 0 | | {len(labels):,} |"
                continue
            is_accepted = acceptance >= threshold
            accepted, wrong = int(is_accepted.sum()), int((is_accepted & ~is_right).sum())
            low, high = clopper_pearson(wrong, accepted)
            yield (
                f"| {title} | {budget:.2%} | {fits} | {threshold:.4f} | {accepted / len(labels):.2%} | {wrong} "
                f"| {low:.3%} to {high:.3%} | {len(labels):,} |"
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.writers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("--model", type=Path, default=shipped_bundle(), help="model folder")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="folder with mnist.npz")
    return parser.parse_args()


if __name__ == "__main__":
    main()
