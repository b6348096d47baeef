"""Every night: read the inbox, leave a page beside the results, and say when enough was corrected to learn from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from flows.corrections import announce_corrections
from flows.read_folder import fail_if_nothing_was_read, read_and_publish
from pipeline.composition import batch_options
from pipeline.settings import load_settings


@flow(name="nightly", flow_run_name="nightly {folder}", persist_result=False)
def nightly(
    folder: Path, out: Path = Path("out"), templates: Path | None = None, archive: Path | None = None
) -> Path | None:
    """Read what is new in the inbox, and write a page about this night.

    Args:
        folder: the inbox; left as it is unless there is an archive.
        out: results of all nights together, so that what was read once is not read again.
        templates: folder of form templates; the setting `templates` when None.
        archive: folder that originals move to once they are read; None to leave them in the inbox.

    Returns:
        The page, `out/runs/<time>-<digits>.html`.

    Raises:
        NothingReadError: there were new files and not one could be read.
    """
    due = flow_run.get_scheduled_start_time().astimezone(dt.UTC)
    settings = load_settings(templates=templates)
    options = batch_options(settings, out, archive=archive)
    run = read_and_publish("nightly", f"Night of {due:%Y-%m-%d %H:%M} UTC", folder, options, settings)
    announce_corrections(settings.queue_url, settings.retrain_after, settings.learn_from)
    fail_if_nothing_was_read(run)
    return run.page
