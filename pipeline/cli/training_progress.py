"""Training with a progress bar, and what is said at its end."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.cli.terminal import duration, plain_table, stderr, stdout
from pipeline.errors import SettingsError
from pipeline.learning.challengers import LearningProgress, OnProgress
from recognizer.run_folder import badness
from recognizer.strip_training import StripProgress, StripTrainingOptions, train_strips
from recognizer.sweep import SweepRun, best_first, sweep_runs, write_sweep
from recognizer.tracking import MlflowTracker
from recognizer.training import TrainingOptions, TrainingProgress, TrainingRun, train


def train_with_progress(options: TrainingOptions, mlflow: str | None = None) -> None:
    """Train a digit network.

    Args:
        options: what to train, on what, and how.
        mlflow: where MLflow keeps its figures; None: nowhere.

    Raises:
        DatasetError: training data cannot be used.
        ModelError: the network to start from cannot be used.
        SettingsError: an option makes no sense.
    """
    run = _watched(options, mlflow)
    for name, value in run.metrics.items():
        typer.echo(f"{name}: {value:.4g}")
    pictures = ", ".join(str(run.folder / name) for name in ("curves.png", "confusion.png", "worst.png"))
    typer.echo(f"Kept epoch {run.best_epoch} of {len(run.history)}. Pictures: {pictures}")
    typer.echo(f"Model: {run.bundle.path}" if run.bundle else f"Network: {run.folder / 'best.keras'}")


def train_sweep_with_progress(
    options: TrainingOptions, grid: Mapping[str, Sequence[str]], mlflow: str | None = None
) -> None:
    """Train every combination of the grid, each into a folder of its own, and print them, the best first.

    Raises:
        DatasetError: training data cannot be used.
        ModelError: the network to start from cannot be used.
        SettingsError: an option makes no sense.
    """
    # TensorFlow takes one network after another for one that is compiled again in vain, and warns at length.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    runs: list[SweepRun] = []
    planned = list(sweep_runs(options, grid))
    for place, (name, settings, own) in enumerate(planned, start=1):
        stderr().print(f"run {place} of {len(planned)}: {name}", markup=False)
        run = _watched(own, mlflow)
        best = replace(run.history[run.best_epoch - 1], epoch=run.best_epoch)
        runs.append(SweepRun(name, settings, best, run.metrics))
        # After each run: an interrupted sweep leaves the table of what it has.
        write_sweep(options.out / "sweep.csv", best_first(runs))
    table = plain_table()
    for heading in ("Run", "Best epoch", "Loss", "Unseen writers", "Rescanned"):
        table.add_column(heading, overflow="fold")
    for entry in best_first(runs):
        figures = entry.best
        table.add_row(
            entry.name,
            str(figures.epoch),
            f"{badness(figures):.4f}",
            f"{figures.validation_accuracy:.2%}",
            f"{figures.rescan_accuracy:.2%}",
        )
    stdout().print(table, markup=False)
    typer.echo(f"Table: {options.out / 'sweep.csv'}")


def _watched(options: TrainingOptions, mlflow: str | None) -> TrainingRun:
    """Train once, with a bar on standard error and figures in MLflow where that is wanted."""
    try:
        with MlflowTracker(mlflow, options) if mlflow else nullcontext() as tracker, _bar() as bar:
            judged_on = "unseen writers" if options.hold_out else "of a tenth once more"
            task = bar.add_task("", total=None, epoch=1, epochs=options.epochs, figures="preparing the data")

            def show(progress: TrainingProgress) -> None:
                figures = f"accuracy {progress.accuracy:.2%}, {duration(progress.seconds_left)} left"
                if progress.validation_accuracy is not None:
                    figures += f", {judged_on} {progress.validation_accuracy:.2%}"
                    bar.console.print(f"epoch {progress.epoch}: {figures}")
                bar.update(
                    task,
                    total=progress.batches,
                    completed=progress.batch,
                    epoch=progress.epoch,
                    figures=figures,
                )

            run = train(options, show, tracker.log_epoch if tracker else lambda _: None)
            if tracker:
                tracker.log_result(run)
            return run
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _bar() -> Progress:
    return Progress(
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        console=stderr(),
    )


@contextmanager
def retraining_bar() -> Iterator[OnProgress]:
    """A bar on standard error while challenger and stand-ins learn; gives what is to be told of it."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=stderr()) as bar:
        task = bar.add_task("labels are looked at", total=None)

        def show(progress: LearningProgress) -> None:
            who = f"stand-in {progress.stand_in} of {progress.stand_ins}" if progress.stand_in else "the challenger"
            networks = 1 + progress.stand_ins
            share = (progress.stand_in + progress.step / progress.steps) / networks
            is_last = progress.stand_in == progress.stand_ins and progress.step == progress.steps
            what = "both models read the corrections" if is_last else f"{who} learns"
            bar.update(task, total=1, completed=share, description=what)

        yield show


def train_strips_with_progress(options: StripTrainingOptions) -> None:
    """Train a strip network for `options.minutes`.

    Raises:
        DatasetError: training data cannot be used.
        SettingsError: an option makes no sense.
    """
    try:
        network = train_strips(options, _report_strips)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    typer.echo(f"Network: {network}")


def _report_strips(progress: StripProgress) -> None:
    line = (
        f"{duration(progress.seconds)} trained, {progress.strips:,} strips, "
        f"loss {progress.frame_loss:.3f} a frame, {progress.ctc_loss:.3f} a strip"
    )
    if progress.curve is not None:
        line += f"; composed strips read exactly: {progress.curve.composed:.1%}"
        if not math.isnan(progress.curve.amounts):
            line += f", watched amounts: {progress.curve.amounts:.1%}"
    sys.stderr.write(line + "\n")
