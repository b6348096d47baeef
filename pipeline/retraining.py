"""Learn from corrections: labelled digits, a challenger, a gate, and promotion or refusal.

The one place where corrections leave the queue and reach training. Documents are parted by their identity, so that the
same document never trains and judges, not even in later rounds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.label_check import MOST_SUSPECTS, suspected
from pipeline.labelling import LabelledDigit, label_digits
from pipeline.storage.review_item import ItemState, ReviewItem
from pipeline.storage.review_queue import ReviewQueue
from recognizer.dataset import load_mnist, split_by_writer
from recognizer.fine_tuning import Comparison, FineTuneOptions, compare, fine_tune
from recognizer.model_store import Bundle, champion, promote
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer
from recognizer.readings import DIGIT_COUNT, InkImage

CHALLENGER_NAME = "fine-tuned"
HELD_OUT_PARTS = 4
"""One document in so many judges and never trains."""
MAX_BENCHMARK_LOSS = 0.0005
"""Share of benchmark digits that a challenger may lose: 0.05 points, a third of what a network varies between seeds."""
PEN_HANDS = 200
"""Hands of the drawn benchmark; each writes every digit once, 2,000 digits in all."""
PEN_SEED = 20260101
"""Never used in training, and never changed: the benchmark stays the same from round to round."""

Digits = tuple[list[InkImage], NDArray[np.int32]]
"""Crops of one digit each, and their labels (N,)."""


class Verdict(StrEnum):
    """What became of a challenger."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    NOT_TRAINED = "not trained"


@dataclass(frozen=True, slots=True)
class RetrainingOptions:
    """What a round of retraining needs.

    Attributes:
        data: folder with `mnist.npz`, for replay and as benchmark; None to draw digits with our own pen.
        min_digits: labelled digits that training needs at least; with fewer, noise would decide.
        min_held_out: labelled digits that the gate needs at least.
        fine_tuning: how to train.
    """

    data: Path | None = None
    min_digits: int = 40
    min_held_out: int = 10
    fine_tuning: FineTuneOptions = field(default_factory=FineTuneOptions)


@dataclass(frozen=True, slots=True)
class RetrainingReport:
    """What a round came to.

    Attributes:
        settled: confirmed and corrected items in the queue.
        aligned: those whose picture gave labelled digits.
        training_digits, held_out_digits: from different documents.
        corrections: champion and challenger on the held-out digits; None without a challenger.
        benchmark: both on the frozen benchmark; None without a challenger.
        benchmark_name: what the benchmark is.
        champion, challenger: name and version; `challenger` is None when training made none.
        reason: the verdict in a sentence.
        suspected_digits: labels that are probably mistakes; left out of training, see `label_check`.
        suspected_items: the items they are of, to be keyed anew.
    """

    settled: int
    aligned: int
    training_digits: int
    held_out_digits: int
    corrections: Comparison | None
    benchmark: Comparison | None
    benchmark_name: str
    champion: str
    challenger: str | None
    verdict: Verdict
    reason: str
    suspected_digits: int = 0
    suspected_items: tuple[str, ...] = ()


def retrain(queue: ReviewQueue, store: Path, options: RetrainingOptions = RetrainingOptions()) -> RetrainingReport:
    """Fine-tune the model in service on the queue's corrections, and promote the challenger if it is not worse.

    Args:
        queue: settled items train and judge.
        store: folder of the user's models; a challenger is kept there even when refused.
        options: data, minimum counts and training.

    Raises:
        ReadingError: the queue, the model in service or the benchmark cannot be used.
    """
    parent = champion(store)
    corrected = _gather(queue, parent)
    nothing = RetrainingReport(
        corrected.settled, corrected.aligned, len(corrected.training), len(corrected.held_out),
        None, None, "", _title(parent), None, Verdict.NOT_TRAINED, "", corrected.suspected,
        tuple(corrected.suspected_items),
    )  # fmt: skip
    if corrected.suspected > MOST_SUSPECTS * corrected.checked:
        share = f"{corrected.suspected} of {corrected.checked} labels look wrong"
        return replace(nothing, verdict=Verdict.REFUSED, reason=f"{share}; have their fields keyed anew")
    if len(corrected.training) < options.min_digits:
        return replace(nothing, reason=_too_few("training", len(corrected.training), options.min_digits))
    if len(corrected.held_out) < options.min_held_out:
        return replace(nothing, reason=_too_few("judging", len(corrected.held_out), options.min_held_out))

    crops, labels = _arrays(corrected.training)
    version, folder = _next_place(store)
    tuning = replace(options.fine_tuning, name=CHALLENGER_NAME, version=version, data=options.data)
    try:
        challenger = fine_tune(parent, crops, labels, folder, tuning)
    except ModelError as error:
        # Corrections that contradict each other leave networks so undecided that their export reads differently.
        return replace(nothing, verdict=Verdict.REFUSED, reason=str(error))

    corrections = compare(parent, challenger, *_arrays(corrected.held_out))
    benchmark_name, digits = frozen_benchmark(options.data)
    benchmark = compare(parent, challenger, *digits)
    refusal = judge(corrections, benchmark)
    if refusal is None:
        promote(store, challenger)
    return replace(
        nothing,
        corrections=corrections,
        benchmark=benchmark,
        benchmark_name=benchmark_name,
        challenger=_title(challenger),
        verdict=Verdict.REFUSED if refusal else Verdict.PROMOTED,
        reason=refusal or "not worse on held-out corrections nor on the benchmark",
    )


def judge(corrections: Comparison, benchmark: Comparison) -> str | None:
    """Why a challenger must not go into service; None when it may."""
    if corrections.challenger_is_worse:
        return "worse on the held-out corrections"
    lost = benchmark.champion_right - benchmark.challenger_right
    if lost > MAX_BENCHMARK_LOSS * benchmark.n:
        return f"lost {lost} of {benchmark.n} digits of the benchmark"
    return None


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


def is_held_out(item: ReviewItem) -> bool:
    """Whether an item's document judges; the same for all fields of a document and for all time."""
    digest = hashlib.sha256(f"{item.source_id}/{item.document}".encode()).digest()
    return digest[0] % HELD_OUT_PARTS == 0


@dataclass
class _Corrected:
    settled: int = 0
    aligned: int = 0
    training: list[LabelledDigit] = field(default_factory=list)
    held_out: list[LabelledDigit] = field(default_factory=list)
    checked: int = 0
    suspected: int = 0
    suspected_items: list[str] = field(default_factory=list)


def _gather(queue: ReviewQueue, parent: Bundle) -> _Corrected:
    """Labelled digits of all settled items, one picture in memory at a time."""
    items = [item for state in (ItemState.CONFIRMED, ItemState.CORRECTED) for item in queue.list_items(state)]
    found = _Corrected(settled=len(items))
    if not items:
        return found
    recognizer = load_recognizer(parent)
    for item in items:
        picture = queue.crop(item.id)
        digits = label_digits(item, picture, recognizer) if picture is not None else ()
        found.aligned += bool(digits)
        if not digits:
            continue
        crops, labels = _arrays(digits)
        doubts = suspected(recognizer.read_digits(crops).probabilities, labels)
        found.checked += len(digits)
        found.suspected += int(doubts.sum())
        if doubts.any():
            found.suspected_items.append(item.id)
        # Judging keeps them all: where the model in service is surely wrong, the challenger is to show it.
        kept = digits if is_held_out(item) else [digit for digit, bad in zip(digits, doubts, strict=True) if not bad]
        (found.held_out if is_held_out(item) else found.training).extend(kept)
    return found


def _arrays(digits: Sequence[LabelledDigit]) -> Digits:
    return [digit.ink for digit in digits], np.array([digit.digit for digit in digits], np.int32)


def _next_place(store: Path) -> tuple[str, Path]:
    """Version and folder of the next challenger; refused ones keep theirs."""
    number = 1
    while (store / f"{CHALLENGER_NAME}-{number}").exists():
        number += 1
    return str(number), store / f"{CHALLENGER_NAME}-{number}"


def _title(bundle: Bundle) -> str:
    return f"{bundle.name} {bundle.version}"


def _too_few(purpose: str, count: int, wanted: int) -> str:
    return f"{count} labelled digits for {purpose}, {wanted} needed; settle more items, of more documents"


def report_page(report: RetrainingReport) -> str:
    """The report in Markdown, for a terminal as well as for Prefect."""
    lines = [
        f"# Retraining: {report.verdict}",
        "",
        f"{report.challenger or 'No challenger'} against {report.champion}: {report.reason}.",
        "",
        f"- settled fields: {report.settled}, of which {report.aligned} gave labelled digits",
        f"- digits: {report.training_digits} trained on, {report.held_out_digits} held out, from other documents",
    ]
    if report.suspected_digits:
        lines.append(
            f"- labels that look wrong, left out of training: {report.suspected_digits}; "
            f"their items: {', '.join(report.suspected_items)}"
        )
    if report.corrections and report.benchmark:
        lines += ["", "| read right | before | after | digits |", "| --- | --- | --- | --- |"]
        lines.append(_comparison_row("held-out corrections", report.corrections))
        lines.append(_comparison_row(report.benchmark_name, report.benchmark))
    return "\n".join(lines) + "\n"


def _comparison_row(name: str, comparison: Comparison) -> str:
    before, after = comparison.champion_right / comparison.n, comparison.challenger_right / comparison.n
    return f"| {name} | {before:.2%} | {after:.2%} | {comparison.n} |"
