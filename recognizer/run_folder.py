"""What a training run leaves behind beside its weights: configuration, a row of figures an epoch, curves."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from recognizer.atomic_text import write_text
from recognizer.training_options import TrainingOptions

NON_DIGIT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One row of `metrics.csv`.

    Attributes:
        epoch: from 1.
        loss, accuracy: on the varied training images, with weights as they changed.
        validation_loss, validation_accuracy: averaged weights on digits of other writers as they are.
        rescan_loss, rescan_accuracy: the same digits redrawn at scan size.
        non_digit_loss, non_digit_accuracy: on things that are not one digit; 0 and 1 of networks that know none.
        seconds: the epoch took.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    rescan_loss: float
    rescan_accuracy: float
    non_digit_loss: float
    non_digit_accuracy: float
    seconds: float


def badness(figures: EpochFigures) -> float:
    """What the best epoch has least of: log loss, which is steadier than the handful of wrong digits.

    Non-digits count a tenth: they are that much harder to tell, and that much rarer in fields.
    """
    return figures.validation_loss + figures.rescan_loss + NON_DIGIT_SHARE * figures.non_digit_loss


def write_config(path: Path, options: TrainingOptions, facts: Mapping[str, object]) -> None:
    """Every option of a run, and further facts about it, as JSON."""
    config = {name: _plain(value) for name, value in asdict(options).items()}
    write_text(path, json.dumps({**config, **facts}, indent=2) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def read_history(path: Path) -> list[EpochFigures]:
    """The rows of `metrics.csv`; none when there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    figures = [EpochFigures(0, *(float(row[field.name]) for field in fields(EpochFigures)[1:])) for row in rows]
    return [replace(figure, epoch=place) for place, figure in enumerate(figures, start=1)]


def write_history(path: Path, history: list[EpochFigures]) -> None:
    """Write `metrics.csv`."""
    names = [field.name for field in fields(EpochFigures)]
    lines = [",".join(names)]
    for figures in history:
        lines.append(",".join(f"{value:.6g}" for value in asdict(figures).values()))
    write_text(path, "\n".join(lines) + "\n")


def draw_curves(path: Path, history: list[EpochFigures]) -> None:
    """Loss and error by epoch as a PNG."""
    from matplotlib.figure import Figure  # slow to import, and only needed once an epoch

    figure = Figure(figsize=(9, 3.6), dpi=100, layout="constrained")
    loss, error = figure.subplots(1, 2)
    epochs = [figures.epoch for figures in history]
    loss.plot(epochs, [figures.loss for figures in history], label="training (varied)")
    loss.plot(epochs, [figures.validation_loss for figures in history], label="other writers")
    loss.plot(epochs, [figures.rescan_loss for figures in history], label="other writers, rescanned")
    if any(figures.non_digit_loss for figures in history):
        loss.plot(epochs, [figures.non_digit_loss for figures in history], label="not one digit")
    loss.set(title="loss", xlabel="epoch", yscale="log")
    error.plot(epochs, [100 * (1 - figures.accuracy) for figures in history])
    error.plot(epochs, [100 * (1 - figures.validation_accuracy) for figures in history])
    error.plot(epochs, [100 * (1 - figures.rescan_accuracy) for figures in history])
    error.set(title="digits read wrong, %", xlabel="epoch", yscale="log")
    for axes in (loss, error):
        axes.grid(alpha=0.3, which="both")
    loss.legend(fontsize=8)
    figure.savefig(path)
