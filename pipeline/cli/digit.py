"""`fieldreader digit`: one handwritten digit a picture, as in the tutorials."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import DeviceOption, Format, exit_code_of

if TYPE_CHECKING:
    from pipeline.cli.pictures import Picture
    from recognizer.readings import FloatArray

TOP = 3


@app.command(
    epilog=examples(
        "fieldreader digit seven.png",
        "fieldreader digit photos/*.jpg --format json",
    )
)
def digit(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Pictures of one digit each.")],
    device: DeviceOption = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the readings.")] = Format.TABLE,
) -> None:
    """Read one handwritten digit a picture: any size, dark on light or light on dark.

    A picture that shows no single digit is said to show none, instead of the digit it resembles most.
    """
    from pipeline.cli.pictures import grays, open_pictures
    from recognizer.model_store import champion
    from recognizer.normalize import ink_of_picture
    from recognizer.reader import load_recognizer

    settings = global_options(context).settings(device=device)
    recognizer = load_recognizer(champion(settings.model_store), settings.device)
    lines: list[dict[str, Any]] = []
    for pictures in open_pictures(images, settings.scans):
        inks = [ink_of_picture(gray) for gray in grays(pictures)]
        rows = iter(recognizer.read_digits(inks).probabilities)
        for picture in pictures:
            line = _line(picture.name, next(rows)) if picture.error is None else _error_line(picture)
            lines.append(line)
            if output_format is Format.JSON:
                typer.echo(json.dumps(line))
    if output_format is Format.TABLE:
        _print_table(lines)
    raise typer.Exit(exit_code_of(sum("error" in line for line in lines), len(lines)))


def _line(name: str, probabilities: FloatArray) -> dict[str, Any]:
    """Digit, confidence and the likeliest digits; `digit` is null when 'not one digit' is likelier than each."""
    from recognizer.readings import DIGIT_COUNT, NOT_A_DIGIT

    order = sorted(range(DIGIT_COUNT), key=lambda number: -probabilities[number])
    best = int(probabilities.argmax())
    return {
        "file": name,
        "digit": None if best == NOT_A_DIGIT else best,
        "confidence": round(float(probabilities[best]), 4),
        "top": [{"digit": number, "confidence": round(float(probabilities[number]), 4)} for number in order[:TOP]],
    }


def _error_line(picture: Picture) -> dict[str, Any]:
    assert picture.error is not None
    error = {"code": picture.error.code, "message": str(picture.error)}
    return {"file": picture.name, "digit": None, "confidence": 0.0, "top": [], "error": error}


def _print_table(lines: Sequence[dict[str, Any]]) -> None:
    from rich.text import Text

    from pipeline.cli.terminal import plain_table, stdout

    table = plain_table()
    table.add_column("File", overflow="fold")
    table.add_column("Digit", justify="right", style="bold")
    table.add_column("Confidence", justify="right")
    table.add_column("Likeliest")
    for line in lines:
        found = "-" if line["digit"] is None else str(line["digit"])
        top = "   ".join(f"{other['digit']} {other['confidence']:.1%}" for other in line["top"])
        remark = line["error"]["message"] if "error" in line else top if line["digit"] is not None else "not one digit"
        table.add_row(Text(line["file"]), found, f"{line['confidence']:.1%}", Text(remark))
    stdout().print(table)
