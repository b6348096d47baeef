"""Every night: read the inbox, and leave a dated page beside the results."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from flows.read_folder import fail_if_nothing_was_read, publish, read_in_chunks
from flows.summary_page import summary_page
from pipeline.composition import batch_options
from pipeline.settings import load_settings

PAGE_FOLDER = "nights"


@flow(name="nightly", flow_run_name="nightly {folder}", persist_result=False)
def nightly(folder: Path, out: Path = Path("out"), templates: Path | None = None) -> Path:
    """Read what is new in the inbox, and write a page about this night.

    Args:
        folder: the inbox; left as it is.
        out: results of all nights together, so that what was read once is not read again.
        templates: folder of form templates; the setting `templates` when None.

    Returns:
        The page, named by the time the run was due, in UTC: `out/nights/2026-05-01T0200Z.md`.

    Raises:
        NothingReadError: there were new files and not one could be read.
    """
    due = flow_run.get_scheduled_start_time().astimezone(dt.UTC)
    settings = load_settings(templates=templates)
    summary = read_in_chunks(folder, batch_options(settings, out), settings.settle_s)
    page = summary_page(summary, f"Night of {due:%Y-%m-%d %H:%M} UTC")
    publish("nightly", page)
    path = write_page(out / PAGE_FOLDER, f"{due:%Y-%m-%dT%H%MZ}", page)
    fail_if_nothing_was_read(summary)
    return path


def write_page(folder: Path, name: str, page: str) -> Path:
    """Write a page whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    unfinished = path.with_suffix(".md.part")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
    return path
