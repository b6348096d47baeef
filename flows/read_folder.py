"""Read a folder: plan, then a task a chunk, then a page about what happened.

The work is `pipeline.batch`; what is done is decided there, by the result files. So a chunk that is tried again, or a
run started again after a crash, goes on where the first one stopped.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from prefect import State, Task, flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.tasks import exponential_backoff

from flows.artifacts import Progress, publish_run
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.composition import batch_options
from pipeline.errors import OutputError, QueueError, ReadingError
from pipeline.plan import CHUNK_FILES, WHOLE, BatchPlan, Shard
from pipeline.runs import Run, recorded
from pipeline.settings import Settings, load_settings
from pipeline.summary import FileOutcome, summarise, summary_to_json
from pipeline.workers import Event

CHUNK_RETRIES = 3
RETRY_BASE_S = 10
"""Waits of 10, 20 and 40 s: a database that restarts or a share that reconnects is back within a minute."""


class NothingReadError(ReadingError):
    """Not one file of the folder could be read."""

    code = "nothing_read"
    exit_code = 5


@flow(name="read-folder", flow_run_name="read {folder}", persist_result=False)
def read_folder(
    folder: Path,
    out: Path = Path("out"),
    templates: Path | None = None,
    max_error: float | None = None,
    jobs: int | None = None,
    again: bool = False,
    chunk_files: int = CHUNK_FILES,
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
        chunk_files: files in one task.
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
    chunk_files: int = CHUNK_FILES,
    shard: Shard = WHOLE,
) -> Run:
    """Read a folder within a flow, a task a chunk; leave a record, a page beside the results and artifacts.

    Args:
        key: kind of the run, and of its artifacts.
    """
    logger = get_run_logger()
    with recorded(key, options, title, settings.metrics) as run:
        began = time.perf_counter()
        plan = plan_batch([folder], options.out, settings.settle_s).part(shard)
        chunks = plan.chunks(chunk_files)
        logger.info("run %s: %d files in %d chunks", run.id, len(plan.files), len(chunks))
        progress = Progress(key, len(chunks))
        outcomes: list[FileOutcome] = []
        for number, files in enumerate(chunks, start=1):
            outcomes += read_chunk(f"{number} of {len(chunks)}", BatchPlan(files), run.options)
            progress.advance()
        summary = summarise(outcomes, time.perf_counter() - began, len(plan.unsettled))
        run.done(summary)
    logger.info(
        "%d files: %d read before, %d accepted, %d for review, %d failed; %d pages in %.1f s",
        summary.seen, summary.skipped, summary.accepted, summary.needs_review, summary.failed, summary.pages,
        summary.seconds,
    )  # fmt: skip
    publish_run(key, run, summary)
    return run


def is_worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only disk and database get better by waiting; a wrong template or model does not."""
    return isinstance(state.data, OutputError | QueueError)


@task(
    task_run_name="chunk {label}",
    retries=CHUNK_RETRIES,
    retry_delay_seconds=exponential_backoff(RETRY_BASE_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_chunk(label: str, chunk: BatchPlan, options: BatchOptions) -> tuple[FileOutcome, ...]:
    """Read one chunk; bad documents become failed results and harm nothing else.

    Args:
        label: place of the chunk, for people.
        chunk: its files.
        options: as for any batch.
    """
    outcomes: list[FileOutcome] = []

    def collect(event: Event) -> None:
        if isinstance(event, FileOutcome):
            outcomes.append(event)

    run_batch(chunk, options, on_event=collect)
    return tuple(outcomes)


def fail_if_nothing_was_read(run: Run) -> None:
    """Let a run fail when every file it took up failed; single failures are normal and stand in the summary.

    Raises:
        NothingReadError: there were files and not one could be read.
    """
    summary = run.summary
    if summary is not None and summary.read and summary.failed == summary.read:
        raise NothingReadError(f"none of {summary.read} files could be read; their results say why")
