"""`fieldreader evaluate`: how good a model is, on data with known answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import DeviceOption, Format

evaluate_app = typer.Typer(
    help="How good a model is, on data with known answers.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(evaluate_app, name="evaluate")


@evaluate_app.command(
    "digits",
    epilog=examples(
        "fieldreader evaluate digits --data mnist.npz --out report",
        "fieldreader evaluate digits --data my-digits/ --format json",
        "fieldreader evaluate digits --data crops.csv --model runs/first/model",
    ),
)
def digits_command(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", metavar="PATH", help="NPZ, IDX, CSV, or a folder with a folder a digit.")
    ],
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Model to evaluate.  [default: the one in service]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a page and its pictures here.")
    ] = None,
    device: DeviceOption = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the figures.")] = Format.TABLE,
) -> None:
    """Read labelled digits as in production, and count: accuracy, confusion, calibration, what may be accepted.

    Pictures may have any size and either polarity. Of data with a training and a test part, the test part is read.
    """
    from pipeline.cli.terminal import stderr
    from pipeline.evaluation_report import figures_of, measure_digits, write_report
    from recognizer.digit_files import load_labelled_digits
    from recognizer.model_store import champion, open_bundle
    from recognizer.reader import load_recognizer

    settings = global_options(context).settings(device=device)
    labelled = load_labelled_digits(data)
    bundle = open_bundle(model) if model else champion(settings.model_store)
    measured = measure_digits(load_recognizer(bundle, settings.device), labelled)
    figures = figures_of(measured)
    if output_format is Format.JSON:
        typer.echo(json.dumps(figures, allow_nan=False))
    else:
        _print_table(figures)
    if out is not None:
        stderr().print(f"report: {write_report(out, measured, figures)}", markup=False, soft_wrap=True)


def _print_table(figures: dict[str, Any]) -> None:
    from rich.table import Table

    from pipeline.cli.terminal import stdout

    low, high = figures["accuracy_interval"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_row("read right", f"{figures['accuracy']:.2%}", f"{low:.2%} to {high:.2%}, {figures['n']:,} digits")
    table.add_row("not one digit", f"{figures['not_a_digit']:,}", "digits that were called so")
    table.add_row("calibration error", f"{figures['ece']:.4f}", f"AUGRC {figures['augrc']:.5f}")
    for point in figures["coverage_at"]:
        bound = point["error_interval"][1]
        remark = f"error at most {bound:.3%} (bound at 95 %)" if point["accepted"] else ""
        table.add_row(f"accepted at {point['max_error']:.4g} error", f"{point['coverage']:.2%}", remark)
    for error in figures["worst"][:3]:
        read_as = "not one digit" if error["read_as"] is None else error["read_as"]
        table.add_row("surest errors", f"{error['confidence']:.4f}", f"{error['place']}: {error['label']} as {read_as}")
    stdout().print(table, markup=False)
