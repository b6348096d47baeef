"""Whether an error budget is kept on writers never seen, and how well field probabilities are calibrated there.

    FIELDREADER_DATA=... python -m benchmarks.error_budget [--calibrating 20000] [--testing 50000] [--worn 3000]
        [--draws 200] [--only drawn|real] [--real]

Both halves of MNIST's test writers write comb fields, which are read once and kept under `--pool` until the reader
changes. In every draw the fields of some writers of the one half give the threshold, as `fieldreader calibrate` makes
it, and those of some writers of the other half say what it takes and how much of that is wrong. Probabilities are those
of the bundle, which may have been fitted on the calibrating half and never on the other.

`--real` fits on the tune halves of the real sets and applies that to their report halves: look at it once, at the end.
Without it, whole batches of the tune halves are left out in turn.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.glyphs import Half, unseen_hands
from benchmarks.field_pool import Pool, Wear, read_pool
from benchmarks.machine import describe_machine
from benchmarks.real_budget import measure_real
from pipeline.confidence.certify import LabelledReadings, budget_points
from pipeline.confidence.operating_point import BudgetPoint, ReaderCalibration, load_operating_point
from pipeline.stages.decode import COMB
from recognizer.bundle import DIGITS_INT8, OPERATING_POINT, Bundle, open_bundle
from recognizer.digit_evaluation import generalised_risk_area
from recognizer.evaluation import expected_calibration_error, risk_coverage
from recognizer.model_store import shipped_bundle
from recognizer.proportions import wilson_interval
from recognizer.reader import load_recognizer
from recognizer.readings import GrayImage, Recognizer

BUDGETS = (0.01, 0.001)
DRAWN_SHARE = 0.8
"""Share of the writers of either half that take part in a draw."""
READING_CODE = ("benchmarks/drawn", "pipeline/stages", "recognizer")
SEED = 41


# --- drawn fields --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """One parting of the writers: what was promised, and what came of it on the other writers."""

    point: BudgetPoint
    taken: int
    wrong: int
    tested: int

    @property
    def is_kept(self) -> bool:
        return self.wrong <= self.point.max_error * self.taken


def blurred(image: GrayImage, rng: np.random.Generator) -> GrayImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(1.2, 2.0)), np.uint8)


def noisy(image: GrayImage, rng: np.random.Generator) -> GrayImage:
    worse = image + rng.normal(0, rng.uniform(10, 25), image.shape)
    return np.asarray(np.clip(worse, 0, 255), np.uint8)


def coarse(image: GrayImage, rng: np.random.Generator) -> GrayImage:
    """As scanned at 100 to 150 dpi and enlarged again."""
    height, width = image.shape
    share = rng.uniform(0.45, 0.6)
    small = cv2.resize(image, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def compressed(image: GrayImage, rng: np.random.Generator) -> GrayImage:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(10, 25))])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def pale(image: GrayImage, rng: np.random.Generator) -> GrayImage:
    """A third of the contrast, more or less."""
    paper = float(np.median(image))
    return np.asarray(np.clip(paper + (image - paper) * rng.uniform(0.25, 0.45), 0, 255), np.uint8)


WEAR: dict[str, Wear] = {"blur": blurred, "noise": noisy, "low dpi": coarse, "JPEG": compressed, "contrast": pale}


def confidences(pool: Pool, calibration: ReaderCalibration) -> LabelledReadings:
    """The fields of a pool with the probabilities that a calibration gives them."""
    confidence = np.array([calibration.probability(features) for features in pool.readings.features])
    return LabelledReadings(confidence, pool.readings.is_right, pool.readings.hand)


def draws(
    given: LabelledReadings, unseen: Pool, readings: LabelledReadings, count: int, hands_count: bool
) -> list[Draw]:
    """Outcomes of so many draws for every budget, budget by budget within each draw.

    Args:
        given: fields of the calibrating writers that could be accepted.
        unseen: fields of the testing writers; those that could not be accepted count as not read.
        readings: the acceptable ones of `unseen` with their probabilities.
        count: of draws.
        hands_count: whether fields of one hand count for less than as many hands.
    """
    rng = np.random.default_rng(SEED)
    acceptable = len(readings) / unseen.drawn
    outcomes = []
    for _ in range(count):
        calibrating, testing = _some_writers(given, rng), _some_writers(readings, rng)
        if not hands_count:
            calibrating = LabelledReadings(calibrating.confidence, calibrating.is_right, np.arange(len(calibrating)))
        for point in budget_points(calibrating, BUDGETS):
            taken = testing.confidence >= point.threshold
            wrong = int((~testing.is_right[taken]).sum())
            outcomes.append(Draw(point, int(taken.sum()), wrong, round(len(testing) / acceptable)))
    return outcomes


def _some_writers(readings: LabelledReadings, rng: np.random.Generator) -> LabelledReadings:
    hands = np.unique(readings.hand)
    return readings.take(np.isin(readings.hand, rng.permutation(hands)[: round(DRAWN_SHARE * len(hands))]))


def budget_rows(given: LabelledReadings, unseen: Pool, readings: LabelledReadings, count: int) -> Iterator[str]:
    """A row for every budget, with hands counted and with fields counted."""
    for hands_count in (True, False):
        outcomes = draws(given, unseen, readings, count, hands_count)
        for number, budget in enumerate(BUDGETS):
            mine = outcomes[number :: len(BUDGETS)]
            proven = [draw for draw in mine if draw.point.is_proven]
            kept = sum(draw.is_kept for draw in mine)
            low, high = wilson_interval(kept, count)
            taken, wrong = sum(draw.taken for draw in mine), sum(draw.wrong for draw in mine)
            yield (
                f"| {100 * budget:g} % | {'hands' if hands_count else 'fields'} | {100 * len(proven) / count:.0f} % | "
                f"{100 * kept / count:.1f} % ({100 * low:.1f}-{100 * high:.1f}) | "
                f"{sum(draw.is_kept for draw in proven)} of {len(proven)} | "
                f"{100 * taken / sum(draw.tested for draw in mine):.1f} % | {100 * wrong / max(1, taken):.3f} % |"
            )


def calibration_row(name: str, readings: LabelledReadings, drawn: int) -> str:
    """How exact, how well calibrated, how well ranked."""
    coverage, risk = risk_coverage(readings.confidence, readings.is_right)
    return (
        f"| {name} | {drawn} | {len(readings)} | {100 * readings.is_right.mean():.2f} % | "
        f"{100 * readings.confidence.mean():.2f} % | "
        f"{expected_calibration_error(readings.confidence, readings.is_right):.4f} | "
        f"{generalised_risk_area(coverage, risk):.5f} |"
    )


def reader_key(bundle: Bundle) -> str:
    """Changes with whatever draws or reads the fields, so that no pool outlives the reader it was read by."""
    root = Path(__file__).resolve().parent.parent
    sources = sorted(file for folder in READING_CODE for file in (root / folder).glob("*.py"))
    hashes = [hashlib.sha256(file.read_bytes()).digest() for file in sources]
    return hashlib.sha256(b"".join([bundle.files[DIGITS_INT8].encode(), *hashes])).hexdigest()[:12]


def measure_drawn(arguments: argparse.Namespace, data: Path, bundle: Bundle, recognizer: Recognizer) -> None:
    """Budget and calibration on drawn fields of MNIST's test writers."""
    halves: tuple[Half, Half] = ("tune", "report")
    calibrating, testing = (unseen_hands(data, half) for half in halves)
    folder = arguments.pool / reader_key(bundle)
    calibration = load_operating_point(bundle.file(OPERATING_POINT)).readers[COMB]
    given = read_pool(folder / "calibrating", arguments.calibrating, calibrating, recognizer)
    unseen = read_pool(folder / "clean", arguments.testing, testing, recognizer)
    readings = confidences(unseen, calibration)
    print(f"{given.drawn} fields of {len(calibrating)} writers calibrate, {unseen.drawn} of {len(testing)} test\n")
    print(
        "| budget | counted | proven in | kept in (95 % interval) | kept where proven | accepted | wrong among them |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in budget_rows(confidences(given, calibration), unseen, readings, arguments.draws):
        print(row, flush=True)
    print("\n| fields | drawn | acceptable | exact | mean confidence | ECE | AUGRC |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(calibration_row("as drawn", readings, unseen.drawn))
    for name, wear in WEAR.items():
        worn = read_pool(folder / name.replace(" ", "_"), arguments.worn, testing, recognizer, wear)
        print(calibration_row(name, confidences(worn, calibration), worn.drawn), flush=True)


def main() -> None:
    """Measure on drawn fields, or on real ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=shipped_bundle())
    parser.add_argument("--pool", type=Path, default=Path("runs/error_budget"), help="where drawn fields are kept")
    parser.add_argument("--calibrating", type=int, default=20000, help="drawn fields that give thresholds")
    parser.add_argument("--testing", type=int, default=50000, help="drawn fields that thresholds are tried on")
    parser.add_argument("--worn", type=int, default=3000, help="drawn fields of each degradation")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--only", choices=("drawn", "real"), help="measure one part")
    parser.add_argument("--real", action="store_true", help="look at the report halves of the real sets")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    bundle = open_bundle(arguments.bundle)
    recognizer = load_recognizer(bundle, "cpu")
    print(f"{describe_machine()}\n")
    if arguments.only != "real":
        measure_drawn(arguments, data, bundle, recognizer)
    if arguments.only != "drawn":
        measure_real(data, recognizer, arguments.real)


if __name__ == "__main__":
    main()
