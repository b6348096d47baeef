"""What can be asked of a training run, and what it reports. Imports no Keras, so that commands start fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SHIPPED_PRESET = "fieldreader"
"""The architecture of the shipped weights, a key of `network.PRESETS`."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What to train, on what, and how.

    Attributes:
        out: run folder.
        preset: architecture, a key of `network.PRESETS`.
        data: folder with `mnist.npz` (and `mnist_writers.npz`, to split by writer); None: Keras fetches MNIST.
        answer_sheets: NPZ of digits from answer sheets to train on as well; None: none.
        measure_on: NPZ files of digits to measure the result on; never trained on.
        epochs, batch_size: length of training.
        learning_rate: peak of the cosine after a short warm-up.
        weight_decay: of AdamW.
        averaging: momentum of the moving average of the weights; 0 trains without.
        label_smoothing: 0 to 0.2.
        patience: stop after so many epochs without a better one; 0: never.
        augment: vary handwriting anew each epoch.
        rescan_part, pen_part, non_digit_part: the mixture, see `epochs.EpochPlan`.
        limit: train on the first so many digits only; None: all. For trials.
        seed: of everything random.
        resume: go on from the checkpoint in `out` when there is one.
        name, version: of the bundle.
        command: the command that reproduces the run, for the model card.
    """

    out: Path
    preset: str = SHIPPED_PRESET
    data: Path | None = None
    answer_sheets: Path | None = None
    measure_on: tuple[Path, ...] = ()
    epochs: int = 18
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    averaging: float = 0.998
    label_smoothing: float = 0.0
    patience: int = 0
    augment: bool = True
    rescan_part: float = 0.5
    pen_part: float = 0.2
    non_digit_part: float = 0.25
    limit: int | None = None
    seed: int = 1
    resume: bool = False
    name: str = "fieldreader"
    version: str = "1"
    command: str = ""


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run stands; reported every few batches.

    Attributes:
        epoch, epochs: from 1.
        batch, batches: of this epoch, from 1.
        loss, accuracy: of this epoch's training digits so far.
        validation_accuracy: after the last batch of an epoch; None before.
        seconds_left: of the whole run, estimated.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    validation_accuracy: float | None
    seconds_left: float
