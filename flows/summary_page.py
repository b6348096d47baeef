"""One page about one batch, in Markdown: what Prefect shows and what lies beside the results."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.remedies import remedy
from pipeline.run_page import OPEN_BACKLOG
from pipeline.summary import BatchSummary, FileOutcome, TemplateTally

MAX_FAILURES = 50
"""Failed files named on the page; all of them have a result file."""


def summary_page(summary: BatchSummary, title: str, backlog: int | None = None) -> str:
    """Markdown page of a batch: counts that add up, backlog, templates, failed files. Holds no field contents.

    Args:
        backlog: fields that wait for a person, of all runs; None when there is no queue.
    """
    sections = [f"# {title}", _files(summary)]
    if backlog is not None:
        sections.append(f"**{backlog} fields wait for a person**, of all runs. See them with `{OPEN_BACKLOG}`.")
    if summary.templates:
        sections.append(_templates([*summary.templates, summary.total]))
    if summary.reasons:
        sections.append(_reasons(summary.reasons))
    if summary.failures:
        sections.append(_failures(summary.failures))
    return "\n\n".join(sections) + "\n"


def _files(summary: BatchSummary) -> str:
    rows: list[tuple[object, ...]] = [
        ("seen", summary.seen),
        ("read before", summary.skipped),
        ("accepted", summary.accepted),
        ("waiting for a person", summary.needs_review),
        ("failed", summary.failed),
        ("left for the next run", summary.unsettled),
        ("pages", summary.pages),
        ("seconds", f"{summary.seconds:.1f}"),
        ("pages per second", f"{summary.pages_per_second:.1f}"),
    ]
    return markdown_table(("files", ""), rows)


def _templates(tallies: Iterable[TemplateTally]) -> str:
    rows = [
        (markdown_cell(t.template), t.documents, _share(t.documents_accepted, t.documents), t.fields,
         _share(t.accepted + t.blank, t.fields), t.review)
        for t in tallies
    ]  # fmt: skip
    head = ("template", "documents", "no person needed", "fields", "read by machine", "for review")
    return "## Forms\n\n" + markdown_table(head, rows)


def _failures(failures: tuple[FileOutcome, ...]) -> str:
    rows = [
        (
            markdown_cell(outcome.names[0]),
            error.code,
            "" if error.page is None else error.page,
            markdown_cell(error.message),
            remedy(error.code),
        )
        for outcome in failures[:MAX_FAILURES]
        for error in outcome.errors
    ]
    more = len(failures) - MAX_FAILURES
    note = f"\n\nand {more} more" if more > 0 else ""
    return "## Failed files\n\n" + markdown_table(("file", "code", "page", "what to know", "what to do"), rows) + note


def _reasons(reasons: Iterable[tuple[str, int]]) -> str:
    return "## Why fields wait\n\n" + markdown_table(("reason", "fields"), reasons)


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table; cells of text that is not ours go through `markdown_cell`."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "0"


def markdown_cell(text: str) -> str:
    """Text that cannot break out of its cell, nor become markup or a link."""
    plain = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", " ").replace("`", "'")
    return "`" + plain.replace("|", "\\|") + "`"
