"""The end of a batch for people: what became of the documents, what failed and what to do, where things lie."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.cli.terminal import plain_table
from pipeline.document import ErrorItem
from pipeline.remedies import remedy
from pipeline.summary import BatchSummary, FileOutcome, TemplateTally

SHOWN_FAILURES = 20
"""A screenful; the JSON results name all of them."""


def print_report(
    console: Console, summary: BatchSummary, out: Path, overlays: Path | None, page: Path | None = None
) -> None:
    """Print the summary of a batch."""
    console.print()
    console.print(_headline(summary))
    if summary.templates:
        console.print()
        console.print(_table(summary))
    if summary.failures:
        console.print()
        console.print(_failures(summary.failures))
    console.print()
    for line in _notes(summary, out, overlays):
        console.print(line, soft_wrap=True)
    if page is not None:
        console.print(f"This summary as a page: {page}", soft_wrap=True)


def _headline(summary: BatchSummary) -> Text:
    if not summary.seen:
        return Text("No documents found.", style="bold")
    if not summary.read:
        return Text(f"Nothing new: {count(summary.skipped, 'file')} had been read before.", style="bold")
    line = Text(count(summary.documents, "document"), style="bold")
    accepted = summary.total.documents_accepted
    share = f" ({accepted / summary.documents:.1%})" if summary.documents else ""
    line.append(f", {accepted} straight through{share}", style="green")
    line.append(f", {summary.total.documents - accepted} to review", style="yellow")
    line.append(f", {summary.unreadable} failed", style="red" if summary.unreadable else "")
    return line


def _table(summary: BatchSummary) -> Table:
    table = plain_table(has_footer=len(summary.templates) > 1)
    total = summary.total
    table.add_column("Template", footer="total", no_wrap=True)
    for name, value in (
        ("Documents", total.documents),
        ("Straight through", total.documents_accepted),
        ("Fields", total.fields),
        ("Accepted", total.accepted),
        ("For review", total.review),
        ("Blank", total.blank),
    ):
        table.add_column(name, footer=f"{value:,}", justify="right", footer_style="bold")
    for tally in summary.templates:
        table.add_row(*_row(tally))
    return table


def _row(tally: TemplateTally) -> tuple[str, ...]:
    counts = (tally.documents, tally.documents_accepted, tally.fields, tally.accepted, tally.review, tally.blank)
    return (tally.template, *(f"{value:,}" for value in counts))


def _failures(failures: tuple[FileOutcome, ...]) -> Table:
    table = plain_table()
    table.add_column("Failed", style="red", overflow="fold")
    table.add_column("Why")
    table.add_column("What to do")
    for outcome in failures[:SHOWN_FAILURES]:
        for error in outcome.errors:
            table.add_row(Text(file_name(outcome.names[0])), Text(_why(error)), remedy(error.code))
    if len(failures) > SHOWN_FAILURES:
        table.add_row(f"and {len(failures) - SHOWN_FAILURES:,} more", "see the results with status failed", "")
    return table


def _why(error: ErrorItem) -> str:
    page = f", page {error.page}" if error.page is not None else ""
    return f"{error.message} [{error.code}{page}]"


def _notes(summary: BatchSummary, out: Path, overlays: Path | None) -> list[str]:
    pace = f" ({summary.pages_per_second:.1f} pages/s)" if summary.pages else ""
    notes = [f"Read {count(summary.pages, 'page')} in {summary.seconds:.1f} seconds{pace}."]
    if summary.seen:
        notes.append(f"Results: {count(summary.seen, 'JSON file')} in {out}")
    if summary.total.review:
        notes.append(f"For a person: {count(summary.total.review, 'field')}; see them with: fieldreader review")
    if overlays:
        notes.append(f"Pages with the readings drawn in: {overlays}")
    if summary.without_fields:
        notes.append(
            f"Nothing to read was found in {count(summary.without_fields, 'document')}; a template would say where."
        )
    if summary.partly_read:
        notes.append(f"{count(summary.partly_read, 'file')} could be read only in part; see above.")
    if summary.skipped:
        failed = f", {summary.skipped_failures} of them failed then" if summary.skipped_failures else ""
        notes.append(f"Skipped: {count(summary.skipped, 'file')} read before{failed}; --again reads them once more.")
    if summary.copies:
        notes.append(f"Copies: {count(summary.copies, 'file')} with the content of another; each content is read once.")
    if summary.unsettled:
        notes.append(f"Left for the next run: {count(summary.unsettled, 'file')} somebody was still writing to.")
    return notes


def file_name(name: str) -> str:
    """The last part of a path: the folder stands in the command, and tables are narrow."""
    return name.rpartition("/")[2]


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 file`, `1,204 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
