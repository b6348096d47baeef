"""`fieldreader evaluate`: how good a model is, on data with known answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.app import command_group, examples, global_options
from pipeline.cli.options import DeviceOption, Format

evaluate_app = command_group("evaluate", "How good a model is, on data with known answers.")


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
    from pipeline.evaluating.evaluation_report import figures_of, measure_digits, write_report
    from recognizer.bundle import open_bundle
    from recognizer.digit_files import load_labelled_digits
    from recognizer.model_store import champion
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
    from pipeline.cli.terminal import plain_table, stdout

    low, high = figures["accuracy_interval"]
    table = plain_table(is_headed=False)
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


@evaluate_app.command(
    "fields",
    epilog=examples(
        "fieldreader evaluate fields out truth.csv",
        "fieldreader evaluate fields out truth.csv --inbox inbox --out report",
        "fieldreader evaluate fields out truth.csv --format json",
    ),
)
def fields_command(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of results, or a single one.")],
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="CSV with the columns file, field, value, perhaps document.")
    ],
    inbox: Annotated[
        Path | None, typer.Option("--inbox", metavar="DIR", help="Folder of the scans, to show the worst errors.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a page and its pictures here.")
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the figures.")] = Format.TABLE,
) -> None:
    """Count how fields were read beside their truth: read and substitution rate, review, straight-through forms.

    A field left empty has an empty value in the truth. Label forms by chance, not by how they were read.
    """
    from pipeline.cli.terminal import stderr
    from pipeline.evaluating.field_evaluation import evaluate_fields, evaluation_to_json
    from pipeline.evaluating.field_report import write_field_report
    from pipeline.evaluating.labelled_fields import label_results
    from pipeline.storage.stored_results import stored_results
    from pipeline.storage.truth import load_truth

    labelled = label_results(stored_results([results]), load_truth(truth))
    evaluation = evaluate_fields(labelled)
    figures = evaluation_to_json(evaluation, labelled)
    if output_format is Format.JSON:
        typer.echo(json.dumps(figures, allow_nan=False))
    else:
        _print_fields(figures)
    if out is not None:
        stderr().print(f"report: {write_field_report(out, evaluation, figures, inbox)}", markup=False, soft_wrap=True)


def _print_fields(figures: dict[str, Any]) -> None:
    from pipeline.cli.terminal import plain_table, stdout

    low, high = figures["substitution_interval"]
    forms = figures["documents"]
    table = plain_table(is_headed=False)
    table.add_row("read", f"{figures['read_rate']:.2%}", f"{figures['read']:,} of {figures['fields']:,} fields")
    if figures["read"]:
        remark = f"{figures['substitutions']} of those read; {low:.2%} to {high:.2%}"
        table.add_row("wrong", f"{figures['substitution_rate']:.2%}", remark)
    table.add_row("to review", f"{figures['review_rate']:.2%}", f"{figures['review']:,} fields")
    table.add_row("exact", f"{figures['exact_rate']:.2%}", "of all values, whatever was decided")
    right = f"{forms['straight_through']:,} of {forms['documents']:,} forms, {forms['straight_through_right']:,} right"
    table.add_row("straight through", f"{forms['straight_through_rate']:.2%}", right)
    table.add_row("calibration error", f"{figures['ece']:.4f}", "")
    for key, remark in (("without_result", "fields of the truth"), ("without_truth", "fields of these forms")):
        if figures[key]:
            table.add_row(key.replace("_", " "), f"{figures[key]:,}", f"{remark}, not counted")
    stdout().print(table, markup=False)
