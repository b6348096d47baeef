"""`fieldreader runs`: what became of each batch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.storage.run_log import RunRecord

SHOWN_RUNS = 20
"""About a screenful; `--limit` shows more."""
SHOWN_FAILURES = 50
TABLE_WIDTH = 100
"""Narrower, rich cuts names and counts short; a terminal wraps the lines, and nothing is lost."""


@app.command(
    epilog=examples(
        "fieldreader runs",
        "fieldreader runs --kind nightly --limit 30",
        "fieldreader runs 2026-05-01",
        "fieldreader runs --json",
    )
)
def runs(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Name of a run, or how it begins: shows that one in detail.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only these: run, nightly, read-folder, retrain, ...")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many.")] = SHOWN_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show the records of runs, newest first, whoever started them; or one of them in detail.

    In each, the files add up: seen = read before + accepted + for review + failed. The page of a run is
    `OUT/runs/<name>.html`.
    """
    from dataclasses import asdict

    from pipeline.cli.terminal import stdout
    from pipeline.errors import SettingsError
    from pipeline.storage.run_log import RunLog

    with RunLog.open(global_options(context).settings().queue_url) as log:
        found = log.runs(kind, None if run else limit)
    if run is not None:
        found = tuple(record for record in found if record.id.startswith(run))[:limit]
        if not found:
            raise SettingsError(f"there is no run whose name begins with {run!r}; see them with: fieldreader runs")
    if as_json:
        for record in found:
            typer.echo(json.dumps(asdict(record)))
    elif not found:
        typer.echo("No run so far.")
    elif run is not None and len(found) == 1:
        _print_run(found[0])
    else:
        console = stdout()
        console.width = max(console.width, TABLE_WIDTH)
        console.print(_table(found))


def _table(records: tuple[RunRecord, ...]) -> Table:
    from pipeline.cli.terminal import plain_table

    table = plain_table()
    table.add_column("Run", no_wrap=True)
    for heading in ("Kind", "State"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Seen", "Before", "Accepted", "Review", "Failed", "Left", "Pages", "Time"):
        table.add_column(heading, justify="right")
    for record in records:
        table.add_row(record.id, record.kind, _state(record), *_counts(record))
    return table


def _counts(record: RunRecord) -> list[str]:
    from pipeline.cli.terminal import duration
    from pipeline.storage.run_log import RunState

    if record.state is not RunState.DONE:
        return []
    counts = (
        record.seen, record.skipped, record.accepted, record.needs_review, record.failed, record.unsettled,
        record.pages,
    )  # fmt: skip
    return [*(f"{count:,}" for count in counts), duration(record.seconds)]


def _state(record: RunRecord) -> str:
    return f"{record.state}: {record.error}" if record.error else str(record.state)


def _print_run(record: RunRecord) -> None:
    from pipeline.cli.report import count, file_name
    from pipeline.cli.terminal import plain_table, stdout
    from pipeline.remedies import remedy
    from pipeline.storage.run_log import RunState

    console = stdout()
    console.print(f"{record.id}, {record.kind}: {_state(record)}", style="bold", soft_wrap=True)
    console.print(f"started {record.started}, ended {record.ended or '-'}")
    if record.state is not RunState.DONE:
        console.print("It has no counts; what it read is kept, and the next run goes on from there.")
        return
    console.print(
        f"{count(record.seen, 'file')} seen = {record.skipped:,} read before + {record.accepted:,} accepted"
        f" + {record.needs_review:,} for review + {record.failed:,} failed; {record.unsettled:,} left for the next run",
        soft_wrap=True,
    )
    pace = f", {record.pages / record.seconds:.1f} a second" if record.pages and record.seconds else ""
    console.print(f"{count(record.pages, 'page')} in {record.seconds:.1f} seconds{pace}")
    forms = plain_table()
    forms.add_column("Template", no_wrap=True)
    for heading in ("Documents", "Straight through", "Fields", "Accepted", "For review", "Blank"):
        forms.add_column(heading, justify="right")
    for tally in record.summary.get("templates", ()):
        counts = ("documents", "documents_accepted", "fields", "accepted", "review", "blank")
        forms.add_row(tally["template"], *(f"{tally[name]:,}" for name in counts))
    if forms.rows:
        console.print(forms)
    if reasons := record.summary.get("reasons"):
        console.print(
            "Why fields wait: " + ", ".join(f"{reason} {number:,}" for reason, number in reasons), soft_wrap=True
        )
    failures = record.summary.get("failures", ())
    for failure in failures[:SHOWN_FAILURES]:
        for error in failure["errors"]:
            line = f"{file_name(failure['names'][0])}: {error['message']} [{error['code']}]; {remedy(error['code'])}"
            console.print(line, style="red", soft_wrap=True, markup=False)
    if len(failures) > SHOWN_FAILURES:
        console.print(f"and {len(failures) - SHOWN_FAILURES:,} more; --json names them all")
