"""Training a digit network from scratch: from options to a run folder with curves, checkpoints and a bundle.

<out>/config.json      every option, the names of the classes, the data's fingerprint and versions
      metrics.csv      one row an epoch
      curves.png       the same as a picture
      checkpoint.keras weights and optimizer after the last whole epoch; `resume` starts there
      best.keras       the averaged weights of the best epoch, judged on writers that were not trained on
      confusion.png    how these were read by them
      worst.png        the errors with the highest confidence
      bundle/          what can be put into service; for digits only
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from recognizer.augment import ImageStack
from recognizer.bundle import Bundle
from recognizer.dataset import IntArray
from recognizer.epochs import EpochPlan, epochs_ahead
from recognizer.measuring import load_yardsticks
from recognizer.network import as_pixels
from recognizer.optimizing import compile_network
from recognizer.packaging import pack_bundle
from recognizer.readings import NOT_A_DIGIT
from recognizer.run_folder import EpochFigures, badness, draw_curves, read_history, write_config, write_history
from recognizer.run_pictures import draw_run
from recognizer.starting_network import check_start, knows_non_digits, starting_network
from recognizer.trained import RUN_BUNDLE, RUN_DIGITS
from recognizer.training_data import TrainingData, epoch_plan, load_training_data, provenance_of
from recognizer.training_options import Classes, TrainingOptions, TrainingProgress

__all__ = ["TrainingOptions", "TrainingProgress", "TrainingRun", "train"]

_REPORT_EVERY = 20


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A finished run.

    Attributes:
        folder: the run folder.
        history: figures of all epochs, resumed ones included.
        best_epoch: the one whose weights were kept, from 1.
        metrics: figures of the kept weights, by name.
        bundle: what can be put into service; None when the classes are not the digits.
    """

    folder: Path
    history: tuple[EpochFigures, ...]
    best_epoch: int
    metrics: Mapping[str, float]
    bundle: Bundle | None


def train(
    options: TrainingOptions,
    on_progress: Callable[[TrainingProgress], None] = lambda _: None,
    on_epoch: Callable[[EpochFigures], None] = lambda _: None,
) -> TrainingRun:
    """Train a digit network and put the best epoch into a bundle.

    The best epoch is chosen, and the calibration fitted, on writers that were not trained on; the test set is only
    measured. A run that was killed goes on after its last whole epoch when `options.resume` is set.

    Args:
        options: what to train, on what, and how.
        on_progress: called every few batches.
        on_epoch: called after each epoch.

    Raises:
        DatasetError: training data cannot be used.
        ModelError: the network or the weights to start from cannot be used.
        ValueError: an option makes no sense; the message names it.
    """
    _check(options)
    data = load_training_data(options)
    options.out.mkdir(parents=True, exist_ok=True)
    keras.utils.clear_session()  # many runs in one process must not name, and keep, ever more layers
    keras.utils.set_random_seed(options.seed)
    history = read_history(options.out / "metrics.csv") if options.resume else []
    checkpoint = options.out / "checkpoint.keras"
    is_resumed = bool(history) and checkpoint.is_file()
    own_classes = len(data.classes) if options.classes is Classes.OWN else None
    model = keras.saving.load_model(checkpoint) if is_resumed else starting_network(options, own_classes)
    plan = epoch_plan(options, knows_non_digits(model, options.classes))
    batches = math.ceil(plan.length(len(data.training)) / options.batch_size)
    if is_resumed:
        history = history[: int(model.optimizer.iterations) // batches]
    else:
        history = []
        compile_network(model, options, batches * options.epochs)
    write_config(
        options.out / "config.json",
        options,
        {
            "class_names": list(data.classes),
            "parameters": model.count_params(),
            "training_digits": len(data.training),
            "validation_digits": len(data.validation),
            "data_fingerprint": data.fingerprint,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
    )
    _run_epochs(model, data, options, plan, history, on_progress, on_epoch)
    best = min(history, key=badness) if options.hold_out else history[-1]
    draw_run(options.out, keras.saving.load_model(options.out / RUN_DIGITS, compile=False), data)
    return _finished(options, data, plan, model.name, tuple(history), best.epoch)


def _finished(
    options: TrainingOptions,
    data: TrainingData,
    plan: EpochPlan,
    network: str,
    history: tuple[EpochFigures, ...],
    best_epoch: int,
) -> TrainingRun:
    best = options.out / RUN_DIGITS
    if options.classes is Classes.OWN:
        loss, accuracy = _measure(keras.saving.load_model(best, compile=False), data.test.images, data.test.labels)
        return TrainingRun(options.out, history, best_epoch, {"test_accuracy": accuracy, "test_loss": loss}, None)
    yardsticks = load_yardsticks(data.validation, data.test, options.answer_sheets, options.measure_on)
    provenance = provenance_of(options, data, plan, network)
    bundle = pack_bundle(best, options.out / RUN_BUNDLE, provenance, yardsticks, calibrated=options.hold_out)
    return TrainingRun(options.out, history, best_epoch, bundle.metrics, bundle)


def _check(options: TrainingOptions) -> None:
    check_start(options)
    for name in ("epochs", "batch_size", "learning_rate"):
        if getattr(options, name) <= 0:
            raise ValueError(f"{name} must be positive, not {getattr(options, name)}")
    for name in ("rescan_part", "pen_part", "non_digit_part", "averaging", "label_smoothing"):
        if not 0 <= getattr(options, name) <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {getattr(options, name)}")
    for name in ("weight_decay", "l2", "patience"):
        if getattr(options, name) < 0:
            raise ValueError(f"{name} must not be negative, not {getattr(options, name)}")
    if options.patience and not options.hold_out:
        raise ValueError("patience needs hold_out: only digits kept from training can say when to stop")


def _run_epochs(
    model: keras.Model,
    data: TrainingData,
    options: TrainingOptions,
    plan: EpochPlan,
    history: list[EpochFigures],
    on_progress: Callable[[TrainingProgress], None],
    on_epoch: Callable[[EpochFigures], None],
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
        others = _measure(model, *_non_digits(data)) if plan.non_digit_part else (0.0, 1.0)
        figures = EpochFigures(epoch + 1, loss, accuracy, *plain, *redrawn, *others, time.monotonic() - started)
        if not options.hold_out or not history or badness(figures) < min(map(badness, history)):
            _save(model, options.out / RUN_DIGITS)
        history.append(figures)
        model.set_weights(trained)
        # In this order: a run killed in between has a row too many, which resuming can tell from the checkpoint.
        write_history(options.out / "metrics.csv", history)
        _save(model, options.out / "checkpoint.keras")
        draw_curves(options.out / "curves.png", history)
        steps = math.ceil(len(labels) / options.batch_size)
        left = figures.seconds * (options.epochs - epoch - 1)
        on_progress(TrainingProgress(epoch + 1, options.epochs, steps, steps, loss, accuracy, plain[1], left))
        on_epoch(figures)
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


def _non_digits(data: TrainingData) -> tuple[ImageStack, IntArray]:
    return data.non_digits, np.full(len(data.non_digits), NOT_A_DIGIT, np.int32)


def _measure(model: keras.Model, images: ImageStack, labels: IntArray) -> tuple[float, float]:
    """Loss and accuracy, without label smoothing."""
    logits = model.predict(as_pixels(images), batch_size=512, verbose=0)
    truth = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return float(np.mean(keras.ops.convert_to_numpy(truth))), float((logits.argmax(axis=1) == labels).mean())


def _save(model: keras.Model, path: Path) -> None:
    temporary = path.with_name(f"{path.stem}-new.keras")
    model.save(temporary)
    temporary.replace(path)
