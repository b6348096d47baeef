"""The chunks of a batch as tasks: one after another in this process, or side by side on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from prefect import State, Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import TaskRunner
from prefect.tasks import exponential_backoff

from pipeline.batch import BatchOptions, run_batch
from pipeline.errors import OutputError, QueueError, SettingsError
from pipeline.plan import BatchPlan, PlannedFile
from pipeline.summary import FileOutcome
from pipeline.workers import Event

CHUNK_RETRIES = 3
RETRY_BASE_S = 10
"""Waits of 10, 20 and 40 s: a database that restarts or a share that reconnects is back within a minute."""

Chunks = Sequence[tuple[PlannedFile, ...]]


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


def read_chunks(
    chunks: Chunks, options: BatchOptions, dask_address: str | None, advance: Callable[[], None]
) -> list[FileOutcome]:
    """Read chunks within a flow.

    Args:
        dask_address: of the scheduler of a Dask cluster whose workers read; None to read here.
        advance: called when a chunk is done.

    Raises:
        ReadingError: something that fails every file; what has been read stays, and the next run goes on.
    """
    if dask_address is not None:
        return _read_on_dask(chunks, options, dask_address, advance)
    outcomes: list[FileOutcome] = []
    for number, files in enumerate(chunks, start=1):
        outcomes += read_chunk(_label(number, chunks), BatchPlan(files), options)
        advance()
    return outcomes


def _read_on_dask(
    chunks: Chunks, options: BatchOptions, address: str, advance: Callable[[], None]
) -> list[FileOutcome]:
    """Hand all chunks to the cluster at once; one whose worker dies is read again by another, and skips what is done.

    A chunk is read in the process that got it: Dask has a process for each core already, and forbids them their own.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise SettingsError("`dask_address` is set, and Dask is missing: pip install 'fieldreader[dask]'") from error
    in_one_process = replace(options, jobs=1)
    cluster: TaskRunner[Any] = DaskTaskRunner(address=address)

    @flow(
        name="chunks-on-dask",
        flow_run_name=f"{len(chunks)} chunks on {address}",
        task_runner=cluster,
        persist_result=False,
    )
    def read_side_by_side() -> list[FileOutcome]:
        futures: list[PrefectFuture[tuple[FileOutcome, ...]]] = [
            read_chunk.submit(_label(number, chunks), BatchPlan(files), in_one_process)
            for number, files in enumerate(chunks, start=1)
        ]
        for _ in as_completed(futures):
            advance()
        return [outcome for future in futures for outcome in future.result()]

    try:
        return read_side_by_side()
    except OSError as error:
        raise SettingsError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`, or take `dask_address` away"
        ) from error


def _label(number: int, chunks: Chunks) -> str:
    return f"{number} of {len(chunks)}"
