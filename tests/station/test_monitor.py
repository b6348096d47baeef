"""The monitor of the review station: backlog, audits, nights, and who may look."""

from __future__ import annotations

import pytest

from pipeline.seeded_errors import Seeding
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer
from recognizer.drift import Shift
from tests.station.station_parts import PASSWORD, Person, fill, finish_run
from tests.storage.review_samples import reading, result


@pytest.fixture(autouse=True)
def always_counts_anew(monkeypatch):
    """However slow the machine that tests run on."""
    monkeypatch.setattr("pipeline.station.kept.AT_ONCE_S", 600.0)


def test_the_monitor_shows_backlog_reviewers_and_reasons(owner, desk):
    fill(desk, reading("postal_code"), reading("b"), reading("c"))
    first, second, _ = owner.call("/api/hand").json()["hand"]
    owner.call("/api/answer", id=first["id"], text="00001")
    owner.call("/api/escalate", id=second["id"])
    page = owner.client.get("/monitor").text
    assert "<b>2</b> fields wait" in page
    assert "low confidence" in page
    assert "No accepted value has been audited yet" in page


def test_the_monitor_shows_audits_beside_the_budget(owner, desk):
    fill(desk, *(reading(f"f{number}") for number in range(4)), keying="audit")
    for item in owner.call("/api/hand").json()["hand"]:
        owner.call("/api/answer", id=item["id"], text="01234")
    page = owner.client.get("/monitor").text
    assert "0 of 4 audited values wrong" in page
    assert "No sign that the budget is broken" in page
    assert "<svg" in page


def test_the_monitor_shows_how_the_nights_went(owner, desk):
    finish_run(desk, 1, 90)
    assert "<polyline" not in owner.client.get("/monitor").text  # one night is no curve
    finish_run(desk, 2, 95)
    finish_run(desk, 3, 60, model="2", shifts=[Shift("confidence", 400, 0.31, 0.15, True, True)])
    page = owner.client.get("/monitor").text
    assert page.count("<polyline") == 2
    assert "straight through 60.0 %" in page
    assert "fields read 80.0 %" in page  # 60 times 4 and 40 times 2 of 400
    assert page.count("fieldreader 2") == 2  # on the plot, where it came into service, and in the table
    assert "moved for the worse" in page


def test_the_monitor_shows_who_caught_the_seeded_errors(station, open_station, desk):
    watched = ReviewDesk(desk.engine, seeding=Seeding(1.0))
    ann, bob = Reviewer("ann"), Reviewer("bob")
    fill(desk, reading("postal_code"))
    watched.answer(ann, Answer(watched.hand(ann)[0].id, "01234", "field"))
    ReviewQueue(desk.engine).put_result(result(reading("b"), source="b" * 64), {})
    seeded = watched.hand(bob)[-1]
    owner = Person(open_station(station))
    assert "seeded" not in owner.client.get("/monitor").text
    watched.answer(bob, Answer(seeded.id, "=", "field"))
    page = owner.client.get("/monitor").text
    assert "<td>bob</td><td>1</td><td>0</td><td>0 %</td><td>0 % to 98 %</td>" in page


def test_the_monitor_is_for_supervisors(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(station), "ann")
    assert ann.client.get("/monitor").status_code == 403
    assert "Monitor" not in ann.page.text
