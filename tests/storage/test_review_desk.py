from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from pipeline.errors import QueueError
from pipeline.storage import review_progress
from pipeline.storage.database import open_database
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer, ItemState, Keying
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.review_turn import Wanted
from pipeline.storage.reviewers import Reviewer, Reviewers, Role
from tests.storage.review_samples import reading, result

ANN, BOB = Reviewer("ann"), Reviewer("bob")
EVE = Reviewer("eve", Role.SUPERVISOR)


class Clock:
    def __init__(self):
        self.now = dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)

    def __call__(self):
        self.now += dt.timedelta(milliseconds=1)
        return self.now

    def wait(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(database_url, clock):
    desk = ReviewDesk(open_database(database_url), now=clock)
    yield desk
    desk.close()


def fill(desk, *readings, keying=Keying.SHOWN, source="a" * 64):
    ReviewQueue(desk.engine).put_result(result(*readings, source=source), {})
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET keying = :keying"), {"keying": keying.value})


def key(desk, reviewer, item, value):
    return desk.answer(reviewer, Answer(item.id, value, "field"))


def names(items):
    return [item.spec.name for item in items]


# --- claims --------------------------------------------------------------------------------------


def test_two_reviewers_get_different_fields_and_asking_again_gives_the_same(desk):
    fill(desk, *(reading(name) for name in "abcd"))
    ann, bob = desk.hand(ANN, count=2), desk.hand(BOB, count=2)
    assert names(ann) == ["a", "b"]
    assert names(bob) == ["c", "d"]
    assert names(desk.hand(ANN, count=2)) == ["a", "b"]
    assert {item.state for item in desk.hand(ANN, count=2)} == {ItemState.CLAIMED}
    assert ReviewQueue(desk.engine, now=lambda: dt.datetime(2026, 5, 1, 8, 1, tzinfo=dt.UTC)).count()["claimed"] == 4


def test_a_claim_runs_out_and_the_field_goes_to_somebody_else(desk, clock):
    fill(desk, reading("a"))
    desk.hand(ANN)
    assert desk.hand(BOB) == ()
    clock.wait(301)
    assert names(desk.hand(BOB)) == ["a"]
    assert desk.hand(ANN) == ()


def test_a_field_on_somebody_elses_screen_cannot_be_answered(desk):
    fill(desk, reading("a"))
    (item,) = desk.hand(ANN)
    with pytest.raises(QueueError, match="ann is at this item now"):
        key(desk, BOB, item, "91234")
    with pytest.raises(QueueError, match="ann is at this field now"):
        desk.skip(BOB, item.id)


def test_higher_priorities_come_first_and_skipped_fields_last(desk):
    fill(desk, reading("a"), reading("b"), reading("c"))
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET priority = 5 WHERE field = 'c'"))
    first = desk.hand(ANN, count=3)
    assert names(first) == ["c", "a", "b"]
    desk.skip(ANN, first[1].id)
    assert names(desk.hand(ANN, count=3)) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Wanted(), ["a", "b"], id="all"),
        pytest.param(Wanted(template="survey"), ["a", "b"], id="a form"),
        pytest.param(Wanted(template="other"), [], id="a form that is not there"),
        pytest.param(Wanted(reason="touching"), ["b"], id="a reason"),
        pytest.param(Wanted(reason="touch"), [], id="part of a reason"),
        pytest.param(Wanted(reason="%"), [], id="a wildcard"),
        pytest.param(Wanted(reason="' OR 1=1 --"), [], id="an injection"),
    ],
)
def test_filters_choose_fields_by_form_and_reason(desk, wanted, found):
    fill(desk, reading("a"), replace(reading("b"), reasons=("touching",)))
    assert names(desk.hand(ANN, wanted)) == found


def test_another_filter_gives_up_the_claims_that_do_not_fit_it(desk):
    fill(desk, reading("a"), replace(reading("b"), reasons=("touching",)))
    desk.hand(ANN)
    desk.hand(ANN, Wanted(reason="touching"))
    assert names(desk.hand(BOB)) == ["a"]


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_sent_twice_is_taken_once(desk):
    fill(desk, reading("a"))
    (item,) = desk.hand(ANN)
    assert key(desk, ANN, item, "91234") is ItemState.CORRECTED
    assert key(desk, ANN, item, "91234") is None
    assert desk.find(item.id).human_value == "91234"
    assert desk.find(item.id).machine_value == "01234"
    assert desk.verify().entries == 1


def test_taking_back_goes_through_the_own_steps_one_by_one(desk):
    fill(desk, *(reading(name) for name in "abc"))
    a, b, c = desk.hand(ANN)
    key(desk, ANN, a, "=")
    desk.skip(ANN, b.id)
    desk.escalate(ANN, c.id, "two values")
    assert desk.take_back(BOB) is None
    assert [desk.take_back(ANN).spec.name for _ in range(3)] == ["c", "b", "a"]
    assert desk.take_back(ANN) is None
    assert names(desk.hand(ANN)) == ["a", "b", "c"]
    assert desk.verify().findings == ()


def test_only_a_supervisor_gets_and_settles_what_was_escalated(desk):
    fill(desk, reading("a"))
    (item,) = desk.hand(ANN)
    desk.escalate(ANN, item.id)
    assert desk.hand(ANN) == ()
    with pytest.raises(QueueError, match="waits for a supervisor"):
        key(desk, ANN, item, "=")
    assert names(desk.hand(EVE)) == ["a"]
    assert key(desk, EVE, item, "=") is ItemState.CONFIRMED


def test_progress_counts_what_is_left_and_what_was_done(desk):
    fill(desk, *(reading(name) for name in "abcd"))
    a, b, c, d = desk.hand(ANN)
    assert desk.choices() == (("survey",), ("low_confidence",))
    since = "2026-05-01"
    key(desk, ANN, a, "=")
    key(desk, ANN, b, "91234")
    key(desk, ANN, c, "?")
    key(desk, ANN, d, "blank")
    progress = desk.progress(ANN, Wanted(), since)
    assert (progress.waiting, progress.keyed, progress.settled) == (0, 4, 4)
    assert (progress.corrected, progress.blank, progress.unreadable) == (1, 1, 1)
    assert desk.progress(BOB, Wanted(), since).keyed == 0


def test_of_a_long_queue_only_the_beginning_is_counted(desk, monkeypatch):
    fill(desk, *(reading(name) for name in "abc"))
    for counted, shown in ((2, (2, True)), (3, (3, False))):
        monkeypatch.setattr(review_progress, "COUNTED", counted)
        progress = desk.progress(ANN, Wanted(), "2026")
        assert (progress.waiting, progress.are_more_waiting) == shown


# --- blind keys ----------------------------------------------------------------------------------


@pytest.fixture
def crew(desk, quick_passwords):
    people = Reviewers(desk.engine)
    for person in (ANN, BOB, EVE):
        people.add(person, "a long enough password")


@pytest.mark.parametrize(
    ("keyed", "state", "value"),
    [
        pytest.param(["01234"], "confirmed", "01234", id="first key agrees with the machine"),
        pytest.param(["91234"], "pending", None, id="first key differs: another person"),
        pytest.param(["91234", "91234"], "corrected", "91234", id="two people agree against the machine"),
        pytest.param(["91234", "01234"], "confirmed", "01234", id="second key agrees with the machine"),
        pytest.param(["?", "?"], "unreadable", None, id="two people cannot read it"),
        pytest.param(["blank", "blank"], "blank", None, id="two people see it blank"),
        pytest.param(["?", "blank"], "escalated", None, id="unreadable and blank differ"),
        pytest.param(["91234", "55555"], "escalated", None, id="all differ: supervisor"),
    ],
)
def test_blind_keys_settle_a_field_when_two_agree(desk, crew, keyed, state, value):
    fill(desk, reading("a"), keying=Keying.BLIND)
    for reviewer, text_keyed in zip((ANN, BOB), keyed, strict=False):
        (item,) = desk.hand(reviewer)
        key(desk, reviewer, item, text_keyed)
    found = desk.find(item.id)
    assert (found.state, found.human_value) == (state, value)
    assert desk.verify().findings == ()


def test_nobody_keys_a_field_blindly_twice_or_confirms_unseen(desk, crew):
    fill(desk, reading("a"), keying=Keying.BLIND)
    (item,) = desk.hand(ANN)
    with pytest.raises(QueueError, match="without its proposal"):
        key(desk, ANN, item, "=")
    key(desk, ANN, item, "91234")
    assert desk.hand(ANN) == ()
    with pytest.raises(QueueError, match="has keyed this item already"):
        key(desk, ANN, item, "91235")
    assert desk.take_back(ANN).id == item.id
    assert key(desk, ANN, item, "01234") is ItemState.CONFIRMED


def test_alone_a_differing_key_goes_to_the_supervisor_at_once(desk):
    fill(desk, reading("a"), keying=Keying.BLIND)
    (item,) = desk.hand(EVE)
    assert key(desk, EVE, item, "91234") is ItemState.ESCALATED
    assert key(desk, EVE, item, "91234") is ItemState.CORRECTED


# --- many at once --------------------------------------------------------------------------------


def test_many_reviewers_at_once_settle_every_field_once(database_url):
    fields, crew = 60, 6
    with ReviewQueue.open(database_url) as queue:
        for number in range(fields):
            queue.put_result(result(reading("a"), source=f"{number:064d}"), {})
    taken, failures = [], []

    def work(number):
        desk = ReviewDesk.open(database_url)
        me = Reviewer(f"r{number}")
        try:
            while hand := desk.hand(me, count=2):
                for item in hand:
                    taken.append((item.id, desk.answer(me, Answer(item.id, "=", "field"))))
        except QueueError as error:
            failures.append(error)
        finally:
            desk.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(crew)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(taken) == len({item for item, _ in taken}) == fields
    assert {state for _, state in taken} == {ItemState.CONFIRMED}
    desk = ReviewDesk.open(database_url)
    assert desk.verify().findings == ()
    assert desk.verify().entries == fields
    desk.close()


# --- the audit log -------------------------------------------------------------------------------

TAMPERINGS = [
    pytest.param("UPDATE review_items SET human_value = '11111' WHERE field = 'a'", "is not as entry", id="answer"),
    pytest.param("UPDATE review_items SET machine_value = '1' WHERE field = 'a'", "is not as entry", id="machine's"),
    pytest.param("UPDATE review_items SET reviewer = 'bob' WHERE field = 'a'", "is not as entry", id="reviewer"),
    pytest.param("UPDATE review_items SET state = 'pending' WHERE field = 'a'", "is not as entry", id="state"),
    pytest.param("UPDATE review_items SET keyed_at = '2020' WHERE field = 'a'", "is not as entry", id="time"),
    pytest.param("UPDATE review_items SET keying = 'audit' WHERE field = 'a'", "is not as entry", id="keying"),
    pytest.param("UPDATE review_items SET field = 'd' WHERE field = 'a'", "moved to another field", id="field"),
    pytest.param(
        "INSERT INTO review_keys SELECT id, 'bob', '5', '2026' FROM review_items WHERE field = 'c'",
        "has a key of bob, and the log does not know of it",
        id="blind key put in",
    ),
    pytest.param("DELETE FROM review_items WHERE field = 'a'", "is gone", id="item taken out"),
    pytest.param(
        "UPDATE review_items SET state = 'confirmed', human_value = '1', reviewer = 'x', keyed_at = '9' "
        "WHERE field = 'c'",
        "does not know of it",
        id="item settled behind the log's back",
    ),
    pytest.param("UPDATE review_log SET actor = 'bob' WHERE number = 1", "entry 1 was changed", id="who"),
    pytest.param("UPDATE review_log SET at = '2020' WHERE number = 1", "entry 1 was changed", id="when"),
    pytest.param("UPDATE review_log SET detail = '{}' WHERE number = 1", "what entry 1 says", id="what"),
    pytest.param("DELETE FROM review_log WHERE number = 1", "entry 1 is missing", id="first entry taken out"),
    pytest.param("DELETE FROM review_log WHERE number = 2", "does not know of it", id="last entry cut off"),
]


@pytest.fixture
def settled(desk):
    fill(desk, *(reading(name) for name in "abc"))
    a, b, _ = desk.hand(ANN)
    key(desk, ANN, a, "91234")
    key(desk, ANN, b, "=")
    return desk


@pytest.mark.parametrize(("statement", "finding"), TAMPERINGS)
def test_any_tampering_is_found(settled, statement, finding):
    head = settled.verify().head
    assert settled.verify(head).findings == ()
    with settled.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER review_log_only_grows ON review_log"))
        else:
            connection.execute(text("DROP TRIGGER review_log_no_update"))
            connection.execute(text("DROP TRIGGER review_log_no_delete"))
        connection.execute(text(statement))
    assert finding in " ".join(settled.verify(head).findings)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        pytest.param("UPDATE review_keys SET value = '01234'", "is not as entry 1 left it", id="value"),
        pytest.param("UPDATE review_keys SET reviewer = 'eve'", "the log does not know of it", id="who"),
        pytest.param("DELETE FROM review_keys", "is gone, and entry 1 gave it", id="taken out"),
    ],
)
def test_tampering_with_a_blind_key_is_found(desk, crew, statement, finding):
    fill(desk, reading("a"), keying=Keying.BLIND)
    key(desk, ANN, desk.hand(ANN)[0], "91234")
    assert desk.verify().findings == ()
    with desk.engine.begin() as connection:
        connection.execute(text(statement))
    assert finding in " ".join(desk.verify().findings)


@pytest.mark.parametrize("statement", ["DELETE FROM review_log", "UPDATE review_log SET actor = 'bob'"])
def test_the_database_itself_refuses_to_change_the_log(settled, statement):
    with pytest.raises(Exception, match="only grows"), settled.engine.begin() as connection:
        connection.execute(text(statement))
    assert settled.verify().findings == ()


def test_a_log_cut_off_together_with_its_items_is_found_by_the_hash_noted_earlier(settled):
    head = settled.verify().head
    with settled.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER review_log_only_grows ON review_log"))
        else:
            connection.execute(text("DROP TRIGGER review_log_no_delete"))
        connection.execute(text("DELETE FROM review_log WHERE number = 2"))
        connection.execute(text("DELETE FROM review_items WHERE field = 'b'"))
    assert settled.verify().findings == ()
    assert "cut off or rewritten" in settled.verify(head).findings[0]


def test_words_may_be_blanked_for_retention_and_the_chain_holds(settled):
    with settled.engine.begin() as connection:
        connection.execute(text("UPDATE review_log SET detail = NULL WHERE number = 1"))
        connection.execute(text("DELETE FROM review_items WHERE field = 'a'"))
    verified = settled.verify()
    assert (verified.findings, verified.blanked, verified.entries) == ((), 1, 2)


def test_what_is_purged_leaves_no_value_in_the_log_and_the_chain_holds(settled):
    ReviewQueue(settled.engine).forget(["a" * 64])
    verified = settled.verify()
    assert (verified.findings, verified.blanked, verified.entries) == ((), 2, 2)
    with settled.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM review_log")).all()
    assert "91234" not in str(rows)


def test_the_log_does_not_show_values_in_its_hashes(settled):
    with settled.engine.connect() as connection:
        rows = connection.execute(text("SELECT detail_hash FROM review_log")).scalars().all()
    import hashlib

    assert hashlib.sha256(b"91234").hexdigest() not in rows
