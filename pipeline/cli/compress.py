"""`fieldreader compress`: smaller digit networks, each as a model of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import command_group, examples, global_options
from pipeline.cli.compress_options import Training, takes_training
from pipeline.cli.train import command_line, silence_tensorflow

if TYPE_CHECKING:
    from recognizer.bundle import Bundle
    from recognizer.compression import CompressionEpoch, CompressionOptions

compress_app = command_group("compress", "Smaller digit networks, each as a model of its own.")


@compress_app.command(
    "prune",
    epilog=examples(
        "fieldreader compress prune --out pruned --data data",
        "fieldreader compress prune --out pruned --model runs/first/bundle --sparsity 0.9 --epochs 12",
    ),
)
@takes_training
def prune_command(
    context: typer.Context,
    training: Training,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Model to prune.  [default: the one in service]")
    ] = None,
    sparsity: Annotated[
        float, typer.Option("--sparsity", metavar="SHARE", help="Share of weights that become zero.")
    ] = 0.7,
) -> None:
    """Set the smallest weights to zero, little by little, while the others go on learning.

    The network then takes less room when packed; it does not become faster.
    """
    (source,) = _bundles(context, [model] if model else [])

    def run(options: CompressionOptions) -> Bundle:
        from recognizer.pruning import prune

        return prune(source, options, sparsity, _report_epoch)

    _compress(context, training, run)


@compress_app.command(
    "distill",
    epilog=examples(
        "fieldreader compress distill --out small --data data",
        "fieldreader compress distill --out small --teacher runs/a/bundle --teacher runs/b/bundle --width 0.4",
    ),
)
@takes_training
def distill_command(
    context: typer.Context,
    training: Training,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher", metavar="DIR", help="Model to learn from; repeatable.  [default: the one in service]"
        ),
    ] = None,
    width: Annotated[
        float, typer.Option("--width", metavar="SHARE", help="Share of the first teacher's channels to have.")
    ] = 0.5,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Architecture of the student, instead of --width.")
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="T", help="Above 1, the teachers' doubts count more.")
    ] = 3.0,
    teachers_part: Annotated[
        float, typer.Option("--teachers-part", metavar="SHARE", help="Weight of the teachers against the labels.")
    ] = 0.8,
) -> None:
    """Train a small network on what one or several larger ones make of each image: smaller and faster."""
    teachers = _bundles(context, teacher or [])

    def run(options: CompressionOptions) -> Bundle:
        from recognizer.distillation import DistillationOptions, distill

        how = DistillationOptions(preset, width, temperature, teachers_part)
        return distill(teachers, options, how, _report_epoch)

    # A student starts from nothing: more epochs and larger steps than pruning needs.
    _compress(context, training, run, epochs=15, learning_rate=2e-3)


def _bundles(context: typer.Context, folders: list[Path]) -> list[Bundle]:
    from recognizer.bundle import open_bundle
    from recognizer.model_store import champion

    if folders:
        return [open_bundle(folder) for folder in folders]
    return [champion(global_options(context).settings().model_store)]


def _compress(
    context: typer.Context,
    training: Training,
    run: Callable[[CompressionOptions], Bundle],
    **unless_typed: Any,
) -> None:
    from pipeline.errors import SettingsError
    from recognizer.chatter import without_chatter

    settings = global_options(context).settings(data=training.data)
    silence_tensorflow()
    with without_chatter():
        from recognizer.compression import CompressionOptions
    typed = {**unless_typed, **training.given(), "data": settings.data}
    try:
        bundle = run(CompressionOptions(command=command_line(), **typed))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    for metric, value in bundle.metrics.items():
        typer.echo(f"{metric}: {value:.4g}")
    typer.echo(f"Model: {bundle.path}")


def _report_epoch(epoch: CompressionEpoch) -> None:
    from pipeline.cli.terminal import duration, stderr

    stderr().print(
        f"epoch {epoch.epoch} of {epoch.epochs}: loss {epoch.loss:.4f}, "
        f"unseen writers {epoch.validation_accuracy:.2%}, {duration(epoch.seconds_left)} left"
    )
