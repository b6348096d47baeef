"""`fieldreader train`: the networks learn."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from recognizer.training_options import ALL_BUT_HEAD, Backbone, Classes, Optimizer, Schedule, TrainingOptions


class Network(StrEnum):
    """Which of the two networks."""

    DIGITS = "digits"
    STRIPS = "strips"


class Recipe(StrEnum):
    """How a preset is trained."""

    OURS = "ours"
    TUTORIAL = "tutorial"


@app.command(
    epilog=examples(
        "fieldreader train --out runs/first",
        "fieldreader train --out runs/first --resume",
        "fieldreader train --out runs/small --preset tutorial-conv2-dense128 --recipe tutorial",
        "fieldreader train --out runs/sweep --sweep lr=1e-3,3e-3 --sweep batch=64,128 --epochs 5",
        "fieldreader train --out runs/letters --data letters --classes own --init-from best.keras --freeze 4",
        "fieldreader train --network strips --out runs/strips --data data --minutes 90",
    )
)
def train(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Run folder: curves, figures, model.")],
    network: Annotated[Network, typer.Option("--network", help="Which network.")] = Network.DIGITS,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="PATH",
            help="Folder with mnist.npz, or own digits: NPZ, IDX, CSV, folders; without, Keras fetches MNIST.",
        ),
    ] = None,
    classes: Annotated[
        Classes, typer.Option("--classes", help="What own labels are: the digits, or whatever they say.")
    ] = Classes.DIGITS,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Architecture.  [default: the shipped one]")
    ] = None,
    recipe: Annotated[
        Recipe, typer.Option("--recipe", help="Train as we do, or as the tutorial does that the preset comes from.")
    ] = Recipe.OURS,
    init_from: Annotated[
        Path | None,
        typer.Option("--init-from", metavar="PATH", help="Model, training run or .keras file to start from."),
    ] = None,
    backbone: Annotated[
        Backbone | None, typer.Option("--backbone", help="Network trained on photographs to transfer from.")
    ] = None,
    backbone_weights: Annotated[
        Path | None, typer.Option("--backbone-weights", metavar="FILE", help="Its weights, without its top.")
    ] = None,
    freeze: Annotated[
        str | None,
        typer.Option("--freeze", metavar="N|all-but-head", help="Keep the first N layers with weights as they are."),
    ] = None,
    answer_sheets: Annotated[
        Path | None, typer.Option("--answer-sheets", metavar="NPZ", help="Digits from answer sheets to learn as well.")
    ] = None,
    measure_on: Annotated[
        list[Path] | None,
        typer.Option(
            "--measure-on", metavar="NPZ", help="Digits to measure the result on, never to learn; repeatable."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Length of training.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, metavar="N", help="Digits a step.")] = None,
    optimizer: Annotated[Optimizer | None, typer.Option("--optimizer", help="[default: adamw]")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", metavar="RATE", help="Peak of the learning rate.")
    ] = None,
    schedule: Annotated[
        Schedule | None, typer.Option("--schedule", help="How the learning rate goes.  [default: cosine]")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option("--weight-decay", metavar="RATE", help="Of AdamW.")] = None,
    l2: Annotated[
        float | None, typer.Option("--l2", metavar="FACTOR", help="Penalty on squared weights.  [default: 0]")
    ] = None,
    label_smoothing: Annotated[
        float | None, typer.Option("--label-smoothing", metavar="SHARE", help="0 to 0.2.  [default: 0]")
    ] = None,
    averaging: Annotated[
        float | None,
        typer.Option("--averaging", metavar="MOMENTUM", help="Of the averaged weights (EMA); 0 for none."),
    ] = None,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Vary handwriting anew each epoch.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option("--patience", metavar="N", help="Stop after N epochs without a better one.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Of everything random.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only N digits, for a trial.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the model.  [default: fieldreader]")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", metavar="NAME=V,V", help="Train with each of these values; repeatable, as a grid."),
    ] = None,
    mlflow: Annotated[
        str | None, typer.Option("--mlflow", metavar="URI", help="Keep figures in MLflow; needs fieldreader[mlflow].")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", help="Length of training of the strip network.")
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            "--watch",
            metavar="DIR",
            help="Folder with courtesy_amounts/, whose tune half the strip network reads at each checkpoint.",
        ),
    ] = None,
) -> None:
    """Train a network: a digit network on MNIST and drawn digits or on your own data, or the strip network.

    Options that are not given have the values the shipped networks were trained with, or those of the tutorial with
    `--recipe tutorial`. Putting the model into service is another step: see `fieldreader models add`.
    """
    data = data or global_options(context).settings().data
    silence_tensorflow()
    if network is Network.STRIPS:
        strip_options = {"minutes": minutes, "seed": seed, "init_from": init_from, "learning_rate": learning_rate}
        _train_strips(out, data, watch=watch, averaging=averaging, **strip_options)
        return
    grid = _grid(sweep or [])
    options = TrainingOptions(
        out=out,
        data=data,
        classes=classes,
        answer_sheets=answer_sheets,
        measure_on=tuple(measure_on or ()),
        limit=limit,
        resume=resume,
        init_from=init_from,
        backbone=backbone,
        backbone_weights=backbone_weights,
        freeze=_freeze(freeze),
        command=command_line(),
    )
    if recipe is Recipe.TUTORIAL:
        options = _as_the_tutorial(options, preset)
    given: dict[str, Any] = {
        "preset": preset,
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "l2": l2,
        "label_smoothing": label_smoothing,
        "averaging": averaging,
        "augment": augment,
        "patience": patience,
        "name": name,
        "seed": seed,
    }
    options = replace(options, **{key: value for key, value in given.items() if value is not None})
    from pipeline.cli.training_progress import train_sweep_with_progress, train_with_progress

    if grid:
        train_sweep_with_progress(options, grid, mlflow)
    else:
        train_with_progress(options, mlflow)


def _freeze(text: str | None) -> int | str:
    if text is None or text == ALL_BUT_HEAD:
        return text or 0
    if not text.isdecimal():
        raise typer.BadParameter(f"{text!r} is neither a number of layers nor {ALL_BUT_HEAD}", param_hint="--freeze")
    return int(text)


def _grid(sweep: list[str]) -> dict[str, list[str]]:
    from recognizer.sweep import parse_sweep

    try:
        return parse_sweep(sweep)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--sweep") from None


def _as_the_tutorial(options: TrainingOptions, preset: str | None) -> TrainingOptions:
    from recognizer.network import PRESETS
    from recognizer.recipes import by_recipe

    recipes = {name: known.recipe for name, known in PRESETS.items() if known.recipe}
    if preset not in recipes:
        raise typer.BadParameter(f"no tutorial trains the preset {preset}; those are {', '.join(recipes)}")
    return by_recipe(options, recipes[preset])


def _train_strips(out: Path, data: Path | None, **given: object) -> None:
    from pipeline.cli.training_progress import train_strips_with_progress
    from pipeline.errors import DatasetError
    from recognizer.strip_training import StripTrainingOptions

    if data is None:
        raise DatasetError("the strip network composes its strips from digits: name their folder with --data")
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    train_strips_with_progress(StripTrainingOptions(data=data, out=out, **known))


def silence_tensorflow() -> None:
    """Its native code talks about processor features while it loads; must come before the first import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def command_line() -> str:
    """The running command as one would type it, for the model card; where figures went may hold a password."""
    words = iter(sys.argv[1:])
    kept = []
    for word in words:
        if word == "--mlflow":
            next(words, None)
        elif not word.startswith("--mlflow="):
            kept.append(word)
    return shlex.join(["fieldreader", *kept])
