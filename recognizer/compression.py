"""What pruning and distillation share: options, the training loop, and the bundle at the end."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.augment import ImageStack
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, MODEL_CARD, Bundle, add_files
from recognizer.dataset import IntArray
from recognizer.epochs import EpochPlan, epochs_ahead
from recognizer.errors import ModelError
from recognizer.measuring import Yardsticks
from recognizer.model_card import Provenance
from recognizer.network import as_pixels
from recognizer.packaging import pack_bundle
from recognizer.readings import DIGIT_COUNT, FloatArray
from recognizer.training_data import TrainingData, load_training_data
from recognizer.training_options import TrainingOptions

_NON_DIGIT_PART = 0.25
"""As the shipped network is trained; see `epochs.EpochPlan`."""
_OF_DIGITS = (DIGITS_MASTER, DIGITS_INT8, DIGITS_CALIBRATION, MODEL_CARD)


@dataclass(frozen=True, slots=True)
class CompressionOptions:
    """How a compressed network is trained.

    Attributes:
        out: folder of the new bundle.
        data: folder with `mnist.npz`, or own digits in any form that `digit_files` reads; None: Keras fetches MNIST.
        answer_sheets: NPZ of digits from answer sheets to train on as well; None: none.
        epochs, batch_size: length of training.
        learning_rate: peak of AdamW, from which it falls as a cosine.
        limit: train on the first so many digits only; None: all. For trials.
        seed: of everything random.
        name: of the bundle; "" names it after the model it comes from.
        command: the command that reproduces it, for the model card.
    """

    out: Path
    data: Path | None = None
    answer_sheets: Path | None = None
    epochs: int = 6
    batch_size: int = 128
    learning_rate: float = 1e-3
    limit: int | None = None
    seed: int = 1
    name: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class CompressionEpoch:
    """Where a run stands after an epoch, counted from 1; the accuracy is that on writers not trained on."""

    epoch: int
    epochs: int
    loss: float
    validation_accuracy: float
    seconds_left: float


OnEpoch = Callable[[CompressionEpoch], None]
Targets = Callable[[FloatArray, IntArray], NDArray[np.float32]]
"""From a batch's pixels and classes to what the loss compares logits with."""
Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def load_master(bundle: Bundle) -> keras.Model:
    """The Keras digit network of a bundle.

    Raises:
        ModelError: the bundle has none, or it cannot be loaded.
    """
    path = bundle.file(DIGITS_MASTER)
    try:
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"network {path} cannot be loaded: {error}") from None


def load_data(options: CompressionOptions) -> TrainingData:
    """What the networks of this program are trained on; see `training_data.load_training_data`."""
    return load_training_data(
        TrainingOptions(out=options.out, data=options.data, answer_sheets=options.answer_sheets, limit=options.limit)
    )


def one_hot(classes: IntArray, count: int) -> NDArray[np.float32]:
    """(N, count) float32, one 1 a row."""
    return np.eye(count, dtype=np.float32)[classes]


def learn(
    model: keras.Model,
    data: TrainingData,
    options: CompressionOptions,
    targets: Targets,
    loss: Loss,
    after_step: Callable[[int, int], None] = lambda step, steps: None,
    on_epoch: OnEpoch = lambda _: None,
) -> None:
    """Train a network on the mixture that all digit networks of this program see.

    Args:
        model: trained in place.
        data: to train and validate on.
        options: how.
        targets, loss: what to learn.
        after_step: called with the number of steps done and of all steps.
        on_epoch: called after each epoch.
    """
    part = _NON_DIGIT_PART if model.output_shape[-1] > DIGIT_COUNT else 0.0
    plan = EpochPlan(options.epochs, options.seed, non_digit_part=part)
    per_epoch = math.ceil(plan.length(len(data.training)) / options.batch_size)
    steps = per_epoch * options.epochs
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(options.learning_rate, steps), clipnorm=1.0),
        loss,
        # XLA trains 2 to 3.5 times slower on CPUs.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    started, done = time.monotonic(), 0
    for epoch, (images, classes) in enumerate(epochs_ahead(data.training, plan, 0), start=1):
        losses = []
        for first in range(0, len(classes), options.batch_size):
            rows = slice(first, first + options.batch_size)
            pixels = as_pixels(images[rows])
            losses.append(float(model.train_on_batch(pixels, targets(pixels, classes[rows]))))
            done += 1
            after_step(done, steps)
        left = (time.monotonic() - started) / epoch * (options.epochs - epoch)
        accuracy = _accuracy(model, data.validation.images, data.validation.labels)
        on_epoch(CompressionEpoch(epoch, options.epochs, float(np.mean(losses)), accuracy, left))


def pack(
    model: keras.Model,
    source: Bundle,
    data: TrainingData,
    options: CompressionOptions,
    kind: str,
    made: str,
    parent: str | None = None,
) -> Bundle:
    """Write the bundle: the new digit network, calibrated and measured, and everything else of its source.

    Args:
        model: the compressed network.
        source: bundle whose strip network and operating point are carried over.
        data: trained on.
        options: how it was trained.
        kind: "pruned" or "distilled", for its name.
        made: one line on how it was made, for the card.
        parent: sha256 of the bundle whose weights it started from.
    """
    provenance = Provenance(
        name=options.name or f"{source.name}-{kind}",
        version=source.version,
        preset=model.name,
        seed=options.seed,
        command=options.command,
        trained_on=(made, *data.sources, "digits drawn by fieldreader's own pen, and non-digits"),
        data_fingerprint=data.fingerprint,
        parent=parent,
    )
    with tempfile.TemporaryDirectory() as folder:
        master = Path(folder) / DIGITS_MASTER
        model.save(master)
        bundle = pack_bundle(master, options.out, provenance, Yardsticks(data.validation, data.test))
    carried = {name: source.path / name for name in source.files if name not in _OF_DIGITS}
    return add_files(bundle.path, carried)


def _accuracy(model: keras.Model, images: ImageStack, labels: IntArray) -> float:
    logits = model.predict(as_pixels(images), batch_size=512, verbose=0)
    return float((logits.argmax(axis=1) == labels).mean())
