"""`fieldreader purge`: keep nothing longer than you may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options


@app.command(
    epilog=examples(
        "fieldreader purge out --older-than 90d --dry-run",
        "fieldreader purge out --older-than 90d",
        "fieldreader purge out --older-than 12w --overlays pictures --json",
    )
)
def purge(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the results.")],
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Documents read longer ago than 90d, 12w or 36h.")
    ],
    overlays: Annotated[
        Path | None,
        typer.Option("--overlays", metavar="DIR", help="Folder of the pictures.  [default: OUT/overlays]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Remove results, pictures, review fields with their crops, and records of runs of documents read long ago.

    Then it searches for them, and says so when anything is left. Originals and models are left alone.
    """
    import datetime as dt
    from dataclasses import asdict

    from pipeline.errors import SettingsError
    from pipeline.purge import PurgeOptions, cutoff
    from pipeline.purge import purge as remove

    if not output.is_dir():
        raise SettingsError(f"there is no folder {output}")
    settings = global_options(context).settings()
    before = cutoff(older_than, dt.datetime.now(dt.UTC))
    pages = settings.retraining_pages
    report = remove(PurgeOptions(output, before, settings.queue_url, overlays or output / "overlays", dry_run, pages))
    if as_json:
        typer.echo(json.dumps({"before": before.isoformat(timespec="seconds"), **asdict(report)}, indent=2))
        return
    typer.echo(f"{'Would remove' if dry_run else 'Removed'} what was read before {before:%Y-%m-%d %H:%M} UTC:")
    for name, number in (
        ("results", report.results),
        ("pictures of pages", report.pictures),
        (f"fields of the review queue, {report.pending} of them still waiting", report.fields),
        ("digits of the training set", report.samples),
        ("records of runs", report.runs),
        ("pages about runs and retraining", report.pages),
    ):
        typer.echo(f"{number:>9,}  {name}")
    if not dry_run:
        typer.echo("Searched folder and database: nothing is left of them. Originals were left alone.")
