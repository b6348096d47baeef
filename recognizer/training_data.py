"""From training options to the digits of a run, its mixture, and what its card says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recognizer.augment import ImageStack, rescan
from recognizer.dataset import DigitSet, fingerprint, join_digits, load_answer_sheets, load_mnist, split_by_writer
from recognizer.epochs import EpochPlan
from recognizer.errors import DatasetError
from recognizer.model_card import Provenance
from recognizer.network import PRESETS
from recognizer.not_a_digit import TRAINING_KINDS
from recognizer.readings import DIGIT_COUNT
from recognizer.training_options import TrainingOptions

_SHEETS_REPEATED = 5
"""1,000 digits of answer sheets among 54,000 of MNIST would be overheard; five times they are a tenth."""
_VALIDATION_SEED = 7


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run is trained on and judged by.

    Attributes:
        training: handwriting; digits of small sets several times.
        validation: MNIST digits of other writers, as they are.
        rescanned: the images of `validation`, redrawn at scan size.
        mnist: digits of `training` that come from MNIST.
        fingerprint: SHA-256 over all of them.
    """

    training: DigitSet
    validation: DigitSet
    rescanned: ImageStack
    mnist: int
    fingerprint: str


def load_training_data(options: TrainingOptions) -> TrainingData:
    """Read, split by writer and join what the options name.

    Raises:
        DatasetError: a file cannot be used, or there are too few digits.
    """
    mnist, _ = load_mnist(options.data)
    if options.limit is not None:
        mnist = mnist.take(np.arange(min(options.limit, len(mnist))))
    training, validation = split_by_writer(mnist)
    sets = [training]
    if options.answer_sheets:
        sheets, _ = load_answer_sheets(options.answer_sheets)
        sets += [sheets] * _SHEETS_REPEATED
    if not len(training) or not len(validation):
        raise DatasetError("too few digits to train on and to validate with")
    redrawn = rescan(validation.images, np.random.default_rng(_VALIDATION_SEED), clutter=0.5)
    return TrainingData(
        join_digits("training digits", sets), validation, redrawn, len(training), fingerprint([*sets, validation])
    )


def epoch_plan(options: TrainingOptions) -> EpochPlan:
    """How the epochs of a run are mixed."""
    has_eleventh = PRESETS[options.preset].classes > DIGIT_COUNT
    return EpochPlan(
        epochs=options.epochs,
        seed=options.seed,
        augment=options.augment,
        rescan_part=options.rescan_part,
        pen_part=options.pen_part,
        non_digit_part=options.non_digit_part if has_eleventh else 0.0,
    )


def provenance_of(options: TrainingOptions, data: TrainingData) -> Provenance:
    """What the model card says about where the network comes from."""
    handwriting = len(data.training)
    trained_on = [f"MNIST's training part but for a tenth of its writers: {data.mnist:,} digits"]
    if handwriting > data.mnist:
        trained_on.append(
            f"{(handwriting - data.mnist) // _SHEETS_REPEATED:,} digits from answer sheets, "
            f"{_SHEETS_REPEATED} times each; "
            "contains information from a database of answer-sheet digits made available under the Open Database "
            "License (ODbL) 1.0"
        )
    plan = epoch_plan(options)
    trained_on.append(f"{round(plan.pen_part * handwriting):,} digits an epoch drawn by fieldreader's own pen")
    if plan.non_digit_part:
        kinds = ", ".join(kind.replace("_", " ") for kind in TRAINING_KINDS)
        trained_on.append(f"{round(plan.non_digit_part * handwriting):,} non-digits an epoch, drawn: {kinds}")
    return Provenance(
        name=options.name,
        version=options.version,
        preset=options.preset,
        seed=options.seed,
        command=options.command,
        trained_on=tuple(trained_on),
        data_fingerprint=data.fingerprint,
    )
