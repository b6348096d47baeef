"""Learn from corrections: a training set, a challenger, a gate, and promotion or refusal.

The one place where corrections leave the queue and reach training. Documents are parted by their identity, so that the
same document never trains and judges, not even in later rounds.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from pipeline.confidence.operating_point import OperatingPoint, load_operating_point, to_json
from pipeline.errors import ModelError
from pipeline.learning.field_comparison import FieldPair, read_both, tallies
from pipeline.learning.gate import Check, judge
from pipeline.learning.gathering import Gathered, gather
from pipeline.learning.label_check import MOST_SUSPECTS
from pipeline.process import ReadingOptions
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from pipeline.training_sample import Digits, digits_of_samples
from recognizer.bundle import OPERATING_POINT, Bundle
from recognizer.comparison import Comparison, compare
from recognizer.dataset import load_mnist, split_by_writer
from recognizer.fine_tuning import Beside, CurvePoint, FineTuned, FineTuneOptions, fine_tune
from recognizer.model_store import champion, promote
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import FieldRecognizer, load_recognizer
from recognizer.readings import DIGIT_COUNT

CHALLENGER_NAME = "fine-tuned"
PEN_HANDS = 200
"""Hands of the drawn benchmark; each writes every digit once, 2,000 digits in all."""
PEN_SEED = 20260101
"""Never used in training, and never changed: the benchmark stays the same from round to round."""
WATCHED = 1000
"""Benchmark digits that are read along the way, for the curve; the gate reads them all."""


class Verdict(StrEnum):
    """What became of a challenger."""

    PROMOTED = "promoted"
    PASSED = "passed"
    """Good enough, and left to a person to promote: it would put estimated thresholds in place of certified ones."""
    REFUSED = "refused"
    NOT_TRAINED = "not trained"


@dataclass(frozen=True, slots=True)
class RetrainingOptions:
    """What a round of retraining needs.

    Attributes:
        learn_from: names of the forms whose corrections may be learnt from; `*` for all.
        data: folder with `mnist.npz`, for replay and as benchmark; None to draw digits with our own pen.
        reading: how strict the models read the held-out fields.
        trusts_labels: learn suspected labels as well, since somebody has looked at them.
        min_digits: labelled digits that training needs at least; with fewer, noise would decide.
        min_held_out: labelled digits that the gate needs at least.
        fine_tuning: how to train.
    """

    learn_from: tuple[str, ...] = ()
    data: Path | None = None
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    trusts_labels: bool = False
    min_digits: int = 40
    min_held_out: int = 10
    fine_tuning: FineTuneOptions = field(default_factory=FineTuneOptions)


@dataclass(frozen=True)
class Trial:
    """A challenger beside the model in service.

    Attributes:
        challenger: name and version.
        curve: of its training.
        corrections, benchmark: digits of held-out documents, and digits that never change.
        benchmark_name: what the benchmark is.
        fields: held-out fields read by both.
        checks: what the gate asked, and what it found.
    """

    challenger: str
    curve: tuple[CurvePoint, ...]
    corrections: Comparison
    benchmark: Comparison
    benchmark_name: str
    benchmark_digits: Digits = field(repr=False)
    fields: tuple[FieldPair, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class RetrainingReport:
    """What a round came to.

    Attributes:
        gathered: what the queue had to teach.
        champion: name and version of the model in service before.
        verdict, reason: the reason is a sentence without a full stop.
        trial: None when nothing was trained.
    """

    gathered: Gathered
    champion: str
    verdict: Verdict
    reason: str
    trial: Trial | None = None


def retrain(
    queue: ReviewQueue, training_set: TrainingSet, store: Path, options: RetrainingOptions = RetrainingOptions()
) -> RetrainingReport:
    """Fine-tune the model in service on the queue's corrections, and promote the challenger if it is proven better.

    Args:
        queue: settled items train and judge.
        training_set: of the same database; brought in line with the queue.
        store: folder of the user's models; a challenger is kept there even when refused.
        options: which forms, data, minimum counts and training.

    Raises:
        ReadingError: the queue, the model in service or the benchmark cannot be used.
    """
    parent = champion(store)
    recognizer = load_recognizer(parent, "cpu")
    gathered = gather(queue, training_set, recognizer, options.learn_from, options.trusts_labels)
    nothing = RetrainingReport(gathered, _title(parent), Verdict.NOT_TRAINED, "")
    refusal = _refusal_of_labels(gathered, options)
    if refusal is not None:
        return replace(nothing, verdict=Verdict.REFUSED, reason=refusal)
    if too_few := _too_few(gathered, options):
        return replace(nothing, reason=too_few)
    benchmark_name, benchmark = frozen_benchmark(options.data)
    point = load_operating_point(parent.file(OPERATING_POINT))
    try:
        tuned = _challenger(parent, store, gathered, benchmark, point, options)
    except ModelError as error:
        # Corrections that contradict each other leave networks so undecided that their export reads differently.
        return replace(nothing, verdict=Verdict.REFUSED, reason=str(error))
    trial = _try(queue, recognizer, tuned, gathered, (benchmark_name, benchmark), point, options)
    failed = next((check for check in trial.checks if not check.is_passed), None)
    if failed is not None:
        return replace(nothing, verdict=Verdict.REFUSED, reason=f"{failed.name}: {failed.finding}", trial=trial)
    if point.is_certified:
        reason = "it holds all that is asked, but certified thresholds would become estimates; promote it yourself"
        return replace(nothing, verdict=Verdict.PASSED, reason=reason, trial=trial)
    promote(store, tuned.bundle)
    reason = "proven better on held-out corrections, and no worse elsewhere"
    return replace(nothing, verdict=Verdict.PROMOTED, reason=reason, trial=trial)


def frozen_benchmark(data: Path | None) -> tuple[str, Digits]:
    """Digits that every challenger must still read: MNIST's validation writers, or digits drawn by our own pen.

    Raises:
        DatasetError: MNIST is there but damaged.
    """
    if data is not None and (data / "mnist.npz").is_file():
        _, validation = split_by_writer(load_mnist(data)[0])
        return "MNIST, validation writers", (list(validation.images), validation.labels)
    rng = np.random.default_rng(PEN_SEED)
    hands = [random_hand(rng) for _ in range(PEN_HANDS)]
    crops = [draw_digit(digit, hand, rng) for hand in hands for digit in range(DIGIT_COUNT)]
    return "digits drawn by our own pen", (crops, np.tile(np.arange(DIGIT_COUNT, dtype=np.int32), PEN_HANDS))


def _refusal_of_labels(gathered: Gathered, options: RetrainingOptions) -> str | None:
    if options.trusts_labels or len(gathered.suspects) <= MOST_SUSPECTS * gathered.checked:
        return None
    found = f"{len(gathered.suspects)} of {gathered.checked} labels look wrong"
    return f"{found}; have their fields keyed anew, or look at them and retrain with --trust-labels"


def _too_few(gathered: Gathered, options: RetrainingOptions) -> str | None:
    if not options.learn_from:
        return "no form may be learnt from; name forms in the setting learn_from"
    for purpose, samples, wanted in (
        ("training", gathered.training, options.min_digits),
        ("judging", gathered.held_out, options.min_held_out),
    ):
        if len(samples) < wanted:
            found = f"{len(samples)} labelled digits for {purpose}, {wanted} needed"
            return f"{found}; settle more fields, of more documents"
    return None


def _challenger(
    parent: Bundle,
    store: Path,
    gathered: Gathered,
    benchmark: Digits,
    point: OperatingPoint,
    options: RetrainingOptions,
) -> FineTuned:
    """Train it, calibrate it, and give it the champion's thresholds, as estimates: nothing certifies them for it."""
    version, folder = _next_place(store)
    own_point = replace(point, name=f"{CHALLENGER_NAME}-{version}", is_certified=False)
    tuning = replace(options.fine_tuning, name=CHALLENGER_NAME, version=version, data=_mnist(options.data))
    crops, labels = benchmark
    rows = np.linspace(0, len(labels) - 1, min(WATCHED, len(labels))).round().astype(int)
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / OPERATING_POINT
        file.write_text(json.dumps(to_json(own_point), indent=1) + "\n", encoding="utf-8")
        beside = Beside(
            calibrate_on=benchmark,
            watched={
                "held-out corrections": digits_of_samples(gathered.held_out),
                "benchmark": ([crops[row] for row in rows], labels[rows]),
            },
            files={OPERATING_POINT: file},
            data_fingerprint=gathered.version,
        )
        return fine_tune(parent, *digits_of_samples(gathered.training), folder, tuning, beside)


def _mnist(data: Path | None) -> Path | None:
    return data if data is not None and (data / "mnist.npz").is_file() else None


def _try(
    queue: ReviewQueue,
    recognizer: FieldRecognizer,
    tuned: FineTuned,
    gathered: Gathered,
    benchmark: tuple[str, Digits],
    point: OperatingPoint,
    options: RetrainingOptions,
) -> Trial:
    """Read what judges with both models, and ask the gate."""
    name, digits = benchmark
    parent, challenger = recognizer.bundle, tuned.bundle
    corrections = compare(parent, challenger, *digits_of_samples(gathered.held_out))
    on_benchmark = compare(parent, challenger, *digits)
    own_point = load_operating_point(challenger.file(OPERATING_POINT))
    fields = read_both(
        gathered.held_out_items,
        queue.crop,
        (recognizer, point),
        (load_recognizer(challenger, "cpu"), own_point),
        options.reading,
    )
    forms = [sample.form for sample in gathered.held_out]
    checks = judge(corrections, forms, on_benchmark, *tallies(fields), options.reading.max_error)
    return Trial(_title(challenger), tuned.curve, corrections, on_benchmark, name, digits, fields, checks)


def _next_place(store: Path) -> tuple[str, Path]:
    """Version and folder of the next challenger; refused ones keep theirs."""
    number = 1
    while (store / f"{CHALLENGER_NAME}-{number}").exists():
        number += 1
    return str(number), store / f"{CHALLENGER_NAME}-{number}"


def _title(bundle: Bundle) -> str:
    return f"{bundle.name} {bundle.version}"
