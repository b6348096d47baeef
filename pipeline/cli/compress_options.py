"""The options that `fieldreader compress prune` and `fieldreader compress distill` have in common, said once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import DataOption


@dataclass(frozen=True)
class Training:
    """How a smaller network is trained; None: as its way of compressing suggests."""

    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the new model.")]
    data: DataOption = None
    answer_sheets: Annotated[
        Path | None, typer.Option("--answer-sheets", metavar="NPZ", help="Digits from answer sheets to learn as well.")
    ] = None
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Length of training.")] = None
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, metavar="N", help="Digits a step.")] = None
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", metavar="RATE", help="Peak of the learning rate.")
    ] = None
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Of everything random.")] = None
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N digits, for a trial.")
    ] = None
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Of the new model.")] = None

    def given(self) -> dict[str, Any]:
        """What was typed, by the names that `CompressionOptions` has for it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def takes_training(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command that wants `training: Training` take its fields as options, beside options of its own."""
    shared = inspect.signature(Training, eval_str=True).parameters
    own = [
        option for name, option in inspect.signature(command, eval_str=True).parameters.items() if name != "training"
    ]

    @functools.wraps(command)
    def flat(**typed: Any) -> None:
        training = Training(**{name: typed.pop(name) for name in shared})
        command(training=training, **typed)

    every = (option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in (*own, *shared.values()))
    flat.__signature__ = inspect.Signature([*every])  # type: ignore[attr-defined]  # what Typer reads the options from
    return flat
