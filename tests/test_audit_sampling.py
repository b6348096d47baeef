from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.audit_sampling import budget_alarm, tally
from pipeline.cli import app
from pipeline.document import Decision, FieldKind
from pipeline.routing import Routing, is_drawn
from pipeline.second_key import Step, weigh_keys
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer, ItemState, Keying
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Reviewers, Role
from recognizer.proportions import clopper_pearson
from tests.storage.review_samples import reading, result

ACCEPTED, REVIEW, BLANK = Decision.ACCEPTED, Decision.REVIEW, Decision.BLANK
AMOUNT = FieldKind.AMOUNT
ALL = Routing(audit_share=1.0)


@pytest.mark.parametrize(
    ("routing", "field", "keying"),
    [
        pytest.param(Routing(), reading(decision=REVIEW), Keying.SHOWN, id="doubtful"),
        pytest.param(Routing(), reading(decision=ACCEPTED), None, id="accepted"),
        pytest.param(ALL, reading(decision=ACCEPTED), Keying.AUDIT, id="accepted and drawn"),
        pytest.param(ALL, reading(decision=REVIEW), Keying.SHOWN, id="doubtful and drawn"),
        pytest.param(Routing(("*",)), reading(value=None, decision=BLANK), None, id="blank"),
        pytest.param(ALL, reading(value=None, decision=BLANK), Keying.AUDIT, id="blank and drawn"),
        pytest.param(Routing(("survey",)), reading(decision=ACCEPTED), Keying.BLIND, id="form with two keys"),
        pytest.param(Routing(("*",)), reading(decision=REVIEW), Keying.BLIND, id="all forms with two keys"),
        pytest.param(Routing(("*",)), reading(value=None, decision=REVIEW), Keying.SHOWN, id="nothing was read"),
        pytest.param(Routing(("other",)), reading(decision=ACCEPTED), None, id="another form"),
        pytest.param(
            Routing(second_key_above=100), reading(value="100.00", kind=AMOUNT, decision=ACCEPTED), Keying.BLIND,
            id="large amount",
        ),
        pytest.param(
            Routing(second_key_above=100), reading(value="99.99", kind=AMOUNT, decision=ACCEPTED), None,
            id="small amount",
        ),
        pytest.param(Routing(second_key_above=100), reading(value="99999", decision=ACCEPTED), None, id="no amount"),
    ],
)  # fmt: skip
def test_fields_go_to_people_by_their_decision_form_and_value(routing, field, keying):
    assert routing.route(field, "survey", "x") is keying


def test_the_lot_draws_the_share_asked_for_and_the_same_fields_again():
    drawn = [is_drawn(str(number), 0.05, seed=7) for number in range(20_000)]
    assert abs(sum(drawn) / len(drawn) - 0.05) < 0.006
    assert drawn == [is_drawn(str(number), 0.05, seed=7) for number in range(20_000)]
    assert drawn != [is_drawn(str(number), 0.05, seed=8) for number in range(20_000)]
    assert not any(is_drawn(str(number), 0.0, seed=7) for number in range(1000))


def test_drawn_fields_wait_behind_the_others_and_go_when_read_anew_without_a_lot(tmp_path):
    url = f"sqlite:///{tmp_path}/q.db"
    read = result(reading("a", decision=ACCEPTED), reading("b"))
    with ReviewQueue.open(url, ALL) as queue:
        queue.put_result(read, {})
        assert [(item.spec.name, item.keying) for item in queue.list_items()] == [("a", "audit"), ("b", "shown")]
        assert {item.priority for item in queue.list_items()} == {-1, 0}
        assert queue.export(tmp_path / "table") == 1  # a table would show the reading
    with ReviewQueue.open(url) as queue:
        queue.put_result(read, {})
        assert [item.spec.name for item in queue.list_items()] == ["b"]


def test_a_drawn_blank_is_settled_by_one_person_who_sees_nothing_there_and_counted_apart(tmp_path):
    """Ann finds the first empty, writing in the second and something unreadable in the third; so does eve."""
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db", ALL) as queue:
        blanks = [reading(name, value=None, decision=BLANK) for name in ("empty", "filled", "scrawl")]
        queue.put_result(result(*blanks, reading("value", decision=ACCEPTED)), {})
        keyed = {"empty": "blank", "filled": "91234", "scrawl": "?", "value": "blank"}
        desk = ReviewDesk(queue._engine)
        ann, eve = Reviewer("ann"), Reviewer("eve", Role.SUPERVISOR)
        for item in queue.list_items():
            desk.answer(ann, Answer(item.id, keyed[item.spec.name], "field"))
        assert {item.spec.name: item.state for item in queue.list_items(None)} == {
            "empty": "blank", "filled": "escalated", "scrawl": "escalated", "value": "escalated",
        }  # fmt: skip
        for item in queue.list_items(ItemState.ESCALATED):
            desk.answer(eve, Answer(item.id, keyed[item.spec.name], "field"))
        assert sorted(queue.audited(called_blank=True)[0]) == [False, True, True]
        assert queue.audited() == ((True,), 0)
        assert desk.verify().findings == ()


# --- figures -------------------------------------------------------------------------------------


def test_intervals_hold_the_true_rate_in_at_least_95_of_100_audits():
    rng = np.random.default_rng(1)
    held = 0
    for wrong in rng.binomial(800, 0.02, 1000):
        low, high = clopper_pearson(int(wrong), 800)
        held += low <= 0.02 <= high
    assert 0.94 <= held / 1000 <= 0.99  # exact intervals hold it a little more often than asked


def test_a_tripled_error_raises_the_alarm_within_2000_audited_fields():
    rng = np.random.default_rng(2)
    places = [budget_alarm(list(rng.random(4000) < 0.03), 0.01) for _ in range(200)]
    within = [place for place in places if place is not None and place <= 2000]
    assert len(within) >= 190
    assert np.median(within) < 1200


def test_an_error_at_the_budget_hardly_ever_raises_it():
    rng = np.random.default_rng(3)
    assert sum(budget_alarm(list(rng.random(5000) < 0.01), 0.01) is not None for _ in range(100)) <= 5


def test_a_long_good_time_does_not_delay_the_alarm():
    rng = np.random.default_rng(4)
    outcomes = [*([False] * 20_000), *(rng.random(3000) < 0.03)]
    assert budget_alarm(outcomes, 0.01) - 20_000 < 2000


def test_a_tally_without_audits_knows_nothing():
    empty = tally([], waiting=3, budget=0.01)
    assert (empty.rate, empty.interval, empty.is_broken) == (None, (0.0, 1.0), False)


def test_two_keys_let_hardly_any_error_escape_at_one_percent_operator_errors():
    """Of the machine's values one in 100 is wrong, as the error budget allows; a slip is one of nine wrong digits."""
    rng = np.random.default_rng(5)
    fields = 300_000
    machine_wrong, slips = rng.random(fields) < 0.01, rng.random((fields, 2)) < 0.01
    wrong_digits = rng.integers(1, 10, (fields, 3))
    escaped = 0
    for field in np.flatnonzero(machine_wrong | slips[:, 0]):
        machine, *people = wrong_digits[field] * [machine_wrong[field], *slips[field]]
        keys = [str(digit) for digit in people]
        agreement = weigh_keys(str(machine), keys[:1], people=3)
        if agreement.step is Step.ANOTHER:
            agreement = weigh_keys(str(machine), keys, people=3)
        escaped += agreement.step is Step.SETTLED and agreement.value != "0"
    assert 0 < escaped / fields <= 0.0001


# --- the commands --------------------------------------------------------------------------------


def test_report_counts_and_stops_when_the_budget_is_broken(own_state):
    url = f"sqlite:///{own_state}/fieldreader.db"
    report = CliRunner().invoke(app, ["audit", "report"])
    assert (report.exit_code, "No accepted field has been audited yet" in report.output) == (0, True)
    with ReviewQueue.open(url, ALL) as queue:
        for number in range(12):
            queue.put_result(result(reading("a", decision=ACCEPTED), source=f"{number:064d}"), {})
    desk = ReviewDesk.open(url)
    people = [Reviewer("ann", Role.SUPERVISOR), Reviewer("bob", Role.SUPERVISOR)]
    for person in people:
        Reviewers(desk.engine).add(person, "a long enough password")
    for number, item in enumerate(desk.hand(people[0], count=12)):
        desk.answer(people[0], Answer(item.id, "01234" if number < 2 else "91234", "field"))
    for item in desk.hand(people[1], count=12):
        desk.answer(people[1], Answer(item.id, "91234", "field"))
    desk.close()

    report = CliRunner().invoke(app, ["audit", "report"])
    assert "10 of 12 audited values wrong: 83.33%, 95 % interval 51.59% to 97.91%" in report.output
    assert report.exit_code == 3
    assert "0 of 0 audited blanks filled in" in report.output
    assert CliRunner().invoke(app, ["audit", "report", "--template", "other"]).exit_code == 0


def test_the_report_finds_writing_in_fields_called_blank_though_no_value_is_wrong(own_state):
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db", ALL) as queue:
        for number in range(40):
            blank = reading("a", value=None, decision=BLANK)
            queue.put_result(result(blank, reading("b", decision=ACCEPTED), source=f"{number:064d}"), {})
        desk = ReviewDesk(queue._engine)
        eve = Reviewer("eve", Role.SUPERVISOR)
        for number, item in enumerate(queue.list_items()):
            is_lost = item.spec.name == "a" and number < 20
            answer = Answer(item.id, "91234" if is_lost else item.machine_value or "blank", "field")
            desk.answer(eve, answer)
            if is_lost:  # the keys differ, so a supervisor decides
                desk.answer(eve, answer)
    report = CliRunner().invoke(app, ["audit", "report"])
    assert "0 of 40 audited values wrong: 0.00%" in report.output
    assert "10 of 40 audited blanks filled in: 25.00%" in report.output
    assert "sufficed at audited blank" in report.output
    assert report.exit_code == 3
    facts = json.loads(CliRunner().invoke(app, ["audit", "report", "--json"]).output)
    assert (facts["wrong"], facts["broken"]) == (0, False)
    assert (facts["blanks"]["wrong"], facts["blanks"]["audited"], facts["blanks"]["broken"]) == (10, 40, True)
