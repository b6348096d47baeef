"""Learn from corrections: a training set, a challenger, a gate, and promotion or refusal.

The one place where corrections leave the queue and reach training. Documents are parted by their identity, so that no
document is judged by a network that learnt from it, not even in later rounds.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from pipeline.confidence.operating_point import OperatingPoint, load_operating_point
from pipeline.errors import ModelError
from pipeline.learning.challengers import CHALLENGER_NAME, Challengers, OnProgress, train_challengers
from pipeline.learning.field_comparison import FieldPair, read_both, tallies
from pipeline.learning.gate import Check, judge
from pipeline.learning.gathering import Gathered, gather
from pipeline.learning.label_check import MOST_SUSPECTS
from pipeline.process import ReadingOptions
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from pipeline.training_sample import Digits, Sample, digits_of_samples
from recognizer.bundle import OPERATING_POINT, Bundle
from recognizer.comparison import Comparison, compare, joined
from recognizer.dataset import load_mnist, split_by_writer
from recognizer.fine_tuning import FineTuned, FineTuneOptions
from recognizer.model_store import champion, promote
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import FieldRecognizer, load_recognizer
from recognizer.readings import DIGIT_COUNT

PEN_HANDS = 200
"""Hands of the drawn benchmark; each writes every digit once, 2,000 digits in all."""
PEN_SEED = 20260101
"""Never used in training, and never changed: the benchmark stays the same from round to round."""


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
        tuned: the challenger, and how its training went.
        corrections: keyed digits that the challenger, or a stand-in for it, had not learnt from.
        judged: their samples, in the same order.
        benchmark: digits that never change.
        benchmark_name: what the benchmark is.
        fields: the fields of those corrections, read by both.
        checks: what the gate asked, and what it found.
    """

    challenger: str
    tuned: FineTuned
    corrections: Comparison
    judged: tuple[Sample, ...]
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
    queue: ReviewQueue,
    training_set: TrainingSet,
    store: Path,
    options: RetrainingOptions = RetrainingOptions(),
    on_progress: OnProgress = lambda progress: None,
) -> RetrainingReport:
    """Fine-tune the model in service on the queue's corrections, and promote the challenger if it is proven better.

    Args:
        queue: settled items train and judge.
        training_set: of the same database; brought in line with the queue.
        store: folder of the user's models; a challenger is kept there even when refused.
        options: which forms, data, minimum counts and training.
        on_progress: told while networks learn.

    Raises:
        ReadingError: the queue, the model in service or the benchmark cannot be used.
    """
    parent = champion(store)
    recognizer = load_recognizer(parent, "cpu")
    gathered = gather(
        queue, training_set, recognizer, options.learn_from, options.trusts_labels, parent.data_fingerprint
    )
    nothing = RetrainingReport(gathered, _title(parent), Verdict.NOT_TRAINED, "")
    refusal = _refusal_of_labels(gathered, options)
    if refusal is not None:
        return replace(nothing, verdict=Verdict.REFUSED, reason=refusal)
    if too_few := _too_few(gathered, options):
        return replace(nothing, reason=too_few)
    benchmark_name, benchmark = frozen_benchmark(options.data)
    point = load_operating_point(parent.file(OPERATING_POINT))
    tuning = replace(options.fine_tuning, data=_mnist(options.data))
    with tempfile.TemporaryDirectory() as work:
        place = _next_place(store)
        try:
            challengers = train_challengers(parent, place, Path(work), gathered, benchmark, point, tuning, on_progress)
        except ModelError as error:
            # Corrections that contradict each other leave networks so undecided that their export reads differently.
            return replace(nothing, verdict=Verdict.REFUSED, reason=str(error))
        trial = _try(queue, recognizer, challengers, gathered, (benchmark_name, benchmark), point, options)
    failed = next((check for check in trial.checks if not check.is_passed), None)
    if failed is not None:
        return replace(nothing, verdict=Verdict.REFUSED, reason=f"{failed.name}: {failed.finding}", trial=trial)
    if point.is_certified:
        reason = "it holds all that is asked, but certified thresholds would become estimates; promote it yourself"
        return replace(nothing, verdict=Verdict.PASSED, reason=reason, trial=trial)
    promote(store, trial.tuned.bundle)
    reason = "proven better on corrections it had not seen, and no worse elsewhere"
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


def _mnist(data: Path | None) -> Path | None:
    return data if data is not None and (data / "mnist.npz").is_file() else None


def _try(
    queue: ReviewQueue,
    recognizer: FieldRecognizer,
    challengers: Challengers,
    gathered: Gathered,
    benchmark: tuple[str, Digits],
    point: OperatingPoint,
    options: RetrainingOptions,
) -> Trial:
    """Read what judges with both models, and ask the gate."""
    name, digits = benchmark
    parent, tuned = recognizer.bundle, challengers.tuned
    comparisons: list[Comparison] = []
    judged: list[Sample] = []
    fields: list[FieldPair] = []
    for turn in challengers.turns:
        comparisons.append(compare(parent, turn.reader, *digits_of_samples(turn.samples)))
        judged += turn.samples
        own_point = load_operating_point(turn.reader.file(OPERATING_POINT))
        fields += read_both(
            gathered.items_of(turn.samples),
            queue.crop,
            (recognizer, point),
            (load_recognizer(turn.reader, "cpu"), own_point),
            options.reading,
        )
    corrections = joined(comparisons)
    on_benchmark = compare(parent, tuned.bundle, *digits)
    checks = judge(
        corrections,
        [sample.form for sample in judged],
        np.array([sample.is_held_out for sample in judged]),
        on_benchmark,
        *tallies(fields),
        options.reading.max_error,
    )
    return Trial(
        _title(tuned.bundle), tuned, corrections, tuple(judged), on_benchmark, name, digits, tuple(fields), checks
    )


def _next_place(store: Path) -> tuple[str, Path]:
    """Version and folder of the next challenger; refused ones keep theirs."""
    number = 1
    while (store / f"{CHALLENGER_NAME}-{number}").exists():
        number += 1
    return str(number), store / f"{CHALLENGER_NAME}-{number}"


def _title(bundle: Bundle) -> str:
    return f"{bundle.name} {bundle.version}"
