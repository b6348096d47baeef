"""`fieldreader train` and `fieldreader retrain`: the networks learn."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import EXIT_REFUSED

if TYPE_CHECKING:
    pass


class Network(StrEnum):
    """Which of the two networks."""

    DIGITS = "digits"
    STRIPS = "strips"


DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder with mnist.npz; without, Keras fetches MNIST."),
]


@app.command(
    epilog=examples(
        "fieldreader train --out runs/first",
        "fieldreader train --out runs/first --resume",
        "fieldreader train --out runs/small --preset tutorial-conv2-dense128 --epochs 5",
        "fieldreader train --network strips --out runs/strips --data data --minutes 90",
    )
)
def train(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Run folder: curves, figures, model.")],
    network: Annotated[Network, typer.Option("--network", help="Which network.")] = Network.DIGITS,
    data: DataOption = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Architecture.  [default: the shipped one]")
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
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", metavar="RATE", help="Peak of the learning rate.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option("--weight-decay", metavar="RATE", help="Of AdamW.")] = None,
    patience: Annotated[
        int | None, typer.Option("--patience", metavar="N", help="Stop after N epochs without a better one.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Of everything random.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N digits, for a trial.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the model.  [default: fieldreader]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", help="Length of training of the strip network.")
    ] = None,
    init_from: Annotated[
        Path | None, typer.Option("--init-from", metavar="FILE", help="Strip network (.keras) to start from.")
    ] = None,
) -> None:
    """Train a network from scratch: a digit network on MNIST and drawn digits, or the strip network.

    Options that are not given have the values the shipped networks were trained with. Putting the model into service
    is another step: see `fieldreader models`.
    """
    data = data or global_options(context).settings().data
    silence_tensorflow()
    if network is Network.STRIPS:
        _train_strips(out, data, minutes=minutes, seed=seed, init_from=init_from, learning_rate=learning_rate)
        return
    from pipeline.cli.training_progress import train_with_progress
    from recognizer.training import TrainingOptions

    options = TrainingOptions(
        out=out,
        data=data,
        answer_sheets=answer_sheets,
        measure_on=tuple(measure_on or ()),
        limit=limit,
        resume=resume,
        command=command_line(),
    )
    given: dict[str, Any] = {
        "preset": preset,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "patience": patience,
        "name": name,
        "seed": seed,
    }
    train_with_progress(replace(options, **{key: value for key, value in given.items() if value is not None}))


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
    """The running command as one would type it, for the model card."""
    return shlex.join(["fieldreader", *sys.argv[1:]])


@app.command(epilog=examples("fieldreader retrain", "fieldreader retrain --data data"))
def retrain(context: typer.Context, data: DataOption = None) -> None:
    """Learn from what people corrected, and put the new model into service only when it is not worse.

    A part of the corrected documents is never trained on; the new model must do as well on them as the one in
    service, and on a benchmark that never changes. Exit code 3: trained, but refused.
    """
    silence_tensorflow()
    from pipeline.retraining import RetrainingOptions, Verdict, report_page, retrain
    from pipeline.storage.review_queue import ReviewQueue

    settings = global_options(context).settings(data=data)
    with ReviewQueue.open(settings.queue_url) as queue:
        report = retrain(queue, settings.model_store, RetrainingOptions(data=settings.data))
    typer.echo(report_page(report), nl=False)
    raise typer.Exit(EXIT_REFUSED if report.verdict is Verdict.REFUSED else 0)
