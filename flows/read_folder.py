"""Read a folder: plan, then a task a chunk, then a page about what happened.

The work is `pipeline.batch`; what is done is decided there, by the result files. So a chunk that is tried again, or a
run started again after a crash, goes on where the first one stopped.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from prefect import State, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.tasks import exponential_backoff

from flows.summary_page import summary_page
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.composition import batch_options
from pipeline.errors import OutputError, QueueError, ReadingError
from pipeline.plan import CHUNK_FILES, BatchPlan
from pipeline.settings import load_settings
from pipeline.summary import BatchSummary, FileOutcome, summarise, summary_to_json
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

    Returns:
        The summary as plain data, as `fieldreader run --json` prints it.

    Raises:
        NothingReadError: there were files and not one could be read.
    """
    settings = load_settings(templates=templates, max_error=max_error, jobs=jobs)
    summary = read_in_chunks(folder, batch_options(settings, out, again=again), settings.settle_s, chunk_files)
    publish("read-folder", summary_page(summary, f"Read {folder}"))
    fail_if_nothing_was_read(summary)
    return summary_to_json(summary)


def read_in_chunks(
    folder: Path, options: BatchOptions, settle_s: float, chunk_files: int = CHUNK_FILES
) -> BatchSummary:
    """Read a folder within a flow, a task a chunk, and sum up."""
    logger = get_run_logger()
    began = time.perf_counter()
    plan = plan_batch([folder], options.out, settle_s)
    chunks = plan.chunks(chunk_files)
    logger.info("%d files in %d chunks", len(plan.files), len(chunks))
    outcomes: list[FileOutcome] = []
    for number, files in enumerate(chunks, start=1):
        outcomes += read_chunk(f"{number} of {len(chunks)}", BatchPlan(files), options)
    summary = summarise(outcomes, time.perf_counter() - began, len(plan.unsettled))
    logger.info(
        "%d files: %d read before, %d accepted, %d for review, %d failed; %d pages in %.1f s",
        summary.seen, summary.skipped, summary.accepted, summary.needs_review, summary.failed, summary.pages,
        summary.seconds,
    )  # fmt: skip
    return summary


def publish(key: str, page: str) -> None:
    """Show a Markdown page on the run; a fixed key keeps the history of such pages together."""
    create_markdown_artifact(page, key=key, description=page.partition("\n")[0].removeprefix("# "))


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


def fail_if_nothing_was_read(summary: BatchSummary) -> None:
    """Let a run fail when every file it took up failed; single failures are normal and stand in the summary.

    Raises:
        NothingReadError: there were files and not one could be read.
    """
    if summary.read and summary.failed == summary.read:
        raise NothingReadError(f"none of {summary.read} files could be read; their results say why")
