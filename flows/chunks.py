"""The chunks of a batch as tasks: one after another in this process, or side by side on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from prefect import State, Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import TaskRunner
from prefect.tasks import exponential_backoff

from pipeline.batch import BatchOptions, Crew, process_count
from pipeline.batch_count import BatchCount
from pipeline.errors import OutputError, QueueError, SettingsError
from pipeline.plan import CHUNK_FILES, BatchPlan, PlannedFile

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
def read_chunk(label: str, chunk: BatchPlan, options: BatchOptions, crew: Crew | None = None) -> BatchCount:
    """Read one chunk and count; bad documents become failed results and harm nothing else.

    Args:
        label: place of the chunk, for people.
        chunk: its files.
        options: as for any batch.
        crew: who reads; somebody for this chunk alone when None.
    """
    if crew is not None:
        return crew.read(chunk.files)
    with closing(Crew(options, len(chunk.files))) as own:
        return own.read(chunk.files)


def cut(
    plan: BatchPlan, options: BatchOptions, dask_address: str | None, chunk_files: int | None = None
) -> tuple[tuple[PlannedFile, ...], ...]:
    """Chunks of a plan: at the end of each, all processes wait for the slowest, so more of them get longer ones.

    Args:
        dask_address: of a cluster whose workers read a chunk each; None for processes that read one together.
        chunk_files: files in a chunk; `CHUNK_FILES` for each process that reads it when None.
    """
    processes = 1 if dask_address else process_count(len(plan.files), options.jobs)
    return plan.chunks(chunk_files or CHUNK_FILES * processes)


def read_chunks(
    chunks: Chunks, options: BatchOptions, dask_address: str | None, advance: Callable[[], None]
) -> BatchCount:
    """Read chunks within a flow, and count.

    Args:
        dask_address: of the scheduler of a Dask cluster whose workers read; None to read here.
        advance: called when a chunk is done.

    Raises:
        ReadingError: something that fails every file; what has been read stays, and the next run goes on.
    """
    if dask_address is not None:
        return _read_on_dask(chunks, options, dask_address, advance)
    count = BatchCount()
    with closing(Crew(options, sum(map(len, chunks)))) as crew:
        for number, files in enumerate(chunks, start=1):
            count.include(read_chunk(_label(number, chunks), BatchPlan(files), options, crew))
            advance()
    return count


def _read_on_dask(chunks: Chunks, options: BatchOptions, address: str, advance: Callable[[], None]) -> BatchCount:
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
    def read_side_by_side() -> BatchCount:
        futures: list[PrefectFuture[BatchCount]] = [
            read_chunk.submit(_label(number, chunks), BatchPlan(files), in_one_process)
            for number, files in enumerate(chunks, start=1)
        ]
        for _ in as_completed(futures):
            advance()
        count = BatchCount()
        for future in futures:
            count.include(future.result())
        return count

    try:
        return read_side_by_side()
    except OSError as error:
        raise SettingsError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`, or take `dask_address` away"
        ) from error


def _label(number: int, chunks: Chunks) -> str:
    return f"{number} of {len(chunks)}"
