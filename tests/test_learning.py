"""Hands whose fours nobody writes: its fields are keyed, learnt, judged, promoted, forgotten. Everything is real."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from benchmarks.drawn.corrections import FORM, mistyped, odd_hand, read_written, settle, written_fields
from pipeline.confidence.operating_point import load_operating_point
from pipeline.learning.gathering import gather
from pipeline.learning.report import report_text
from pipeline.learning.retraining import RetrainingOptions, Verdict
from pipeline.learning.round import retraining_round
from pipeline.purge import PurgeOptions, purge
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RETRAINING, RunLog, RunState
from pipeline.storage.training_set import TrainingSet
from recognizer.bundle import OPERATING_POINT
from recognizer.fine_tuning import FineTuneOptions
from recognizer.model_store import champion, rollback
from recognizer.reader import load_recognizer

FIELDS = 40
SMALL = FineTuneOptions(epochs=3, fewest_steps=150, known=1000, kept=400, likeness=2.0)
"""Held tightly to its parent, since an arrow is what others write as a one: the verdict must not hang on a digit."""
OPTIONS = RetrainingOptions(learn_from=(FORM,), fine_tuning=SMALL)
VOUCHED_FOR = replace(OPTIONS, trusts_labels=True)
"""The reader is sure that these fours are something else, so somebody has to say that the labels are right."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def recognizer():
    return load_recognizer(champion(None), "cpu")


@pytest.fixture(scope="module")
def written(recognizer):
    """Fields with two fours each, and how they are read today."""
    inks, labels = odd_hand(FIELDS, 11)
    fields = written_fields(inks, labels, 1)
    return fields, read_written(fields, recognizer)


def key(url, written, keyed=None):
    fields, readings = written
    with ReviewQueue.open(url) as queue:
        settle(queue, fields, readings, keyed or [field.value for field in fields])


def later_fields(recognizer, count=8):
    """Fields of the next day, how they are read, and what is keyed."""
    fields = written_fields(*odd_hand(count, 12), 2, prefix="later")
    return fields, read_written(fields, recognizer), [field.value for field in fields]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/fieldreader.db"


def gathered(url, recognizer, learn_from=(FORM,)):
    with ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        return gather(queue, training_set, recognizer, learn_from)


def test_digits_of_settled_fields_become_samples_with_the_keyed_labels(url, written, recognizer):
    key(url, written)
    found = gathered(url, recognizer)
    samples = (*found.training, *found.held_out)
    assert found.settled == FIELDS
    assert found.aligned >= 0.9 * FIELDS
    values = {identity: item.human_value for identity, item in found.items.items()}
    assert all(int(values[sample.item_id][sample.position]) == sample.digit for sample in samples)
    assert {sample.form for sample in found.training}.isdisjoint({sample.form for sample in found.held_out})
    assert gathered(url, recognizer).version == found.version


def test_a_new_answer_makes_new_samples_and_a_new_version(url, written, recognizer):
    key(url, written)
    before = gathered(url, recognizer)
    item = next(iter(before.items.values()))
    with ReviewQueue.open(url) as queue:
        queue.settle([Answer(item.id, "99999", "row")], "anna")
    after = gathered(url, recognizer)
    assert after.version != before.version
    digits = {sample.digit for sample in (*after.training, *after.held_out) if sample.item_id == item.id}
    assert digits <= {9}


def test_a_form_that_opts_out_is_forgotten(url, written, recognizer):
    key(url, written)
    assert gathered(url, recognizer).training
    assert gathered(url, recognizer, ["another"]).training == ()
    with TrainingSet.open(url) as training_set:
        assert training_set.samples() == ()


def test_corrections_of_a_new_hand_are_learnt_promoted_taken_back_and_purged(url, written, recognizer, tmp_path):
    key(url, written)
    later = later_fields(recognizer)
    store, pages = tmp_path / "models", tmp_path / "retraining"
    before = champion(store)
    told = []

    done = retraining_round(url, store, pages, VOUCHED_FOR, told.append)

    networks = [list(steps) for _, steps in itertools.groupby(told, lambda one: one.stand_in)]
    assert [steps[0].stand_in for steps in networks] == [0, 1, 2, 3]
    assert all(one.stand_ins == 3 for one in told)
    assert all([one.step for one in steps] == list(range(1, steps[0].steps + 1)) for steps in networks)
    report = done.report
    assert report.verdict is Verdict.PROMOTED, report.reason
    after = champion(store)
    assert (after.name, after.version, after.parent) == ("fine-tuned", "1", before.sha256)
    assert after.data_fingerprint == report.gathered.version
    assert {sample.form for sample in report.trial.judged} == {sample.form for sample in report.gathered.judging}
    assert len(report.trial.judged) > 2 * len(report.gathered.held_out)
    assert report.trial.corrections.challenger_right > report.trial.corrections.champion_right
    point = load_operating_point(after.file(OPERATING_POINT))
    assert (point.name, point.is_certified) == ("fine-tuned-1", False)
    with RunLog.open(url) as log:
        assert [run.state for run in log.runs(RETRAINING)] == [RunState.DONE]
    page = done.page.read_text()
    assert "Promoted" in page
    # What the champion learnt from proves nothing about the next one; what is keyed since does.
    with ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        settle(queue, *later)
        again = gather(queue, training_set, load_recognizer(after, "cpu"), [FORM], learnt=after.data_fingerprint)
    new = {sample.form for sample in again.judging} - {sample.form for sample in report.gathered.judging}
    assert new
    assert {sample.form for sample in again.judging if not sample.is_held_out} <= new
    assert page.count("data:image/png") > 5

    assert rollback(store).sha256 == before.sha256

    (tmp_path / "out").mkdir()
    with ReviewQueue.open(url) as queue:
        queue.forget([item.source_id for item in queue.list_items(None)])
    purge(PurgeOptions(tmp_path / "out", dt.datetime.now(dt.UTC), url, tmp_path / "overlays", False, pages))
    with TrainingSet.open(url) as training_set:
        assert training_set.samples() == ()


def test_a_batch_with_a_third_of_its_digits_keyed_wrong_is_refused_untrained(url, written, tmp_path):
    keyed, wrong = mistyped([field.value for field in written[0]], 0.3, 1)
    key(url, written, keyed)
    done = retraining_round(url, tmp_path / "models", tmp_path / "retraining", OPTIONS)
    assert wrong > 40
    assert done.report.verdict is Verdict.REFUSED
    assert done.report.trial is None
    assert "labels look wrong" in done.report.reason
    assert not (tmp_path / "models").exists()
    assert "looks like" in done.page.read_text()
    text = report_text(done.report)
    assert " more\n" in text
    assert not any(field.value in text for field in written[0])
