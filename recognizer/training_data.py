"""From training options to the digits of a run, its mixture, and what its card says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recognizer.augment import ImageStack, rescan
from recognizer.dataset import DigitSet, fingerprint, join_digits, load_answer_sheets, load_mnist, split_by_writer
from recognizer.epochs import EpochPlan
from recognizer.errors import DatasetError
from recognizer.model_card import Provenance
from recognizer.not_a_digit import TRAINING_KINDS, draw_non_digits
from recognizer.own_data import load_own_data
from recognizer.readings import DIGIT_COUNT
from recognizer.trained import bundle_of, holds_model
from recognizer.training_options import Classes, TrainingOptions

_SHEETS_REPEATED = 5
"""1,000 digits of answer sheets among 54,000 of MNIST would be overheard; five times they are a tenth."""
_VALIDATION_SEED = 7
_NON_DIGITS = 1500
"""Drawn to judge epochs by."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run is trained on and judged by.

    Attributes:
        training: handwriting; digits of small sets several times.
        validation: digits of other writers where writers are known, as they are; when nothing is held out, a part of
            `training` that only shows how the run goes.
        rescanned: the images of `validation`, redrawn at scan size.
        non_digits: (n, 28, 28) uint8 of things that are not one digit, made of those of `validation`, every second
            redrawn at scan size; none of other scripts.
        test: what the result is measured on; nothing is chosen by it.
        classes: names of the classes, in the order of the labels.
        sources: what was trained on, a line a source, for model cards.
        fingerprint: SHA-256 over training and validation.
    """

    training: DigitSet
    validation: DigitSet
    rescanned: ImageStack
    non_digits: ImageStack
    test: DigitSet
    classes: tuple[str, ...]
    sources: tuple[str, ...]
    fingerprint: str


def load_training_data(options: TrainingOptions) -> TrainingData:
    """Read, split by writer and join what the options name.

    Raises:
        DatasetError: a file cannot be used, or there are too few digits.
    """
    if options.data is None or (options.data / "mnist.npz").is_file():
        training, validation, test = _mnist(options)
        classes = tuple(str(digit) for digit in range(DIGIT_COUNT))
        held_out = " but for a tenth of its writers" if options.hold_out else ""
        sources = [f"MNIST's training part{held_out}: {len(training):,} digits"]
    else:
        own = load_own_data(options.data, options.classes, options.limit)
        training, validation, test, classes = own.training, own.validation, own.test, own.classes
        if not options.hold_out:
            training = join_digits(training.name, [training, validation])
        sources = [f"{len(training):,} pictures of {training.name}"]
    sets = [training]
    if options.answer_sheets:
        sheets, _ = load_answer_sheets(options.answer_sheets)
        sets += [sheets] * _SHEETS_REPEATED
        sources.append(
            f"{len(sheets):,} digits from answer sheets, {_SHEETS_REPEATED} times each; "
            "contains information from a database of answer-sheet digits made available under the Open Database "
            "License (ODbL) 1.0"
        )
    if not len(training) or not len(validation):
        raise DatasetError("too few digits to train on and to validate with")
    rng = np.random.default_rng(_VALIDATION_SEED)
    others = draw_non_digits(_NON_DIGITS if options.classes is Classes.DIGITS else 0, rng, validation.images)
    others[::2] = rescan(others[::2], rng)
    redrawn = rescan(validation.images, np.random.default_rng(_VALIDATION_SEED), clutter=0.5)
    return TrainingData(
        training=join_digits("training digits", sets),
        validation=validation,
        rescanned=redrawn,
        non_digits=others,
        test=test,
        classes=classes,
        sources=tuple(sources),
        fingerprint=fingerprint([*sets, validation]),
    )


def _mnist(options: TrainingOptions) -> tuple[DigitSet, DigitSet, DigitSet]:
    if options.classes is not Classes.DIGITS:
        raise DatasetError(f"{options.data} is MNIST, whose classes are the digits; own classes need data of their own")
    mnist, test = load_mnist(options.data)
    if options.limit is not None:
        mnist = mnist.take(np.arange(min(options.limit, len(mnist))))
    training, validation = split_by_writer(mnist)
    return (training if options.hold_out else mnist), validation, test


def epoch_plan(options: TrainingOptions, with_non_digits: bool) -> EpochPlan:
    """How the epochs of a run are mixed; what our pen and generators draw is no class of other scripts."""
    return EpochPlan(
        epochs=options.epochs,
        seed=options.seed,
        augment=options.augment,
        rescan_part=options.rescan_part,
        pen_part=options.pen_part if options.classes is Classes.DIGITS else 0.0,
        non_digit_part=options.non_digit_part if with_non_digits else 0.0,
    )


def provenance_of(options: TrainingOptions, data: TrainingData, plan: EpochPlan, network: str) -> Provenance:
    """What the model card says about where the network comes from."""
    handwriting = len(data.training)
    trained_on = list(data.sources)
    if plan.pen_part:
        trained_on.append(f"{round(plan.pen_part * handwriting):,} digits an epoch drawn by fieldreader's own pen")
    if plan.non_digit_part:
        kinds = ", ".join(kind.replace("_", " ") for kind in TRAINING_KINDS)
        trained_on.append(f"{round(plan.non_digit_part * handwriting):,} non-digits an epoch, drawn: {kinds}")
    return Provenance(
        name=options.name,
        version=options.version,
        preset=network,
        seed=options.seed,
        command=options.command,
        trained_on=tuple(trained_on),
        data_fingerprint=data.fingerprint,
        parent=_parent_of(options),
    )


def _parent_of(options: TrainingOptions) -> str | None:
    start = options.init_from
    return bundle_of(start).sha256 if start and holds_model(start) else None
