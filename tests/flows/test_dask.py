"""Chunks on a Dask cluster: a real scheduler and real worker processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from pipeline.storage.run_log import RunLog
from tests.batch_parts import draw_form
from tests.flows.orchestra import PATIENCE_S, Orchestra, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # the cluster's own
    pytest.mark.skipif(
        find_spec("prefect_dask") is None, reason="Dask is not installed: pip install 'fieldreader[dask]'"
    ),
]

DOCUMENTS = 40
PATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "300s"}
"""Where ten others compute, a process may not come to answer within Dask's 30 s; a dead one is noticed anyway."""


@pytest.fixture
def cluster(orchestra: Orchestra) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler, and its two workers, each a process of its own."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = orchestra.launch("dask-scheduler", "dask", "scheduler", "--host", address, "--no-dashboard", **PATIENT)
    workers = [
        orchestra.launch(
            f"dask-{name}", "dask", "worker", address, "--nthreads", "1", "--name", name, "--no-dashboard", **PATIENT
        )
        for name in ("left", "right")
    ]
    yield address, workers
    for process in (*workers, scheduler):
        orchestra.end(process)


def chunks_by_worker(client: Any) -> dict[str, int]:
    """Tasks that each worker has done, by its name."""
    return dict(client.run(lambda dask_worker: (dask_worker.name, dask_worker.state.executed_count)).values())


def test_both_workers_read_and_one_that_dies_loses_nothing(orchestra, cluster, tmp_path):
    from distributed import Client

    address, (_, right) = cluster
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    for number in range(DOCUMENTS):
        draw_form(inbox / f"{number:02}.png", number)
    with Client(address, timeout="240s") as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
        run = orchestra.begin(
            "read-folder/on-demand", {"FIELDREADER_DASK_ADDRESS": address, **PATIENT},
            folder=inbox, out=out, templates=None, chunk_files=2,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while len(done := chunks_by_worker(client)) < 2 or min(done.values()) < 1:
            assert time.monotonic() < deadline, f"{done}\n{orchestra.log('worker-1')}\n{orchestra.log('worker-2')}"
            time.sleep(0.05)
        os.killpg(right.pid, signal.SIGKILL)
        assert len(list(out.glob("*.json"))) < DOCUMENTS
        orchestra.wait(run, "COMPLETED")
    results = [json.loads(path.read_bytes()) for path in out.glob("*.json")]
    assert len({result["source"]["id"] for result in results}) == len(results) == DOCUMENTS
    with RunLog.open(orchestra.queue_url) as log:
        (record,) = log.runs("read-folder", limit=1)
    assert (record.state, record.seen, record.failed) == ("done", DOCUMENTS, 0)


def test_a_scheduler_that_is_not_there_is_said_clearly(orchestra, inbox, tmp_path):
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    asked = {"FIELDREADER_DASK_ADDRESS": nowhere, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
    identity = orchestra.begin("read-folder/on-demand", asked, folder=inbox, out=tmp_path / "out")
    run = orchestra.wait(identity, "FAILED")
    assert f"no Dask scheduler answers at {nowhere}" in run["state"]["message"]
