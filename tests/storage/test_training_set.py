from __future__ import annotations

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import QueueError
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from pipeline.training_sample import LabelledDigit, samples_of, version_of
from tests.storage.review_samples import crop, reading, result

INKS = [np.full((9, 5 + n), 40 * n, np.uint8) for n in range(1, 5)]


@pytest.fixture
def queue(database_url):
    with ReviewQueue.open(database_url) as opened:
        opened.put_result(result(reading("a"), reading("b")), {(1, "a"): crop(), (1, "b"): crop()})
        opened.settle([Answer(item.id, "91234", "row") for item in opened.list_items()], "ann")
        yield opened


@pytest.fixture
def training_set(database_url):
    with TrainingSet.open(database_url) as opened:
        yield opened


def samples(queue, count=3):
    item = queue.list_items(None)[0]
    return samples_of(item, [LabelledDigit(ink, digit) for digit, ink in enumerate(INKS[:count])])


def test_samples_come_back_with_picture_and_provenance(queue, training_set):
    kept = samples(queue)
    training_set.replace(kept[0].item_id, kept)
    found = training_set.samples()
    assert [replace(sample, ink=INKS[0]) for sample in found] == [replace(sample, ink=INKS[0]) for sample in kept]
    assert all(np.array_equal(one.ink, other.ink) for one, other in zip(found, kept, strict=True))
    assert (found[0].reviewer, found[0].field, found[0].source_id) == ("ann", "a", "a" * 64)
    assert training_set.answers() == {kept[0].item_id: kept[0].keyed_at}


def test_a_new_answer_replaces_the_samples_of_the_old_one(queue, training_set):
    first = samples(queue)
    training_set.replace(first[0].item_id, first)
    training_set.replace(first[0].item_id, first[:1])
    assert [sample.id for sample in training_set.samples()] == [first[0].id]


def test_another_label_picture_or_place_is_another_sample(queue):
    item, other = queue.list_items(None)
    one = LabelledDigit(INKS[0], 1)
    made = [
        samples_of(item, [one]),
        samples_of(item, [LabelledDigit(INKS[0], 2)]),
        samples_of(item, [LabelledDigit(INKS[1], 1)]),
        samples_of(other, [one]),
        samples_of(item, [one, one])[1:],
    ]
    assert len({sample.id for (sample,) in made}) == len(made)
    assert samples_of(item, [one])[0].id == made[0][0].id


def test_a_version_holds_what_it_was_made_of_and_the_same_samples_are_the_same_version(queue, training_set):
    kept = samples(queue)
    training_set.replace(kept[0].item_id, kept)
    version = training_set.freeze(kept[:2])
    assert training_set.freeze(list(reversed(kept[:2]))) == version == version_of(kept[:2])
    assert training_set.freeze(kept) != version
    assert {sample.id for sample in training_set.samples(version)} == {sample.id for sample in kept[:2]}
    held_out = 2 * kept[0].is_held_out
    assert [(v.training + v.held_out, v.held_out, v.kept) for v in training_set.versions() if v.id == version] == [
        (2, held_out, 2)
    ]


def test_forgetting_a_document_takes_its_samples_with_it_and_versions_say_so(queue, training_set):
    kept = samples(queue)
    training_set.replace(kept[0].item_id, kept)
    training_set.freeze(kept)
    assert training_set.count_of(["a" * 64]) == 3
    queue.forget(["a" * 64])
    assert training_set.count_of(["a" * 64]) == 0
    assert training_set.samples() == ()
    (version,) = training_set.versions()
    assert (version.training + version.held_out, version.kept) == (3, 0)


def test_samples_of_items_that_nobody_allows_go(queue, training_set):
    kept = samples(queue)
    training_set.replace(kept[0].item_id, kept)
    training_set.remove([kept[0].item_id])
    assert training_set.samples() == ()


# --- the commands --------------------------------------------------------------------------------


@pytest.fixture
def learnt(own_state):
    """A version of three samples in the state folder of this test."""
    url = f"sqlite:///{own_state}/fieldreader.db"
    with ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        queue.put_result(result(reading("a")), {(1, "a"): crop()})
        queue.settle([Answer(item.id, "91234", "row") for item in queue.list_items()], "=ann")
        kept = samples(queue)
        training_set.replace(kept[0].item_id, kept)
        return training_set.freeze(kept)


def test_a_version_is_listed_and_written_out_with_its_provenance(learnt, tmp_path):
    listed = CliRunner().invoke(app, ["samples", "list"])
    assert learnt[:12] in listed.output
    done = CliRunner().invoke(app, ["samples", "export", learnt[:6], "--out", str(tmp_path / "learnt")])
    assert done.exit_code == 0, done.output
    with (tmp_path / "learnt" / "samples.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["digit"], row["position"], row["field"], row["reviewer"]) for row in rows] == [
        ("0", "0", "a", "'=ann"), ("1", "1", "a", "'=ann"), ("2", "2", "a", "'=ann"),
    ]  # fmt: skip
    picture = cv2.imread(str(tmp_path / "learnt" / rows[1]["file"]), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(picture, 255 - INKS[1])


def test_a_version_that_is_not_there_is_refused(learnt, tmp_path):
    done = CliRunner().invoke(app, ["samples", "export", "no", "--out", str(tmp_path / "learnt")])
    assert isinstance(done.exception, QueueError)
    assert not (tmp_path / "learnt").exists()
