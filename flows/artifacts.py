"""What people see of a run on Prefect's page. A fixed key keeps the history of each kind together.

Names of files and counts only, never what is written in a field.
"""

from __future__ import annotations

import re
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.summary_page import MAX_FAILURES, summary_page
from pipeline.remedies import remedy
from pipeline.run_page import OPEN_BACKLOG
from pipeline.runs import Run
from pipeline.summary import BatchSummary, TemplateTally


def publish_page(key: str, page: str) -> None:
    """Show a Markdown page on the run."""
    create_markdown_artifact(page, key=_key(key), description=page.partition("\n")[0].removeprefix("# "))


def publish_run(key: str, run: Run, summary: BatchSummary, review_url: str) -> None:
    """Show what came of a batch: a page, rates by template, failed files, and what waits for a person.

    Args:
        key: of the page; the other artifacts are called `<key>-rates`, `<key>-failures` and `<key>-backlog`.
        run: it must be done.
        summary: of the run.
        review_url: of the review station. Browsers follow no link from Prefect's page to a file.
    """
    publish_page(key, summary_page(summary, run.title, run.backlog))
    rates = [_rates(tally) for tally in (*summary.templates, summary.total) if tally.documents]
    create_table_artifact(
        rates or [_rates(summary.total)], key=_key(f"{key}-rates"), description=f"{run.title}: rates by template"
    )
    if summary.failures:
        create_table_artifact(
            _failures(summary), key=_key(f"{key}-failures"), description=f"{run.title}: failed files and what to do"
        )
    if run.backlog is not None:
        create_link_artifact(
            review_url,
            link_text=f"{run.backlog} fields wait for a person",
            key=_key(f"{key}-backlog"),
            description=f"{run.title}: review backlog; the station is open while `{OPEN_BACKLOG}` runs",
        )


class Progress:
    """A bar on the run, from 0 to 100 %."""

    def __init__(self, key: str, parts: int) -> None:
        self._parts = max(1, parts)
        self._done = 0
        made = create_progress_artifact(0.0, key=_key(f"{key}-progress"), description="files read")
        assert isinstance(made, UUID)
        self._artifact = made

    def advance(self) -> None:
        """One more part is done."""
        self._done += 1
        update_progress_artifact(self._artifact, min(100.0, 100.0 * self._done / self._parts))


def _key(text: str) -> str:
    """Prefect's keys hold lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def _rates(tally: TemplateTally) -> dict[str, object]:
    return {
        "template": tally.template,
        "documents": tally.documents,
        "straight through": tally.documents_accepted,
        "straight through %": _percent(tally.documents_accepted, tally.documents),
        "fields": tally.fields,
        "read by machine %": _percent(tally.accepted + tally.blank, tally.fields),
        "for review": tally.review,
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _failures(summary: BatchSummary) -> list[dict[str, object]]:
    return [
        {
            # What a person needs stands first: Prefect's page shows some 80 characters of a row without scrolling.
            "file": outcome.names[0].rpartition("/")[2],
            "what to do": remedy(error.code),
            "why": error.message,
            "page": error.page,
            "code": error.code,
            "result": outcome.result,
        }
        for outcome in summary.failures[:MAX_FAILURES]
        for error in outcome.errors
    ]
