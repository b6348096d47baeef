"""Fine-tuning the model in service on digits that people corrected, and comparing the two."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.augment import ImageStack, bend, rescan
from recognizer.calibration import log_loss
from recognizer.dataset import UNKNOWN_WRITER, DigitSet, IntArray, load_mnist, split_by_writer
from recognizer.epochs import EpochPlan, compose_epoch, draw_pen_digits
from recognizer.errors import DatasetError
from recognizer.export import export_int8
from recognizer.model_store import DIGITS_INT8, DIGITS_MASTER, MODEL_CARD, Bundle, write_bundle, write_text
from recognizer.network import as_pixels
from recognizer.normalize import normalize_digits
from recognizer.reader import load_recognizer
from recognizer.readings import CLASS_COUNT, InkImage

_FEWEST_STEPS = 40
"""A handful of corrections are repeated until the run has so many steps; fewer do not move the network."""
_KNOWN = 6000
"""Digits of the parent's own kind that a fine-tuning goes over again."""
_CHECKING = 6
"""One in six of them is kept from training and checks the export."""


@dataclass(frozen=True, slots=True)
class FineTuneOptions:
    """How far a challenger may move from its parent.

    Attributes:
        name, version: of the new bundle; an empty version counts the parent's up.
        epochs: passes over the corrected digits.
        batch_size: digits a step, replayed ones included.
        learning_rate: peak of AdamW.
        replay_part: share of each batch that comes from the parent's own kind of data, against forgetting.
        data: folder with `mnist.npz` to replay from; None: digits drawn by our own pen.
        seed: of everything random.
    """

    name: str = "fine-tuned"
    version: str = ""
    epochs: int = 6
    batch_size: int = 64
    learning_rate: float = 3e-4
    replay_part: float = 0.6
    data: Path | None = None
    seed: int = 1


def fine_tune(
    parent: Bundle,
    crops: Sequence[InkImage],
    labels: NDArray[np.int32],
    out: Path,
    options: FineTuneOptions = FineTuneOptions(),
) -> Bundle:
    """Continue the training of a bundle's digit network on labelled crops and write a new bundle.

    Strip files, calibration and operating point of the parent are carried over.

    Args:
        parent: bundle with `digits.keras`.
        crops: (H, W) uint8 each, ink bright on zero, one digit each, as the pipeline cuts them.
        labels: (N,) int, 0 to 9, or 10 for 'not one digit'.
        out: folder of the new bundle; the user's store is `<store>/<name>-<version>/`.
        options: how to train.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: the parent cannot be used.
    """
    images, classes = _checked(crops, labels)
    model = keras.saving.load_model(parent.file(DIGITS_MASTER), compile=False)
    if classes.max() >= model.output_shape[-1]:
        raise DatasetError("the model knows ten classes only; crops that are 'not one digit' cannot be learnt")
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    known = _known_digits(options, rng)
    replay = _varied(
        known.take(np.arange(len(known) - len(known) // _CHECKING)), options, model.output_shape[-1] == CLASS_COUNT
    )
    _continue(model, (images, classes), replay, options, rng)
    version = options.version or _counted_up(parent.version)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        model.save(work / DIGITS_MASTER)
        export_int8(
            model,
            work / DIGITS_INT8,
            np.concatenate([images[:200], replay[0]]),
            known.images[-(len(known) // _CHECKING) :],
        )
        write_text(work / MODEL_CARD, _card(parent, options.name, version, len(images)))
        carried = {name: parent.path / name for name in parent.files}
        made = {name: work / name for name in (DIGITS_MASTER, DIGITS_INT8, MODEL_CARD)}
        return write_bundle(
            out,
            name=options.name,
            version=version,
            files={**carried, **made},
            metrics={"fine_tuned_on": float(len(images))},
            parent=parent.sha256,
            command="fieldreader retrain",
        )


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


def _known_digits(options: FineTuneOptions, rng: np.random.Generator) -> DigitSet:
    """Digits of the kind the parent learnt from: some to replay, and at the end some that only check the export."""
    if options.data is not None:
        training, _ = split_by_writer(load_mnist(options.data)[0])
        return training.take(rng.permutation(len(training))[:_KNOWN])
    images, labels = draw_pen_digits(_KNOWN, rng)
    return DigitSet("our own pen", images, labels, np.full(_KNOWN, UNKNOWN_WRITER, np.int32))


def _varied(digits: DigitSet, options: FineTuneOptions, with_non_digits: bool) -> tuple[ImageStack, IntArray]:
    """Images and classes as in an epoch of the parent's training."""
    return compose_epoch(digits, EpochPlan(1, options.seed, non_digit_part=0.25 if with_non_digits else 0.0), 0)


def _continue(
    model: keras.Model,
    corrected: tuple[ImageStack, IntArray],
    replay: tuple[ImageStack, IntArray],
    options: FineTuneOptions,
    rng: np.random.Generator,
) -> None:
    """Train on batches that mix corrected digits, varied anew each time, with replayed ones."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # a few hundred digits of one office are no statistics
    replayed = round(options.batch_size * options.replay_part)
    own = max(1, options.batch_size - replayed)
    steps = max(_FEWEST_STEPS, options.epochs * math.ceil(len(corrected[1]) / own))
    rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    model.compile(
        keras.optimizers.AdamW(rate, clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    for _ in range(steps):
        mine = rng.integers(len(corrected[1]), size=own)
        theirs = rng.integers(len(replay[1]), size=replayed)
        varied = bend(corrected[0][mine], rng, 0.6)
        redrawn = rng.random(own) < 0.3
        varied[redrawn] = rescan(varied[redrawn], rng)
        batch = np.concatenate([varied, replay[0][theirs]])
        model.train_on_batch(as_pixels(batch), np.concatenate([corrected[1][mine], replay[1][theirs]]))


def _counted_up(version: str) -> str:
    """ "1" -> "1.1" -> "1.2": the parent's version with its last part one higher."""
    first, _, last = version.rpartition(".")
    return f"{first}.{int(last) + 1}" if first and last.isdigit() else f"{version}.1"


def _card(parent: Bundle, name: str, version: str, count: int) -> str:
    return f"""# {name} {version}: digit network

Fine-tuned from {parent.name} {parent.version} (sha256 `{parent.sha256}`) on {count:,} digits that people corrected
here. They stay on this machine; whoever gets this model may be able to guess at them.
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles on the same held-out digits.

    Attributes:
        n: digits compared.
        champion_right, challenger_right: how many each read right.
        champion_log_loss, challenger_log_loss: mean negative log probability of the truth.
    """

    n: int
    champion_right: int
    challenger_right: int
    champion_log_loss: float
    challenger_log_loss: float

    @property
    def challenger_is_worse(self) -> bool:
        """Fewer digits right, or equally many with clearly less belief in the truth."""
        if self.challenger_right != self.champion_right:
            return self.challenger_right < self.champion_right
        return self.challenger_log_loss > 1.1 * self.champion_log_loss + 1e-4


def compare(champion: Bundle, challenger: Bundle, crops: Sequence[InkImage], labels: NDArray[np.int32]) -> Comparison:
    """Read held-out labelled crops with both bundles, as production would.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: a bundle cannot be used.
    """
    _, classes = _checked(crops, labels)
    old, new = (load_recognizer(bundle, "cpu").read_digits(crops).probabilities for bundle in (champion, challenger))
    return Comparison(
        n=len(classes),
        champion_right=int((old.argmax(axis=1) == classes).sum()),
        challenger_right=int((new.argmax(axis=1) == classes).sum()),
        champion_log_loss=log_loss(old, classes),
        challenger_log_loss=log_loss(new, classes),
    )
