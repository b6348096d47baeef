"""Training with a progress bar, and what is said at its end."""

from __future__ import annotations

import sys

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.cli.terminal import duration, stderr
from pipeline.errors import SettingsError
from recognizer.strip_training import StripProgress, StripTrainingOptions, train_strips
from recognizer.training import TrainingOptions, TrainingProgress, train


def train_with_progress(options: TrainingOptions) -> None:
    """Train a digit network.

    Raises:
        DatasetError: training data cannot be used.
        SettingsError: an option makes no sense.
    """
    with Progress(
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        console=stderr(),
    ) as bar:
        task = bar.add_task("", total=None, epoch=1, epochs=options.epochs, figures="preparing the data")

        def show(progress: TrainingProgress) -> None:
            figures = f"accuracy {progress.accuracy:.2%}, {duration(progress.seconds_left)} left"
            if progress.validation_accuracy is not None:
                figures += f", unseen writers {progress.validation_accuracy:.2%}"
                bar.console.print(f"epoch {progress.epoch}: {figures}")
            bar.update(
                task,
                total=progress.batches,
                completed=progress.batch,
                epoch=progress.epoch,
                figures=figures,
            )

        try:
            run = train(options, show)
        except ValueError as error:
            raise SettingsError(str(error)) from error
    for name, value in run.bundle.metrics.items():
        typer.echo(f"{name}: {value:.4g}")
    typer.echo(f"Best epoch {run.best_epoch} of {len(run.history)}. Curves: {run.folder / 'curves.png'}")
    typer.echo(f"Model: {run.bundle.path}")


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
    sys.stderr.write(line + "\n")
