from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.document import FieldKind, FieldSpec
from pipeline.retraining import Verdict, frozen_benchmark, is_held_out, judge, report_page, retrain
from pipeline.storage.review_item import ItemState, ReviewItem
from pipeline.storage.review_queue import ReviewQueue
from recognizer.fine_tuning import Comparison
from recognizer.model_store import champion, promote, write_bundle

SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def comparison(before, after, n=1000, loss_before=0.1, loss_after=0.1):
    return Comparison(n, before, after, loss_before, loss_after)


@pytest.mark.parametrize(
    ("corrections", "benchmark", "refusal"),
    [
        pytest.param(comparison(900, 950), comparison(997, 997), None, id="better and nothing forgotten"),
        pytest.param(comparison(900, 900), comparison(997, 997), None, id="as good as before"),
        pytest.param(comparison(900, 899), comparison(997, 999), "held-out corrections", id="worse on corrections"),
        pytest.param(
            comparison(900, 900, loss_after=0.2), comparison(997, 997), "held-out corrections", id="less sure of truth"
        ),
        pytest.param(comparison(900, 950), comparison(9970, 9960, n=10000), "lost 10 of 10000", id="forgot"),
        pytest.param(comparison(900, 950), comparison(9970, 9965, n=10000), None, id="loss at the limit"),
        pytest.param(comparison(900, 950), comparison(0, 0, n=0), None, id="empty benchmark"),
    ],
)
def test_gate_lets_only_challengers_through_that_are_not_worse(corrections, benchmark, refusal):
    found = judge(corrections, benchmark)
    assert (found is None) if refusal is None else (found is not None and refusal in found)


def test_drawn_benchmark_never_changes():
    name, (crops, labels) = frozen_benchmark(None)
    _, (again, same_labels) = frozen_benchmark(None)
    assert name == "digits drawn by our own pen"
    assert len(crops) == len(labels) == 2000
    assert np.bincount(labels).tolist() == [200] * 10
    assert all(np.array_equal(a, b) for a, b in zip(crops, again, strict=True))
    np.testing.assert_array_equal(labels, same_labels)


def item(source_id, document, field="a"):
    return ReviewItem(
        "i", ItemState.CORRECTED, "", source_id, (), document, 1, None, FieldSpec(field, FieldKind.DIGITS), SQUARE,
        "1", "1", 0.5, 0.9, (), (), (), "fp", None, "2", "ann", "",
    )  # fmt: skip


def test_a_quarter_of_the_documents_judges_and_fields_of_one_stay_together():
    sides = [is_held_out(item(f"{source:064d}", 1)) for source in range(2000)]
    assert 0.22 < np.mean(sides) < 0.28
    assert all(is_held_out(replace(item("a", n), spec=FieldSpec("z", FieldKind.DIGITS))) == is_held_out(item("a", n))
               for n in range(20))  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """A store whose champion is a bundle without networks: enough where nothing is read or trained."""
    (tmp_path / "note").write_text("no network")
    bundle = write_bundle(
        tmp_path / "models" / "mine-1", name="mine", version="1", files={"note": tmp_path / "note"}, metrics={}
    )
    promote(tmp_path / "models", bundle)
    return tmp_path / "models"


def test_nothing_is_trained_without_corrections(tmp_path, store):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        report = retrain(queue, store)
    assert report.verdict is Verdict.NOT_TRAINED
    assert report.reason.startswith("0 labelled digits for training, 40 needed")
    assert champion(store).name == "mine"
    page = report_page(report)
    assert page.startswith("# Retraining: not trained\n")
    assert "No challenger against mine 1: 0 labelled digits" in page


def test_report_shows_both_figures_with_their_numbers(tmp_path, store):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        nothing = retrain(queue, store)
    report = replace(
        nothing, verdict=Verdict.PROMOTED, reason="not worse", challenger="fine-tuned 1", benchmark_name="MNIST",
        corrections=comparison(80, 95, n=100), benchmark=comparison(5980, 5979, n=6000),
    )  # fmt: skip
    page = report_page(report)
    assert "| held-out corrections | 80.00% | 95.00% | 100 |" in page
    assert "| MNIST | 99.67% | 99.65% | 6000 |" in page
