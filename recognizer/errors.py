"""The root of the error tree. `pipeline/errors.py` draws the whole tree."""

from __future__ import annotations

from typing import ClassVar


class ReadingError(Exception):
    """Anything fieldreader raises on purpose.

    Attributes:
        code: stable identifier, snake_case; it appears in result files and is documented.
        exit_code: exit status of the command when this error ends it.
    """

    code: ClassVar[str] = "reading_error"
    exit_code: ClassVar[int] = 2


class ModelError(ReadingError):
    """A model is missing, truncated, foreign or does not fit; it stops the batch."""

    code = "model_error"


class DatasetError(ReadingError):
    """Training or evaluation data cannot be used; the message names the file and the row."""

    code = "dataset_error"
