"""`fieldreader drift`: whether lately read fields still look like those the model was calibrated on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import EXIT_REVIEW, Format

if TYPE_CHECKING:
    from recognizer.drift import ReadingProfile, Shift

EXIT_DRIFTED = EXIT_REVIEW
"""A scanner or a model waits for a person, as a field in review does."""


@app.command(
    epilog=examples(
        "fieldreader drift out --since 2026-11-20",
        "fieldreader drift good-week --write-reference reference.json",
        "fieldreader drift out --reference reference.json --format json",
    )
)
def drift(
    context: typer.Context,
    outputs: Annotated[list[Path], typer.Argument(metavar="OUT...", help="Folders of results, or single results.")],
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", formats=["%Y-%m-%d"], help="Only what was read on this day or later."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="Compare with this.  [default: the model's own]")
    ] = None,
    write_reference: Annotated[
        Path | None,
        typer.Option("--write-reference", metavar="FILE", help="Do not compare; make these results the reference."),
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the findings.")] = Format.TABLE,
) -> None:
    """Compare stored readings with a reference: confidence, digits, fields that are blank or gave nothing.

    Raises an alarm, exit code 3, when one of them has moved for the worse beyond what chance explains: look at the
    scanner's glass and settings, at new forms, then at the model.
    """
    from pipeline.confidence.drift import profile_of_fields
    from pipeline.storage.stored_results import stored_results
    from recognizer.drift import compare_profiles, load_profile

    fields = (
        field
        for result in stored_results(outputs, since.date() if since else None)
        for document in result.documents
        for field in document.fields
    )
    lately = profile_of_fields(fields)
    if write_reference is not None:
        _write(write_reference, lately)
        return
    shifts = compare_profiles(load_profile(reference or _reference_of_model(context)), lately)
    if output_format is Format.JSON:
        from dataclasses import asdict

        findings = [{**asdict(shift), "limit": shift.limit if shift.is_enough else None} for shift in shifts]
        typer.echo(json.dumps({"is_alarm": any(shift.is_alarm for shift in shifts), "signals": findings}))
    else:
        _print_table(shifts)
    raise typer.Exit(EXIT_DRIFTED if any(shift.is_alarm for shift in shifts) else 0)


def _reference_of_model(context: typer.Context) -> Path:
    from pipeline.errors import SettingsError
    from recognizer.drift import DRIFT_REFERENCE
    from recognizer.model_store import champion

    bundle = champion(global_options(context).settings().model_store)
    if not bundle.has(DRIFT_REFERENCE):
        raise SettingsError(
            f"model {bundle.name} {bundle.version} has no reference; make one from results that you trust with "
            "`fieldreader drift OUT --write-reference FILE` and name it with --reference"
        )
    return bundle.file(DRIFT_REFERENCE)


def _write(path: Path, profile: ReadingProfile) -> None:
    from pipeline.errors import OutputError, SettingsError
    from pipeline.storage.atomic import write_atomically
    from recognizer.drift import LEAST_COUNT, profile_to_json

    if sum(profile.counts["digits"]) < LEAST_COUNT:
        raise SettingsError(f"these results hold fewer than {LEAST_COUNT} digits, too few to compare with")
    try:
        write_atomically(path, profile_to_json(profile).encode())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def _print_table(shifts: Sequence[Shift]) -> None:
    from pipeline.cli.terminal import plain_table, stdout

    table = plain_table()
    for heading in ("Signal", "Readings", "Index", "Limit", ""):
        table.add_column(heading, justify="right" if heading in {"Readings", "Index", "Limit"} else "left")
    for shift in shifts:
        finding = "ALARM" if shift.is_alarm else "quiet" if shift.is_enough else "too few readings"
        limit = f"{shift.limit:.3f}" if shift.is_enough else "-"
        table.add_row(shift.signal, f"{shift.n:,}", f"{shift.index:.3f}", limit, finding)
    stdout().print(table)
