"""What `read` prints of each field: a line of JSON, or a row of a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from pipeline.cli.pictures import Picture, grays
from pipeline.cli.terminal import plain_table, stdout
from pipeline.document import Decision, FieldReading, Reason
from pipeline.errors import InternalError, ReadingError, SourceError
from pipeline.field_line import FieldLine, field_line
from recognizer.readings import GrayImage

logger = logging.getLogger(__name__)

ReadSome = Callable[[Sequence[GrayImage]], Sequence[FieldReading]]


def lines_of(pictures: Sequence[Picture], read_some: ReadSome) -> Iterator[FieldLine]:
    """One line a picture, in order; those that could not be opened included.

    Raises:
        ReadingError: something that fails every picture.
    """
    try:
        readings = iter(read_some(grays(pictures)))
    except ReadingError:
        raise
    except Exception:
        logger.debug("reading the pictures one by one", exc_info=True)
        yield from (_line_alone(picture, read_some) for picture in pictures)
        return
    for picture in pictures:
        yield field_line(picture.name, next(readings)) if picture.error is None else error_line(picture)


def error_line(picture: Picture, error: SourceError | None = None) -> FieldLine:
    """The line of a picture that cannot be read: shaped like the others, with `error` added."""
    error = error or picture.error or InternalError("was not read")
    return {
        "file": picture.name,
        "value": None,
        "raw": None,
        "confidence": 0.0,
        "decision": str(Decision.REVIEW),
        "reasons": [str(Reason.IMAGE_QUALITY)],
        "alternatives": [],
        "characters": [],
        "error": {"code": error.code, "message": str(error)},
    }


def print_table(lines: Sequence[FieldLine]) -> None:
    """Print lines for people."""
    table = plain_table()
    table.add_column("File", overflow="fold")
    table.add_column("Value", style="bold", no_wrap=True)
    table.add_column("Confidence", justify="right")
    table.add_column("Decision")
    table.add_column("Why")
    for line in lines:
        why = line["error"]["message"] if "error" in line else ", ".join(line["reasons"])
        value = line["value"] if line["value"] is not None else "-"
        table.add_row(Text(line["file"]), value, f"{line['confidence']:.3f}", line["decision"], Text(why))
    stdout().print(table)


def _line_alone(picture: Picture, read_some: ReadSome) -> FieldLine:
    if picture.gray is None:
        return error_line(picture)
    try:
        return field_line(picture.name, read_some([picture.gray])[0])
    except ReadingError:
        raise
    except Exception as error:  # noqa: BLE001, becomes the error of this picture
        return error_line(picture, InternalError(f"met a defect of fieldreader ({type(error).__name__})"))
