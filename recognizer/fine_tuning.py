"""Fine-tuning the model in service on digits that people corrected: a challenger."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.atomic_text import write_text
from recognizer.augment import ImageStack, bend, rescan
from recognizer.bundle import (
    DIGITS_CALIBRATION,
    DIGITS_INT8,
    DIGITS_MASTER,
    DIGITS_ONNX,
    MODEL_CARD,
    Bundle,
    write_bundle,
)
from recognizer.calibration import calibration_to_json, fit_temperature
from recognizer.classifier import LiteRtEngine
from recognizer.dataset import IntArray
from recognizer.errors import DatasetError
from recognizer.export import export_int8, master_logits
from recognizer.network import as_pixels
from recognizer.normalize import normalize_digits
from recognizer.readings import CLASS_COUNT, InkImage
from recognizer.replay import Replay, draw_replay, likeness_loss, mixed

_WARMING = 0.1
"""Share of the steps in which the rate rises: at once, it would throw the network about before it has seen much."""
_CURVE_POINTS = 12
"""Places along a run at which it is looked at; more cost time and show nothing else."""

Digits = tuple[Sequence[InkImage], NDArray[np.int32]]
"""Crops (h, w) uint8 of one digit each, ink bright on zero, and their labels (N,)."""


@dataclass(frozen=True, slots=True)
class FineTuneOptions:
    """How far a challenger may move from its parent.

    Attributes:
        name, version: of the new bundle; an empty version counts the parent's up.
        epochs: passes over the corrected digits.
        fewest_steps: however few these are; what the first steps upset takes so many to settle again.
        batch_size: digits a step, replayed ones included.
        learning_rate: peak of AdamW.
        replay_part: share of each batch that comes from the parent's own kind of data, against forgetting.
        likeness: weight of answering these as the parent does.
        known: digits of that kind that are replayed.
        kept: more of them, never replayed, that say how far the challenger may go.
        data: folder with `mnist.npz` to replay from; None: digits drawn by our own pen.
        seed: of everything random.
    """

    name: str = "fine-tuned"
    version: str = ""
    epochs: int = 6
    fewest_steps: int = 400
    batch_size: int = 64
    learning_rate: float = 3e-4
    replay_part: float = 0.7
    likeness: float = 0.03
    known: int = 6000
    kept: int = 4000
    data: Path | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How a run stands after so many steps.

    Attributes:
        loss: mean cross entropy of the batches since the point before; None before the first step.
        right: name of a watched set -> share of its digits read right by the network in 32 bits.
    """

    step: int
    loss: float | None
    right: Mapping[str, float]


@dataclass(frozen=True)
class Beside:
    """What a challenger takes with it, and what looks on while it learns; nothing of this is trained on.

    Attributes:
        calibrate_on: digits that fit the temperature anew; None to keep the parent's.
        watched: name -> digits that are read along the way, for the curve.
        files: files of the new bundle that stand in place of the parent's, by name.
        data_fingerprint: identity of the training set.
        replay: from `replay_for`, for several challengers of one parent; None to draw it here.
        on_step: told after each step how many are done, and of how many.
    """

    calibrate_on: Digits | None = None
    watched: Mapping[str, Digits] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    data_fingerprint: str = ""
    replay: Replay | None = None
    on_step: Callable[[int, int], None] = lambda done, steps: None


@dataclass(frozen=True)
class FineTuned:
    """A challenger and how it came about.

    Attributes:
        curve: of its training.
        share: of the way from its parent to where training led, that was kept; see `mixed`.
    """

    bundle: Bundle
    curve: tuple[CurvePoint, ...]
    share: float


def replay_for(parent: Bundle, options: FineTuneOptions = FineTuneOptions()) -> Replay:
    """Known digits for challengers of a parent that are trained with these options.

    Raises:
        DatasetError: MNIST is damaged.
        ModelError: the parent cannot be used.
    """
    return draw_replay(_network_of(parent), options.known, options.kept, options.data, options.seed)


def _network_of(bundle: Bundle) -> keras.Model:
    return keras.saving.load_model(bundle.file(DIGITS_MASTER), compile=False)


def fine_tune(
    parent: Bundle,
    crops: Sequence[InkImage],
    labels: NDArray[np.int32],
    out: Path,
    options: FineTuneOptions = FineTuneOptions(),
    beside: Beside = Beside(),
) -> FineTuned:
    """Continue the training of a bundle's digit network on labelled crops and write a new bundle.

    The strip network and whatever else is not replaced are carried over from the parent.

    Args:
        parent: bundle with `digits.keras`.
        crops: (H, W) uint8 each, ink bright on zero, one digit each, as the pipeline cuts them.
        labels: (N,) int, 0 to 9, or 10 for 'not one digit'.
        out: folder of the new bundle; the user's store is `<store>/<name>-<version>/`.
        options: how to train.
        beside: calibration, digits to watch, files to replace.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: the parent cannot be used.
    """
    images, classes = _checked(crops, labels)
    model = _network_of(parent)
    if classes.max() >= model.output_shape[-1]:
        raise DatasetError("the model knows ten classes only; crops that are 'not one digit' cannot be learnt")
    keras.utils.set_random_seed(options.seed)
    replay = beside.replay or replay_for(parent, options)
    curve = _continue(model, (images, classes), replay, options, beside)
    share = mixed(model, _network_of(parent), replay)
    version = options.version or _counted_up(parent.version)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        model.save(work / DIGITS_MASTER)
        export_int8(
            model,
            work / DIGITS_INT8,
            np.concatenate([images[:200], replay.images]),
            replay.kept.images,
        )
        write_text(work / MODEL_CARD, _card(parent, options.name, version, len(images)))
        # The parent's network in another format is another network now.
        carried = {name: parent.path / name for name in parent.files if name != DIGITS_ONNX}
        made = {name: work / name for name in (DIGITS_MASTER, DIGITS_INT8, MODEL_CARD)}
        if beside.calibrate_on is not None:
            digits, truth = beside.calibrate_on
            fitted = fit_temperature(LiteRtEngine(work / DIGITS_INT8).logits(normalize_digits(digits)), truth)
            write_text(work / DIGITS_CALIBRATION, calibration_to_json(fitted))
            made[DIGITS_CALIBRATION] = work / DIGITS_CALIBRATION
        bundle = write_bundle(
            out,
            name=options.name,
            version=version,
            files={**carried, **made, **beside.files},
            metrics={"fine_tuned_on": float(len(images)), "share_of_the_way": share},
            parent=parent.sha256,
            data_fingerprint=beside.data_fingerprint,
            command="fieldreader retrain",
        )
    return FineTuned(bundle, curve, share)


def _checked(crops: Sequence[InkImage], labels: NDArray[np.int32]) -> tuple[ImageStack, IntArray]:
    if not len(crops):
        raise DatasetError("there are no labelled digits")
    if len(crops) != len(labels):
        raise DatasetError(f"{len(crops)} crops do not fit {len(labels)} labels")
    classes = np.asarray(labels, np.int32)
    wrong = np.flatnonzero((classes < 0) | (classes >= CLASS_COUNT))
    if len(wrong):
        raise DatasetError(f"row {wrong[0]}: label {classes[wrong[0]]} is neither a digit nor 10, 'not one digit'")
    return normalize_digits(crops), classes


def _continue(
    model: keras.Model,
    corrected: tuple[ImageStack, IntArray],
    replay: Replay,
    options: FineTuneOptions,
    beside: Beside,
) -> tuple[CurvePoint, ...]:
    """Train on batches that mix corrected digits, varied anew each time, with replayed ones."""
    watched = {name: (normalize_digits(digits), classes) for name, (digits, classes) in beside.watched.items()}
    rng = np.random.default_rng(options.seed)
    count, classes = replay.logits.shape
    keyed = np.eye(classes, classes + 1, dtype=np.float32)
    known = np.hstack([replay.logits, np.ones((count, 1), np.float32)])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # a few hundred digits of one office are no statistics
    replayed = round(options.batch_size * options.replay_part)
    own = max(1, options.batch_size - replayed)
    steps = max(options.fewest_steps, options.epochs * math.ceil(len(corrected[1]) / own))
    warming = round(_WARMING * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warming, warmup_target=options.learning_rate, warmup_steps=warming
    )
    model.compile(
        keras.optimizers.AdamW(rate, clipnorm=1.0),
        likeness_loss(options.likeness),
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    looks = set(np.linspace(0, steps, _CURVE_POINTS).round().astype(int).tolist())
    curve = [CurvePoint(0, None, _shares_right(model, watched))]
    for step in range(1, steps + 1):
        mine = rng.integers(len(corrected[1]), size=own)
        theirs = rng.integers(len(known), size=replayed)
        varied = bend(corrected[0][mine], rng, 0.6)
        redrawn = rng.random(own) < 0.3
        varied[redrawn] = rescan(varied[redrawn], rng)
        batch = np.concatenate([varied, replay.images[theirs]])
        targets = np.concatenate([keyed[corrected[1][mine]], known[theirs]])
        loss = model.train_on_batch(as_pixels(batch), targets)
        beside.on_step(step, steps)
        if step in looks:
            # Keras answers with the mean over all batches since it was last told to begin anew.
            curve.append(CurvePoint(step, float(np.ravel(loss)[0]), _shares_right(model, watched)))
            model.reset_metrics()
    return tuple(curve)


def _shares_right(model: keras.Model, watched: Mapping[str, tuple[ImageStack, IntArray]]) -> dict[str, float]:
    """Share read right of each set."""
    return {
        name: float((master_logits(model, images).argmax(axis=1) == classes).mean())
        for name, (images, classes) in watched.items()
    }


def _counted_up(version: str) -> str:
    """ "1" -> "1.1" -> "1.2": the parent's version with its last part one higher."""
    first, _, last = version.rpartition(".")
    return f"{first}.{int(last) + 1}" if first and last.isdigit() else f"{version}.1"


def _card(parent: Bundle, name: str, version: str, count: int) -> str:
    return f"""# {name} {version}: digit network

Fine-tuned from {parent.name} {parent.version} (sha256 `{parent.sha256}`) on {count:,} digits that people corrected
here. They stay on this machine; whoever gets this model may be able to guess at them.
"""
