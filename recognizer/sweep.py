"""A sweep: the same training with every combination of some options, and the table of how the runs came out."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recognizer.atomic_text import write_text
from recognizer.run_folder import EpochFigures, badness
from recognizer.training_options import Optimizer, Schedule, TrainingOptions

_SHOWN = (
    "validation_loss",
    "validation_accuracy",
    "rescan_loss",
    "rescan_accuracy",
    "non_digit_loss",
    "non_digit_accuracy",
)
"""Figures of the best epoch in the table."""
_SWEPT: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "lr": ("learning_rate", float),
    "batch": ("batch_size", int),
    "epochs": ("epochs", int),
    "optimizer": ("optimizer", Optimizer),
    "schedule": ("schedule", Schedule),
    "weight-decay": ("weight_decay", float),
    "l2": ("l2", float),
    "label-smoothing": ("label_smoothing", float),
    "averaging": ("averaging", float),
    "preset": ("preset", str),
    "seed": ("seed", int),
}
"""Name in a sweep -> option it sets, and how its text becomes a value."""


@dataclass(frozen=True, slots=True)
class SweepRun:
    """One finished run of a sweep.

    Attributes:
        name: its settings, and its folder within the sweep's.
        settings: swept options as they were written.
        best: figures of its best epoch, judged on digits it was not trained on.
        metrics: of the kept weights.
    """

    name: str
    settings: Mapping[str, str]
    best: EpochFigures
    metrics: Mapping[str, float]


def parse_sweep(texts: Sequence[str]) -> dict[str, list[str]]:
    """`["lr=1e-3,3e-3", "batch=64,128"]`, or the same in one text, as values by name.

    Raises:
        ValueError: a name that cannot be swept or is given twice, or a value that does not fit it.
    """
    grid: dict[str, list[str]] = {}
    for text in texts:
        name = ""
        for part in text.split(","):
            if "=" in part:
                name, _, part = (piece.strip() for piece in part.partition("="))
                if name in grid:
                    raise ValueError(f"sweep: {name} is given twice")
                grid[name] = []
            if name not in _SWEPT:
                raise ValueError(
                    f"sweep: {name or text!r} cannot be swept; write NAME=VALUE,VALUE of {', '.join(_SWEPT)}"
                )
            grid[name].append(part.strip())
    for name, values in grid.items():
        for value in values:
            _value(name, value)
    return grid


def sweep_runs(
    options: TrainingOptions, grid: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, dict[str, str], TrainingOptions]]:
    """Name, settings and options of each run; each has a folder of its own within `options.out`."""
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        name = ",".join(f"{key}={value}" for key, value in settings.items())
        changes = {_SWEPT[key][0]: _value(key, value) for key, value in settings.items()}
        yield name, settings, replace(options, out=options.out / name, **changes)


def best_first(runs: Sequence[SweepRun]) -> list[SweepRun]:
    """By log loss on digits that were not trained on, as epochs are chosen; never by the test set."""
    return sorted(runs, key=lambda run: badness(run.best))


def write_sweep(path: Path, runs: Sequence[SweepRun]) -> None:
    """Write `sweep.csv`: a row a run, in the order of `runs`, with settings, the best epoch's figures and metrics."""
    settings = list(runs[0].settings) if runs else []
    metrics = sorted({name for run in runs for name in run.metrics})
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["run", *settings, "best_epoch", *_SHOWN, *metrics])
    for run in runs:
        figures = (f"{getattr(run.best, name):.6g}" for name in _SHOWN)
        row = [run.name, *run.settings.values(), run.best.epoch, *figures]
        table.writerow([*row, *(f"{run.metrics[name]:.6g}" if name in run.metrics else "" for name in metrics)])
    write_text(path, stream.getvalue())


def _value(name: str, text: str) -> Any:
    try:
        return _SWEPT[name][1](text)
    except ValueError:
        raise ValueError(f"sweep: {name} cannot be {text!r}") from None
