from __future__ import annotations

import numpy as np
import pytest

from pipeline.learning.gathering import is_allowed, settled_items
from pipeline.learning.report import report_text
from pipeline.learning.retraining import RetrainingOptions, Verdict, frozen_benchmark, retrain
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from pipeline.training_sample import part_of
from recognizer.model_store import champion
from tests.storage.review_samples import SURVEY, reading, result


def test_drawn_benchmark_never_changes():
    name, (crops, labels) = frozen_benchmark(None)
    _, (again, same_labels) = frozen_benchmark(None)
    assert name == "digits drawn by our own pen"
    assert len(crops) == len(labels) == 2000
    assert np.bincount(labels).tolist() == [200] * 10
    assert all(np.array_equal(a, b) for a, b in zip(crops, again, strict=True))
    np.testing.assert_array_equal(labels, same_labels)


def test_the_benchmark_is_mnists_held_out_writers_where_mnist_is(real_data):
    name, (crops, labels) = frozen_benchmark(real_data)
    assert name == "MNIST, validation writers"
    assert len(crops) == len(labels) > 5000


def test_documents_are_parted_into_four_by_their_identity():
    parts = [part_of(f"{source:064d}", 1) for source in range(2000)]
    assert np.all(np.abs(np.bincount(parts) / 2000 - 0.25) < 0.03)
    assert len(np.bincount(parts)) == 4


@pytest.mark.parametrize(
    ("template", "learn_from", "allowed"),
    [
        pytest.param("cheque", (), False, id="nothing is learnt from unless somebody says so"),
        pytest.param("cheque", ("cheque",), True, id="named"),
        pytest.param("slip", ("cheque",), False, id="another form"),
        pytest.param("slip", ("*",), True, id="all forms"),
        pytest.param(None, ("cheque",), False, id="no template"),
        pytest.param(None, ("*",), True, id="no template, all"),
    ],
)
def test_forms_are_learnt_from_only_when_somebody_opted_in(template, learn_from, allowed):
    assert is_allowed(template, learn_from) is allowed


def test_only_fields_settled_with_a_value_teach(tmp_path):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        queue.put_result(result(*(reading(name) for name in "abcd")), {})
        answers = zip(queue.list_items(), ("=", "91234", "?"), strict=False)
        queue.settle([Answer(item.id, text, "row") for item, text in answers], "ann")
        found = settled_items(queue, [SURVEY.name])
        assert [item.spec.name for item in found] == ["a", "b"]
        assert settled_items(queue, ["another"]) == ()


@pytest.fixture
def state(tmp_path):
    url = f"sqlite:///{tmp_path}/q.db"
    with ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        yield queue, training_set, tmp_path / "models"


@pytest.mark.parametrize(
    ("learn_from", "reason"),
    [
        pytest.param((), "no form may be learnt from", id="nobody opted in"),
        pytest.param(("*",), "0 labelled digits for training, 40 needed", id="nothing settled"),
    ],
)
def test_nothing_is_trained_without_leave_or_without_corrections(state, learn_from, reason):
    report = retrain(*state, RetrainingOptions(learn_from=learn_from))
    assert report.verdict is Verdict.NOT_TRAINED
    assert report.reason.startswith(reason)
    assert champion(state[2]).name == "fieldreader"
    text = report_text(report)
    assert text.startswith("# Retraining: not trained\n")
    assert f"No challenger against fieldreader 1: {reason}" in text
