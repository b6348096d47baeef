"""Seeded errors: handed out and answered like other fields, and nowhere among the results."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from pipeline.errors import QueueError
from pipeline.finalise import finalise
from pipeline.seeded_errors import Seeding
from pipeline.storage.database import open_database
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_figures import queue_figures
from pipeline.storage.review_item import Answer, ItemState, Keying
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.review_turn import Wanted
from pipeline.storage.reviewers import Reviewer
from tests.storage.review_samples import crop, reading, result

ANN, BOB = Reviewer("ann"), Reviewer("bob")
OLD = result(reading("old"), source="a" * 64)


@pytest.fixture
def desk(database_url):
    desk = ReviewDesk(open_database(database_url), seeding=Seeding(1.0))
    yield desk
    desk.close()


@pytest.fixture
def settled(desk):
    """A field that ann has confirmed, and one more that waits."""
    queue = ReviewQueue(desk.engine)
    queue.put_result(OLD, {(1, "old"): crop()})
    (item,) = desk.hand(ANN)
    desk.answer(ANN, Answer(item.id, "01234", "field"))
    queue.put_result(result(reading("new"), source="b" * 64), {})
    return item


def seeded(desk, reviewer=BOB):
    """The seeded field in a reviewer's hand; the other one is the field that waits."""
    first, second = desk.hand(reviewer)
    assert first.spec.name == "new"
    return second


def figures(desk):
    return [(one.reviewer, one.shown, one.caught) for one in queue_figures(desk.engine, dt.datetime.now(dt.UTC)).watch]


def test_it_looks_like_any_other_field_but_its_value_is_wrong(desk, settled):
    wrong = seeded(desk)
    assert wrong.id != settled.id
    assert len(wrong.id) == len(settled.id)
    assert (wrong.state, wrong.keying, wrong.claimed_by) == (ItemState.CLAIMED, Keying.SHOWN, "bob")
    assert wrong.machine_value != "01234"
    assert wrong.raw == "".join(one.char for one in wrong.characters) == wrong.machine_value
    assert (wrong.human_value, wrong.reviewer, wrong.keyed_at) == (None, None, None)
    assert desk.find(wrong.id) == wrong
    assert desk.crop_png(wrong.id) == desk.crop_png(settled.id) is not None
    assert desk.progress(BOB, Wanted(), "2026").waiting == 2


def test_asking_again_gives_the_same_one_and_nobody_gets_his_own_field_or_one_twice(desk, settled):
    wrong = seeded(desk)
    assert seeded(desk) == wrong
    desk.answer(BOB, Answer(wrong.id, "01234", "field"))
    ReviewQueue(desk.engine).put_result(result(reading("newer"), source="c" * 64), {})
    assert [item.spec.name for item in desk.hand(BOB)] == ["new", "newer"]
    assert [item.spec.name for item in desk.hand(ANN)] == []


@pytest.mark.parametrize(
    ("keyed", "state", "caught"),
    [
        pytest.param("=", "confirmed", 0, id="confirmed: let through"),
        pytest.param("01234", "corrected", 1, id="corrected"),
        pytest.param("99999", "corrected", 0, id="noticed, and keyed wrong all the same"),
        pytest.param("?", "unreadable", 1, id="unreadable: no wrong value goes out"),
        pytest.param("blank", "blank", 1, id="blank"),
    ],
)
def test_an_answer_tells_whether_the_error_was_caught(desk, settled, keyed, state, caught):
    wrong = seeded(desk)
    answer = Answer(wrong.id, keyed, "field")
    assert desk.answer(BOB, answer) == state
    assert desk.answer(BOB, answer) is None
    assert figures(desk) == [("bob", 1, caught)]
    assert desk.progress(BOB, Wanted(), "2026").settled == 1
    assert desk.verify().findings == ()


def test_it_is_skipped_left_to_a_supervisor_and_taken_back_like_any_other(desk, settled):
    wrong = seeded(desk)
    desk.answer(BOB, Answer(wrong.id, "=", "field"))
    assert desk.take_back(BOB) == wrong
    assert figures(desk) == []
    desk.skip(BOB, wrong.id)
    assert [item.spec.name for item in desk.hand(BOB)] == ["new"]
    assert desk.take_back(BOB) == wrong
    desk.escalate(BOB, wrong.id)
    assert desk.take_back(BOB) == wrong
    assert desk.take_back(BOB) is None
    assert figures(desk) == []
    assert desk.verify().findings == ()


def test_another_persons_seeded_field_is_refused(desk, settled):
    wrong = seeded(desk)
    with pytest.raises(QueueError):
        desk.answer(ANN, Answer(wrong.id, "=", "field"))


def test_a_filter_holds_for_it_too(desk, settled):
    seeded(desk)
    assert [item.spec.name for item in desk.hand(BOB, Wanted(template="another form"))] == []
    assert [item.spec.name for item in desk.hand(BOB, Wanted(reason="low_confidence"))] == ["new"]


def test_nothing_of_it_is_among_the_results(desk, settled, tmp_path):
    queue = ReviewQueue(desk.engine)

    def everything():
        items = queue.list_items(None)
        document = next(iter(finalise(OLD, {item.id: item for item in items})))
        lines = queue.export(tmp_path), (tmp_path / "queue.csv").read_text()
        return items, document, lines, queue.count(), queue.corrections(), queue.audited()

    desk.hand(BOB)  # claims the field that waits; with the lot at work, seeds as well
    before = everything()
    wrong = seeded(desk)
    desk.answer(BOB, Answer(wrong.id, "=", "field"))
    assert everything() == before
    assert before[1].fields[0].value == "01234"


def test_a_truth_that_was_changed_since_makes_no_error(desk, settled):
    wrong = seeded(desk)
    desk.answer(BOB, Answer(wrong.id, "=", "field"))
    desk.answer(ANN, Answer(settled.id, wrong.machine_value, "field"))
    assert figures(desk) == []


def test_none_is_handed_out_unless_asked_for(database_url):
    desk = ReviewDesk.open(database_url)
    queue = ReviewQueue(desk.engine)
    queue.put_result(OLD, {})
    desk.answer(ANN, Answer(desk.hand(ANN)[0].id, "=", "field"))
    queue.put_result(result(reading("new"), source="b" * 64), {})
    assert [item.spec.name for item in desk.hand(BOB)] == ["new"]
    desk.close()


def test_it_goes_with_the_file_it_was_made_from(desk, settled):
    wrong = seeded(desk)
    desk.answer(BOB, Answer(wrong.id, "=", "field"))
    ReviewQueue(desk.engine).forget(["a" * 64])
    assert desk.find(wrong.id) is None
    assert figures(desk) == []
    assert desk.verify().findings == ()


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        pytest.param("UPDATE review_seeds SET keyed = truth", "is not as entry", id="a miss made a catch"),
        pytest.param("UPDATE review_seeds SET state = 'unreadable', keyed = NULL", "is not as entry", id="state"),
        pytest.param("DELETE FROM review_seeds", "is gone", id="taken out"),
    ],
)
def test_tampering_with_it_is_found(desk, settled, statement, finding):
    wrong = seeded(desk)
    desk.answer(BOB, Answer(wrong.id, "=", "field"))
    assert desk.verify().findings == ()
    with desk.engine.begin() as connection:
        connection.execute(text(statement))
    assert finding in " ".join(desk.verify().findings)
