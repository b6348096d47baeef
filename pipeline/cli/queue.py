"""`fieldreader queue`: the review queue without the review station."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.app import GlobalOptions, command_group, examples, global_options
from pipeline.cli.options import Format
from pipeline.exchange_format import ExchangeFormat

if TYPE_CHECKING:
    from pipeline.storage.review_item import ReviewItem
    from pipeline.storage.review_queue import ReviewQueue

SHOWN_DIGITS = 4
"""Of an account number; enough to tell it from others, as on receipts (PCI DSS 3.4)."""
SHOWN_ITEMS = 50
"""About a screenful; `--limit` shows more."""

queue_app = command_group("queue", "Fields that wait for a person: list, export and import them.")


@queue_app.command(
    "list", epilog=examples("fieldreader queue list", "fieldreader queue list --limit 500 --format json")
)
def list_command(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many.")] = SHOWN_ITEMS,
    output_format: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """Show the fields that wait, oldest first."""
    from pipeline.storage.review_item import ItemState

    with _open_queue(global_options(context)) as queue:
        waiting = queue.count()[ItemState.PENDING]
        items = queue.list_items(limit=limit)
    if output_format is Format.JSON:
        for item in items:
            typer.echo(json.dumps(_facts(item)))
    else:
        _print_items(items, waiting)


@queue_app.command(
    "export",
    epilog=examples("fieldreader queue export to-do", "fieldreader queue export to-do --limit 200 --format jsonl"),
)
def export_command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write queue.csv and the pictures.")],
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Export at most so many.")] = None,
    form: Annotated[ExchangeFormat, typer.Option("--format", help="Table, JSON lines, or tasks of Label Studio.")] = (
        ExchangeFormat.CSV
    ),
) -> None:
    """Write the fields that wait into a folder for a spreadsheet: queue.csv and one picture a field.

    In the column `corrected`, key what the picture shows, `=` to confirm the proposal, `?` when nobody can
    read it, or `blank` when nothing is written there.
    """
    from pipeline.cli.report import count
    from pipeline.storage.review_exchange import EXCHANGES

    with _open_queue(global_options(context)) as queue:
        exported = queue.export(folder, limit, form)
    file = folder / EXCHANGES[form].file
    typer.echo(f"{count(exported, 'field')} exported to {file}")
    if exported and form is ExchangeFormat.LABEL_STUDIO:
        typer.echo("Import it in Label Studio with the labelling configuration beside it; export as JSON, then:")
        typer.echo("  fieldreader queue import EXPORT.json")
    elif exported:
        typer.echo("Fill in the column 'corrected' (the value, '=' to confirm, '?' when unreadable, 'blank'), then:")
        typer.echo(f"  fieldreader queue import {file}")


@queue_app.command(
    "import",
    epilog=examples("fieldreader queue import to-do/queue.csv", "fieldreader queue import queue.csv --reviewer anna"),
)
def import_command(
    context: typer.Context,
    table: Annotated[Path, typer.Argument(metavar="FILE", help="The queue.csv or other export that was filled in.")],
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", metavar="NAME", help="Who answered.  [default: the user logged in]")
    ] = None,
) -> None:
    """Take the answers of a person: all rows of the file or, when one does not fit, none."""
    from pipeline.cli.report import count
    from pipeline.storage.review_item import ItemState

    with _open_queue(global_options(context)) as queue:
        settled = queue.import_answers(table, reviewer or getpass.getuser())
        waiting = queue.count()[ItemState.PENDING]
    parts = ", ".join(f"{number} {state}" for state, number in sorted(settled.items()))
    typer.echo(f"{count(sum(settled.values()), 'answer')} taken{f' ({parts})' if parts else ''}; {waiting} still wait")


def _open_queue(options: GlobalOptions) -> ReviewQueue:
    from pipeline.storage.review_queue import ReviewQueue

    return ReviewQueue.open(options.settings().queue_url)


def _facts(item: ReviewItem) -> dict[str, Any]:
    is_hidden = item.keying.value != "shown"  # who keys it is not to know
    return {
        "item": item.id,
        "files": list(item.source_names),
        "document": item.document,
        "page": item.page,
        "template": item.template,
        "field": item.spec.name,
        "kind": str(item.spec.kind),
        "keying": item.keying.value,
        "proposal": None if is_hidden else item.machine_value,
        "confidence": None if is_hidden else item.confidence,
        "reasons": [] if is_hidden else list(item.reasons),
        "run": item.run,
        "created_at": item.created_at,
    }


def _in_short(facts: dict[str, Any]) -> str:
    """The proposal as a terminal shows it, where others may look on: of account numbers, the last digits."""
    proposal: str = facts["proposal"] or "-"
    hidden = max(0, len(proposal) - SHOWN_DIGITS) if facts["kind"] == "account" else 0
    return "·" * hidden + proposal[hidden:]


def _print_items(items: tuple[ReviewItem, ...], waiting: int) -> None:
    from rich.text import Text

    from pipeline.cli.report import count, file_name
    from pipeline.cli.terminal import plain_table, stdout

    console = stdout()
    if not items:
        console.print("Nothing waits for a person.")
        return
    table = plain_table()
    table.add_column("File", overflow="fold")
    table.add_column("Page", justify="right")
    table.add_column("Field", overflow="fold")
    table.add_column("Proposal", style="bold", no_wrap=True)
    table.add_column("Confidence", justify="right")
    table.add_column("Why", overflow="fold")
    for item in items:
        name = file_name(item.source_names[0]) if item.source_names else ""
        facts = _facts(item)
        sure = "" if facts["confidence"] is None else f"{item.confidence:.3f}"
        why = ", ".join(facts["reasons"]) or f"keyed without its proposal ({item.keying})"
        table.add_row(Text(name), str(item.page), item.spec.name, _in_short(facts), sure, why)
    console.print(table)
    shown = "" if len(items) == waiting else f", {len(items)} shown"
    console.print(f"\n{count(waiting, 'field')} waiting{shown}. Settle them with: fieldreader review")
