"""Training a digit network from scratch: from options to a run folder with curves, checkpoints and a bundle.

<out>/config.json      every option, the data's fingerprint and versions
      metrics.csv      one row an epoch
      curves.png       the same as a picture
      checkpoint.keras weights and optimizer after the last whole epoch; `resume` starts there
      best.keras       the averaged weights of the best epoch, judged on writers that were not trained on
      bundle/          what can be put into service
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from recognizer.augment import ImageStack
from recognizer.dataset import IntArray
from recognizer.epochs import EpochPlan, epochs_ahead
from recognizer.measuring import load_yardsticks
from recognizer.model_store import Bundle
from recognizer.network import PRESETS, as_pixels, build_network
from recognizer.packaging import pack_bundle
from recognizer.run_folder import EpochFigures, badness, draw_curves, read_history, write_config, write_history
from recognizer.training_data import TrainingData, epoch_plan, load_training_data, provenance_of
from recognizer.training_options import TrainingOptions, TrainingProgress

__all__ = ["TrainingOptions", "TrainingProgress", "TrainingRun", "train"]

_WARM_UP_PART = 0.05
_REPORT_EVERY = 20


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A finished run.

    Attributes:
        folder: the run folder.
        history: figures of all epochs, resumed ones included.
        best_epoch: the one whose weights were kept, from 1.
        bundle: what came out.
    """

    folder: Path
    history: tuple[EpochFigures, ...]
    best_epoch: int
    bundle: Bundle


def train(options: TrainingOptions, on_progress: Callable[[TrainingProgress], None] = lambda _: None) -> TrainingRun:
    """Train a digit network and put the best epoch into a bundle.

    The best epoch is chosen, and the calibration fitted, on writers that were not trained on; the test set is only
    measured. A run that was killed goes on after its last whole epoch when `options.resume` is set.

    Raises:
        DatasetError: training data cannot be used.
        ValueError: an option makes no sense; the message names it.
    """
    _check(options)
    data = load_training_data(options)
    options.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(options.seed)
    plan = epoch_plan(options)
    batches = math.ceil(plan.length(len(data.training)) / options.batch_size)
    history = read_history(options.out / "metrics.csv") if options.resume else []
    checkpoint = options.out / "checkpoint.keras"
    if history and checkpoint.is_file():
        model = keras.saving.load_model(checkpoint)
        history = history[: int(model.optimizer.iterations) // batches]
    else:
        history = []
        model = _compiled(options, batches)
    write_config(
        options.out / "config.json",
        options,
        {
            "training_digits": len(data.training),
            "validation_digits": len(data.validation),
            "data_fingerprint": data.fingerprint,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
    )
    _run_epochs(model, data, options, plan, history, on_progress)
    best = min(history, key=badness)
    yardsticks = load_yardsticks(data.validation, options.data, options.answer_sheets, options.measure_on)
    bundle = pack_bundle(options.out / "best.keras", options.out / "bundle", provenance_of(options, data), yardsticks)
    return TrainingRun(options.out, tuple(history), best.epoch, bundle)


def _check(options: TrainingOptions) -> None:
    if options.preset not in PRESETS:
        raise ValueError(f"preset: no network {options.preset!r}; there are {', '.join(PRESETS)}")
    for name in ("epochs", "batch_size", "learning_rate"):
        if getattr(options, name) <= 0:
            raise ValueError(f"{name} must be positive, not {getattr(options, name)}")
    for name in ("rescan_part", "pen_part", "non_digit_part", "averaging", "label_smoothing"):
        if not 0 <= getattr(options, name) <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {getattr(options, name)}")


def _compiled(options: TrainingOptions, batches: int) -> keras.Model:
    model = build_network(options.preset)
    steps = batches * options.epochs
    warm_up = max(1, round(_WARM_UP_PART * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        options.learning_rate / 20,
        max(1, steps - warm_up),
        alpha=0.005,
        warmup_target=options.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=options.weight_decay,
        use_ema=options.averaging > 0,
        ema_momentum=options.averaging or 0.99,
    )
    model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=options.label_smoothing),
        metrics=["accuracy"],
        # XLA trains 2 to 3.5 times slower on CPUs.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    return model


def _run_epochs(
    model: keras.Model,
    data: TrainingData,
    options: TrainingOptions,
    plan: EpochPlan,
    history: list[EpochFigures],
    on_progress: Callable[[TrainingProgress], None],
) -> None:
    """Train the epochs that are not in `history` yet, and add them to it."""
    first = len(history)
    for epoch, (images, labels) in enumerate(epochs_ahead(data.training, plan, first), start=first):
        started = time.monotonic()
        loss, accuracy = _train_epoch(model, images, labels, epoch, options, on_progress)
        trained = model.get_weights()
        if options.averaging:
            model.optimizer.finalize_variable_values(model.trainable_variables)
        plain = _measure(model, data.validation.images, data.validation.labels)
        redrawn = _measure(model, data.rescanned, data.validation.labels)
        figures = EpochFigures(epoch + 1, loss, accuracy, *plain, *redrawn, time.monotonic() - started)
        if not history or badness(figures) < min(map(badness, history)):
            _save(model, options.out / "best.keras")
        history.append(figures)
        model.set_weights(trained)
        # In this order: a run killed in between has a row too many, which resuming can tell from the checkpoint.
        write_history(options.out / "metrics.csv", history)
        _save(model, options.out / "checkpoint.keras")
        draw_curves(options.out / "curves.png", history)
        steps = math.ceil(len(labels) / options.batch_size)
        left = figures.seconds * (options.epochs - epoch - 1)
        on_progress(TrainingProgress(epoch + 1, options.epochs, steps, steps, loss, accuracy, plain[1], left))
        if options.patience and epoch + 1 - min(history, key=badness).epoch >= options.patience:
            return


def _train_epoch(
    model: keras.Model,
    images: ImageStack,
    labels: IntArray,
    epoch: int,
    options: TrainingOptions,
    on_progress: Callable[[TrainingProgress], None],
) -> tuple[float, float]:
    """One pass over the images; returns mean loss and accuracy."""
    started = time.monotonic()
    classes = int(model.output_shape[-1])
    targets = np.eye(classes, dtype=np.float32)
    steps = math.ceil(len(labels) / options.batch_size)
    loss = right = seen = 0.0
    for step in range(steps):
        rows = slice(step * options.batch_size, (step + 1) * options.batch_size)
        count = len(labels[rows])
        logs = model.train_on_batch(as_pixels(images[rows]), targets[labels[rows]], return_dict=True)
        loss, right, seen = loss + count * float(logs["loss"]), right + count * float(logs["accuracy"]), seen + count
        if (step + 1) % _REPORT_EVERY == 0:
            a_step = (time.monotonic() - started) / (step + 1)
            left = a_step * (steps * (options.epochs - epoch) - step - 1)
            on_progress(
                TrainingProgress(epoch + 1, options.epochs, step + 1, steps, loss / seen, right / seen, None, left)
            )
    return loss / seen, right / seen


def _measure(model: keras.Model, images: ImageStack, labels: IntArray) -> tuple[float, float]:
    """Loss and accuracy, without label smoothing."""
    logits = model.predict(as_pixels(images), batch_size=512, verbose=0)
    truth = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return float(np.mean(keras.ops.convert_to_numpy(truth))), float((logits.argmax(axis=1) == labels).mean())


def _save(model: keras.Model, path: Path) -> None:
    temporary = path.with_name(f"{path.stem}-new.keras")
    model.save(temporary)
    temporary.replace(path)
