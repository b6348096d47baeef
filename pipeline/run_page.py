"""The page about one batch, as HTML that needs no other file: what became of the files, and what a person should do."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.errors import OutputError
from pipeline.remedies import remedy
from pipeline.storage.atomic import write_atomically
from pipeline.summary import BatchSummary

RUNS_FOLDER = "runs"
"""Within the output folder: one page a run."""
SHOWN_FAILURES = 500
"""Failed files named on the page; the results name all of them."""
OPEN_BACKLOG = "fieldreader review"
"""How to see what waits for a person."""


def write_run_page(out: Path, name: str, title: str, summary: BatchSummary, backlog: int | None) -> Path:
    """Write the page of a batch into `out/runs/`. It holds no field contents.

    Args:
        out: folder of the results.
        name: of the page, without suffix.
        title: heading.
        summary: what happened.
        backlog: fields that wait for a person, of all batches; None when there is no queue.

    Raises:
        OutputError: the folder cannot be written to.
    """
    pages = Environment(loader=PackageLoader("pipeline", "pages"), autoescape=True, undefined=StrictUndefined)
    page = pages.get_template("run.html").render(
        title=title,
        summary=summary,
        tallies=(*summary.templates, summary.total) if len(summary.templates) > 1 else summary.templates,
        backlog=backlog,
        open_backlog=OPEN_BACKLOG,
        failures=summary.failures[:SHOWN_FAILURES],
        hidden_failures=max(0, len(summary.failures) - SHOWN_FAILURES),
        remedy=remedy,
    )
    path = out / RUNS_FOLDER / f"{name}.html"
    try:
        write_atomically(path, page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; free some space or pick another folder") from error
    return path
