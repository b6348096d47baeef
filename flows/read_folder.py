"""Read a folder: plan, then a task a chunk, then a page about what happened.

The work is `pipeline.batch`; what is done is decided there, by the result files. So a chunk that is tried again, or a
run started again after a crash, goes on where the first one stopped.
"""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow, get_run_logger

from flows.artifacts import Progress, publish_run
from flows.chunks import cut, read_chunks
from pipeline.batch import BatchOptions, plan_batch
from pipeline.composition import batch_options
from pipeline.errors import NothingReadError
from pipeline.plan import WHOLE, Shard
from pipeline.runs import Run, recorded
from pipeline.settings import Settings, load_settings
from pipeline.summary import summary_to_json


@flow(name="read-folder", flow_run_name="read {folder}", persist_result=False)
def read_folder(
    folder: Path,
    out: Path = Path("out"),
    templates: Path | None = None,
    max_error: float | None = None,
    jobs: int | None = None,
    again: bool = False,
    chunk_files: int | None = None,
    archive: Path | None = None,
    shard: int = 1,
    shards: int = 1,
) -> dict[str, object]:
    """Read every document of a folder into one JSON each, and put what needs a person into the review queue.

    Args:
        folder: documents; searched as `fieldreader run` does. A relative path starts at the project folder.
        out: results; made when missing. What has been read there in the same way is skipped.
        templates: folder of form templates; the setting `templates` when None.
        max_error: share of accepted values that may be wrong; the setting when None.
        jobs: documents read at the same time; the setting, else one a processor core, when None.
        again: read also what has been read in the same way before.
        chunk_files: files in one task; 100 for each process that reads when None.
        archive: folder that originals move to once they are read; None to leave them where they are.
        shard, shards: read only part `shard`, from 1, of so many parts; see the flow `wide`.

    Returns:
        The summary as plain data, as `fieldreader run --json` prints it.

    Raises:
        NothingReadError: there were files and not one could be read.
    """
    settings = load_settings(templates=templates, max_error=max_error, jobs=jobs)
    options = batch_options(settings, out, again=again, archive=archive)
    part = f", part {shard} of {shards}" if shards > 1 else ""
    key = "read-folder" if shards == 1 else f"shard-{shard}"
    run = read_and_publish(key, f"Read {folder}{part}", folder, options, settings, chunk_files, Shard(shard, shards))
    fail_if_nothing_was_read(run)
    assert run.summary is not None
    return summary_to_json(run.summary)


def read_and_publish(
    key: str,
    title: str,
    folder: Path,
    options: BatchOptions,
    settings: Settings,
    chunk_files: int | None = None,
    shard: Shard = WHOLE,
) -> Run:
    """Read a folder within a flow, a task a chunk; leave a record, a page beside the results and artifacts.

    Args:
        key: kind of the run, and of its artifacts.
        chunk_files: see `cut`.
    """
    logger = get_run_logger()
    with recorded(key, options, title, settings.metrics) as run:
        began = time.perf_counter()
        plan = plan_batch([folder], options.out, settings.settle_s).part(shard)
        chunks = cut(plan, options, settings.dask_address, chunk_files)
        logger.info("run %s: %d files in %d chunks", run.id, len(plan.files), len(chunks))
        progress = Progress(key, len(chunks))
        count = read_chunks(chunks, run.options, settings.dask_address, progress.advance)
        summary = count.summary(time.perf_counter() - began, len(plan.unsettled))
        run.done(summary)
    logger.info(
        "%d files: %d read before, %d accepted, %d for review, %d failed; %d pages in %.1f s",
        summary.seen, summary.skipped, summary.accepted, summary.needs_review, summary.failed, summary.pages,
        summary.seconds,
    )  # fmt: skip
    publish_run(key, run, summary, settings.review_url)
    return run


def fail_if_nothing_was_read(run: Run) -> None:
    """Let a run fail when every file it took up failed; single failures are normal and stand in the summary.

    Raises:
        NothingReadError: there were files and not one could be read.
    """
    summary = run.summary
    if summary is not None and summary.read and summary.failed == summary.read:
        raise NothingReadError(f"none of {summary.read} files could be read; their results say why")
