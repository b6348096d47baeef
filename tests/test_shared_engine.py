"""A digit network in a process of its own: all that ask are answered, each with what is his."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.errors import ModelError
from pipeline.shared_engine import SharedEngine, engine_process
from recognizer.classifier import ImageStack
from tests.batch_parts import draw_form
from tests.engines import DEADLY, open_counting, open_nothing, open_refused, open_shipped
from tests.faults.killing import children_of, results


def images(gray: int, count: int = 1) -> ImageStack:
    return np.full((count, 28, 28), gray, np.uint8)


def test_each_gets_his_own_answer_and_those_who_wait_go_together() -> None:
    with engine_process(open_counting) as address, ThreadPoolExecutor(8) as asking:
        assert address is not None
        engines = [SharedEngine(address) for _ in range(8)]
        answers = list(asking.map(lambda n: engines[n].logits(images(n, n)), range(8)))
    assert [answer[:, 0].tolist() for answer in answers] == [[n] * n for n in range(8)]
    assert max(float(answer[:, 1].max(initial=0)) for answer in answers) > 7, "several were run at once"


def test_it_reads_as_the_network_does_here() -> None:
    stack = np.random.default_rng(1).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    with engine_process(open_shipped) as address:
        assert address is not None
        np.testing.assert_array_equal(SharedEngine(address).logits(stack), open_shipped().logits(stack))


def test_its_end_is_an_error_that_names_the_way_out() -> None:
    with engine_process(open_counting) as address:
        assert address is not None
        engine = SharedEngine(address)
        with pytest.raises(ModelError, match="--device cpu"):
            engine.logits(images(DEADLY))
        with pytest.raises(ModelError, match="has ended"):
            SharedEngine(address)


def test_no_process_is_left_behind() -> None:
    before = set(children_of(os.getpid()))
    with engine_process(open_counting) as address:
        assert address is not None
        folder = Path(address.socket).parent
        assert set(children_of(os.getpid())) > before
    assert not folder.exists()
    assert set(children_of(os.getpid())) <= before


def test_a_network_that_cannot_be_loaded_is_refused_here() -> None:
    with pytest.raises(ModelError, match="no network today"), engine_process(open_refused):
        pytest.fail("it was let through")


def test_without_a_gpu_there_is_nothing_to_reach() -> None:
    with engine_process(open_nothing) as address:
        assert address is None


def test_several_processes_that_ask_for_a_gpu_where_none_is_are_told_so(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for seed in range(2):
        draw_form(inbox / f"{seed}.png", seed)
    options = BatchOptions(tmp_path / "out", device="gpu", jobs=2)
    with pytest.raises(ModelError, match="no GPU"):
        run_batch(plan_batch([inbox], options.out), options)


@pytest.mark.slow
def test_a_batch_reads_the_same_through_it(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for seed in range(4):
        draw_form(inbox / f"{seed}.png", seed)
    alone = BatchOptions(tmp_path / "alone", jobs=2)
    run_batch(plan_batch([inbox], alone.out), alone)
    with engine_process(open_shipped) as address:
        together = replace(alone, out=tmp_path / "together", engine=address)
        run_batch(plan_batch([inbox], together.out), together)
    assert results(together.out) == results(alone.out)
    assert len(results(alone.out)) == 4
