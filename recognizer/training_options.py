"""What can be asked of a training run, and what it reports. Imports no Keras, so that commands start fast."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SHIPPED_PRESET = "fieldreader"
"""The architecture of the shipped weights, a key of `network.PRESETS`."""

ALL_BUT_HEAD = "all-but-head"


class Optimizer(StrEnum):
    """What turns gradients into steps."""

    ADAMW = "adamw"
    ADAM = "adam"
    RMSPROP = "rmsprop"
    SGD = "sgd"


class Schedule(StrEnum):
    """How the learning rate goes over a run; `cosine` starts with a short warm-up."""

    COSINE = "cosine"
    EXPONENTIAL = "exponential"
    CONSTANT = "constant"


class Backbone(StrEnum):
    """Networks trained on photographs, to transfer from."""

    RESNET50 = "resnet50"
    MOBILENET_V2 = "mobilenet_v2"


class Classes(StrEnum):
    """What the labels of the data mean: the ten digits, or whatever they are (letters, another script's digits)."""

    DIGITS = "digits"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What to train, on what, and how.

    Attributes:
        out: run folder.
        preset: architecture, a key of `network.PRESETS`.
        init_from: model folder or `.keras` file whose network is trained on, instead of a new one of `preset`.
        backbone: transfer from this network instead; needs `backbone_weights`.
        backbone_weights: file of the backbone's weights, without its top.
        freeze: so many layers with weights, counted from the input, stay as they are; or ALL_BUT_HEAD.
        data: folder with `mnist.npz` (and `mnist_writers.npz`, to split by writer), or own digits in any form that
            `digit_files` reads; None: Keras fetches MNIST.
        classes: what the labels of own data mean.
        answer_sheets: NPZ of digits from answer sheets to train on as well; None: none.
        measure_on: NPZ files of digits to measure the result on; never trained on.
        epochs, batch_size: length of training.
        optimizer: what turns gradients into steps.
        learning_rate: its peak.
        schedule: how it goes from there.
        weight_decay: of AdamW.
        l2: penalty on the squared weights of convolutions and dense layers, in the loss.
        averaging: momentum of the moving average of the weights; 0 trains without.
        label_smoothing: 0 to 0.2.
        patience: stop after so many epochs without a better one; 0: never.
        augment: vary handwriting anew each epoch.
        rescan_part, pen_part, non_digit_part: the mixture, see `epochs.EpochPlan`.
        hold_out: keep a tenth of the writers from training, to choose the best epoch and to calibrate. Without, the
            last epoch is kept and nothing is calibrated, as tutorials do it.
        limit: train on so many digits only; None: all. For trials.
        seed: of everything random.
        resume: go on from the checkpoint in `out` when there is one.
        name, version: of the bundle.
        command: the command that reproduces the run, for the model card.
    """

    out: Path
    preset: str = SHIPPED_PRESET
    init_from: Path | None = None
    backbone: Backbone | None = None
    backbone_weights: Path | None = None
    freeze: int | str = 0
    data: Path | None = None
    classes: Classes = Classes.DIGITS
    answer_sheets: Path | None = None
    measure_on: tuple[Path, ...] = ()
    epochs: int = 18
    batch_size: int = 128
    optimizer: Optimizer = Optimizer.ADAMW
    learning_rate: float = 2e-3
    schedule: Schedule = Schedule.COSINE
    weight_decay: float = 0.02
    l2: float = 0.0
    averaging: float = 0.998
    label_smoothing: float = 0.0
    patience: int = 0
    augment: bool = True
    rescan_part: float = 0.5
    pen_part: float = 0.2
    non_digit_part: float = 0.25
    hold_out: bool = True
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
