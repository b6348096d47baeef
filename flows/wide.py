"""A large folder in parts, each a flow run of its own, so that all workers of the pool read at the same time."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

from pipeline.errors import ShardError

SHARD_DEPLOYMENT = "read-folder/shard"
POLL_S = 5.0


@flow(name="wide", flow_run_name="wide {folder}", persist_result=False)
def wide(
    folder: Path,
    out: Path = Path("out"),
    templates: Path | None = None,
    archive: Path | None = None,
    shards: int = 2,
) -> None:
    """Read a folder in parts. Each part leaves its own record, page and artifacts, and skips what others have read.

    This run only waits: it takes one place of a worker, and the parts need more of them.

    Args:
        folder: documents, on a disk that every worker sees under this path, as `out` and `templates` must be.
        shards: parts; as many as there are workers, or a few more.

    Raises:
        ShardError: a part failed or was cancelled.
    """
    logger = get_run_logger()
    parameters = {
        "folder": str(folder),
        "out": str(out),
        "templates": None if templates is None else str(templates),
        "archive": None if archive is None else str(archive),
        "shards": shards,
    }
    waiting = {_start({**parameters, "shard": number}): number for number in range(1, shards + 1)}
    logger.info("%d parts are on their way", shards)
    failed = _wait(waiting)
    if failed:
        raise ShardError(f"parts {failed} of {shards} did not come to their end; run it again, it goes on from there")


def _start(parameters: dict[str, object]) -> UUID:
    started = run_deployment(SHARD_DEPLOYMENT, parameters=parameters, timeout=0)
    assert isinstance(started, FlowRun)
    return started.id


def _wait(waiting: dict[UUID, int]) -> list[int]:
    """Numbers of the parts that did not complete, once all have ended."""
    failed = []
    with get_client(sync_client=True) as client:
        while waiting:
            for run_id, number in list(waiting.items()):
                state = client.read_flow_run(run_id).state
                if state is not None and state.is_final():
                    del waiting[run_id]
                    if not state.is_completed():
                        failed.append(number)
            if waiting:
                time.sleep(POLL_S)
    return sorted(failed)
