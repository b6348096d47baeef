"""`fieldreader run`: the main job."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import (
    EXIT_INTERRUPTED,
    EXIT_NOTHING_READ,
    EXIT_REVIEW,
    EXIT_SOME_FAILED,
    DeviceOption,
    MaxError,
)

if TYPE_CHECKING:
    from pipeline.summary import BatchSummary


@app.command(
    epilog=examples(
        "fieldreader run inbox --output out --templates templates",
        "fieldreader run scan1.pdf scan2.tif --output out --max-error 0.001 --overlays pictures",
        "fieldreader run inbox --output out --json --fail-on-review",
    )
)
def run(
    context: typer.Context,
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INBOX|FILE...", help="Folders and files to read; sub-folders are left alone."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results, one JSON a file.")
    ],
    templates: Annotated[
        Path | None,
        typer.Option("--templates", "-t", metavar="DIR", help="Folder of form templates; without, boxes are searched."),
    ] = None,
    max_error: MaxError = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", help="Processes.  [default: one a core]")
    ] = None,
    device: DeviceOption = None,
    overlays: Annotated[
        Path | None,
        typer.Option("--overlays", metavar="DIR", help="Also save each page as a picture with the readings drawn in."),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="DIR", help="Move originals there once they are read; failed ones stay."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read also what has been read before in the same way.")
    ] = False,
    cross_check: Annotated[
        bool | None,
        typer.Option("--cross-check", help="Have PDF pages drawn by poppler too; review those that differ."),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", metavar="FILE", help="Write figures of the run for Prometheus' textfile collector."),
    ] = None,
    fail_on_review: Annotated[
        bool, typer.Option("--fail-on-review", help="Exit with 3 when a field waits for review.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read every document in a folder, or the files named, into one JSON result each.

    Files already read in the same way are skipped. Fields that are not sure enough go to the review queue.
    Originals are never changed, nor moved without `--archive`. Exit code 4 means that some documents failed; their
    results say why.
    """
    from pipeline.batch import plan_batch, run_batch
    from pipeline.cli.batch_progress import BatchProgress
    from pipeline.cli.report import print_report
    from pipeline.cli.terminal import stdout
    from pipeline.composition import batch_options
    from pipeline.runs import recorded
    from pipeline.summary import summary_to_json

    settings = global_options(context).settings(
        templates=templates, max_error=max_error, jobs=jobs, device=device, metrics=metrics
    )
    asked = batch_options(settings, output, overlays, again, archive)
    options = replace(asked, limits=replace(asked.limits, cross_check=True)) if cross_check else asked
    plan = plan_batch(inputs, output, settings.settle_s)
    try:
        with (
            recorded("run", options, metrics=settings.metrics) as record,
            BatchProgress(len(plan.files), is_quiet=quiet or as_json) as progress,
        ):
            summary = run_batch(plan, record.options, progress.show)
            record.done(summary)
    except KeyboardInterrupt:
        typer.echo("Interrupted. Results written so far are whole; the same command goes on from there.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(summary_to_json(summary), indent=2))
    elif not quiet:
        print_report(stdout(), summary, output, overlays, record.page)
    raise typer.Exit(exit_code(summary, fail_on_review))


def exit_code(summary: BatchSummary, fail_on_review: bool) -> int:
    """What a batch ends with; a lost page counts as a failure, a field in review does not unless asked."""
    if summary.failed and summary.failed == summary.read:
        return EXIT_NOTHING_READ
    if summary.failures:
        return EXIT_SOME_FAILED
    if fail_on_review and summary.needs_review:
        return EXIT_REVIEW
    return 0
