"""Options and exit codes that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

EXIT_REVIEW = 3
EXIT_REFUSED = 3
"""A challenger waits for a decision of a person, as a field in review does."""
EXIT_SOME_FAILED = 4
EXIT_NOTHING_READ = 5
EXIT_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


class Device(StrEnum):
    """Where the networks run."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"
    ONNX = "onnx"


class Format(StrEnum):
    """How readings are printed."""

    JSON = "json"
    TABLE = "table"


MaxError = Annotated[
    float | None,
    typer.Option("--max-error", metavar="SHARE", help="Share of accepted values that may be wrong.  [default: 0.01]"),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder with mnist.npz; without, Keras fetches MNIST."),
]
DeviceOption = Annotated[Device | None, typer.Option("--device", help="Where the networks run.  [default: auto]")]


def exit_code_of(failed: int, seen: int) -> int:
    """Exit code of a command that could not read `failed` of `seen` files."""
    if failed == 0:
        return 0
    return EXIT_NOTHING_READ if failed == seen else EXIT_SOME_FAILED
