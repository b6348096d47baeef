"""`fieldreader compress`: smaller digit networks, each as a model of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.train import DataOption, command_line, silence_tensorflow

if TYPE_CHECKING:
    from recognizer.compression import CompressionEpoch, CompressionOptions
    from recognizer.model_store import Bundle

compress_app = typer.Typer(
    help="Smaller digit networks, each as a model of its own.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(compress_app, name="compress")

OutOption = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the new model.")]
SheetsOption = Annotated[
    Path | None, typer.Option("--answer-sheets", metavar="NPZ", help="Digits from answer sheets to learn as well.")
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Length of training.")]
BatchOption = Annotated[int | None, typer.Option("--batch-size", min=1, metavar="N", help="Digits a step.")]
RateOption = Annotated[float | None, typer.Option("--learning-rate", metavar="RATE", help="Peak of the learning rate.")]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Of everything random.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N digits, for a trial.")
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Of the new model.")]


@compress_app.command(
    "prune",
    epilog=examples(
        "fieldreader compress prune --out pruned --data data",
        "fieldreader compress prune --out pruned --model runs/first/bundle --sparsity 0.9 --epochs 12",
    ),
)
def prune_command(
    context: typer.Context,
    out: OutOption,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Model to prune.  [default: the one in service]")
    ] = None,
    sparsity: Annotated[
        float, typer.Option("--sparsity", metavar="SHARE", help="Share of weights that become zero.")
    ] = 0.7,
    data: DataOption = None,
    answer_sheets: SheetsOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchOption = None,
    learning_rate: RateOption = None,
    seed: SeedOption = None,
    limit: LimitOption = None,
    name: NameOption = None,
) -> None:
    """Set the smallest weights to zero, little by little, while the others go on learning.

    The network then takes less room when packed; it does not become faster.
    """
    given = _given(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed, limit=limit, name=name)
    (source,) = _bundles(context, [model] if model else [])

    def run(options: CompressionOptions) -> Bundle:
        from recognizer.pruning import prune

        return prune(source, options, sparsity, _report_epoch)

    _compress(context, out, data, answer_sheets, given, run)


@compress_app.command(
    "distill",
    epilog=examples(
        "fieldreader compress distill --out small --data data",
        "fieldreader compress distill --out small --teacher runs/a/bundle --teacher runs/b/bundle --width 0.4",
    ),
)
def distill_command(
    context: typer.Context,
    out: OutOption,
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
    data: DataOption = None,
    answer_sheets: SheetsOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchOption = None,
    learning_rate: RateOption = None,
    seed: SeedOption = None,
    limit: LimitOption = None,
    name: NameOption = None,
) -> None:
    """Train a small network on what one or several larger ones make of each image: smaller and faster."""
    given = _given(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed, limit=limit, name=name)
    teachers = _bundles(context, teacher or [])

    def run(options: CompressionOptions) -> Bundle:
        from recognizer.distillation import DistillationOptions, distill

        how = DistillationOptions(preset, width, temperature, teachers_part)
        # A student starts from nothing: more epochs and larger steps than pruning needs.
        return distill(
            teachers, replace(options, **({"epochs": 15, "learning_rate": 2e-3} | given)), how, _report_epoch
        )

    _compress(context, out, data, answer_sheets, given, run)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _bundles(context: typer.Context, folders: list[Path]) -> list[Bundle]:
    from recognizer.model_store import champion, open_bundle

    if folders:
        return [open_bundle(folder) for folder in folders]
    return [champion(global_options(context).settings().model_store)]


def _compress(
    context: typer.Context,
    out: Path,
    data: Path | None,
    answer_sheets: Path | None,
    given: dict[str, Any],
    run: Callable[[CompressionOptions], Bundle],
) -> None:
    from pipeline.errors import SettingsError
    from recognizer.chatter import without_chatter

    settings = global_options(context).settings(data=data)
    silence_tensorflow()
    with without_chatter():
        from recognizer.compression import CompressionOptions
    options = CompressionOptions(out, settings.data, answer_sheets, command=command_line())
    try:
        bundle = run(replace(options, **given))
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
