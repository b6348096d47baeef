"""`fieldreader read`: fields that are already cut out, without pages, templates or queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import DeviceOption, Format, MaxError, exit_code_of

if TYPE_CHECKING:
    from pipeline.document import FieldReading
    from recognizer.readings import GrayImage


class Kind(StrEnum):
    """Grammar under which a field is read; the values of `pipeline.document.FieldKind`."""

    DIGITS = "digits"
    POSTAL_CODE = "postal_code"
    AMOUNT = "amount"
    DATE = "date"
    ACCOUNT = "account"


class DateOrder(StrEnum):
    """Order of day, month and year."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


class Cents(StrEnum):
    """What a form promises about the cents of an amount; the values of `pipeline.document.Cents`."""

    IMPLIED = "implied"
    AS_WRITTEN = "as_written"
    NEVER = "never"


@app.command(
    epilog=examples(
        "fieldreader read crop.png --kind postal_code --length 5",
        "fieldreader read amounts/*.png --kind amount --max-error 0.001 > amounts.jsonl",
        "fieldreader read amounts/*.png --kind amount --cents never",
        "fieldreader read date.tif --kind date --date-order MDY --format table",
    )
)
def read(
    context: typer.Context,
    crops: Annotated[list[Path], typer.Argument(metavar="CROP", help="Pictures of one field each.")],
    kind: Annotated[Kind, typer.Option("--kind", "-k", help="What the field holds.")] = Kind.DIGITS,
    length: Annotated[
        int | None, typer.Option("--length", min=1, metavar="N", help="Number of digits, when fixed.")
    ] = None,
    country: Annotated[
        str | None, typer.Option("--country", metavar="CODE", help="Country of a postal code, such as US.")
    ] = None,
    date_order: Annotated[
        DateOrder, typer.Option("--date-order", help="Order of day, month and year in a date.")
    ] = DateOrder.DMY,
    cents: Annotated[
        Cents | None,
        typer.Option("--cents", help="Where an amount has cents.  [default: as_written on lines, implied in boxes]"),
    ] = None,
    max_error: MaxError = None,
    device: DeviceOption = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the readings.")] = Format.JSON,
) -> None:
    """Read fields that are already cut out: one line of JSON a file, in the order given.

    A file that cannot be read has its line too, with `value` null and an `error`. PNG, JPEG, TIFF and PDF are
    understood, among others; of a file with several pages the first is read.
    """
    from pipeline import document
    from pipeline.cli.field_lines import lines_of, print_table
    from pipeline.cli.pictures import open_pictures
    from pipeline.document import FieldKind, FieldSpec
    from pipeline.process import read_crops
    from pipeline.reading_model import open_model
    from recognizer.reader import load_recognizer

    settings = global_options(context).settings(max_error=max_error, device=device)
    model = open_model(settings.model_store)
    recognizer = load_recognizer(model.bundle, settings.device)
    spec = FieldSpec(
        "crop",
        FieldKind(kind.value),
        length=length,
        country=country,
        date_order=date_order.value,
        cents=document.Cents(cents.value) if cents else None,
    )

    def read_some(images: Sequence[GrayImage]) -> Sequence[FieldReading]:
        return read_crops(images, [spec] * len(images), recognizer, model.operating_point, settings.reading)

    lines: list[dict[str, Any]] = []
    for pictures in open_pictures(crops, settings.scans):
        for line in lines_of(pictures, read_some):
            lines.append(line)
            if output_format is Format.JSON:
                typer.echo(json.dumps(line))
    if output_format is Format.TABLE:
        print_table(lines)
    raise typer.Exit(exit_code_of(sum("error" in line for line in lines), len(lines)))
