"""The review station over HTTP: what it tells of a field and its page, and to whom."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from sqlalchemy import text

from pipeline.document import Decision, FieldKind
from pipeline.station.pictures import cut_out
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Role
from tests.station.station_parts import PASSWORD, Person, fill
from tests.storage.review_samples import CORNERS, crop, reading, result


def test_a_field_is_told_with_all_that_helps_to_judge_it(owner, desk):
    fill(desk)
    state = owner.call("/api/hand").json()
    (item,) = state["hand"]
    assert (item["proposal"], item["field"], item["template"]) == ("01234", "postal_code", "survey")
    assert item["others"] == [{"value": "07234", "confidence": 0.1}]
    assert [one["char"] for one in item["characters"]] == list("01234")
    assert item["expects"] == "Postal code, 5 digits"
    assert state["progress"]["waiting"] == 1
    assert owner.client.get(f"/crop/{item['id']}").headers["content-type"] == "image/png"


def test_a_field_that_looks_blank_can_be_settled_as_blank(owner, desk):
    fill(desk, replace(reading(value=None), reasons=("required_blank",)), reading("b"))
    first, second = owner.call("/api/hand").json()["hand"]
    assert (first["looks_blank"], second["looks_blank"]) == (True, False)
    for item in (first, second):
        owner.call("/api/answer", id=item["id"], text="blank")
        assert (desk.find(item["id"]).state, desk.find(item["id"]).human_value) == ("blank", None)
    assert desk.verify().findings == ()


def test_in_blind_mode_nothing_of_the_reading_leaves_the_server(owner, desk):
    fill(desk, reading(value="98765"), keying="blind")
    answer = owner.call("/api/hand")
    (item,) = answer.json()["hand"]
    assert item["blind"]
    everything = answer.text + owner.client.get("/").text + owner.call("/api/check", id=item["id"], text="98764").text
    for told in ("98765", "07234", "low_confidence", "not sure enough", '"characters":', '"confidence":'):
        assert told not in everything


def test_a_hidden_reading_cannot_be_asked_out_of_the_checks(owner, desk):
    fill(desk, reading(value="98765432"), keying="blind")  # no five digits: as a guess it would be refused
    (item,) = owner.call("/api/hand").json()["hand"]
    for guess in ("=", "98765432", "98765431"):
        said = owner.call("/api/check", id=item["id"], text=guess).json()
        assert (said["fits"], said["value"]) == (False, None)


@pytest.mark.parametrize("path", ["/crop/{}", "/page/{}"])
def test_reviewers_see_no_field_but_those_in_their_hand(crew, desk, path):
    ann, bob, eve = crew
    fill(desk)
    (item,) = ann.call("/api/hand").json()["hand"]
    place = path.format(item["id"])
    there = 200 if "crop" in path else 404  # there is no scan in this test
    assert ann.client.get(place).status_code == there
    assert bob.client.get(place).status_code == 403
    assert bob.call("/api/check", id=item["id"], text="=").status_code == 403
    assert eve.client.get(place).status_code == there
    ann.call("/api/answer", id=item["id"], text="01234")
    assert ann.client.get(place).status_code == 403
    assert eve.client.get(place).status_code == there
    ann.call("/api/back")
    assert ann.client.get(place).status_code == there


ACCOUNT_PX = ((60.0, 100.0), (160.0, 100.0), (160.0, 120.0), (60.0, 120.0))


@pytest.fixture
def scanned(desk, tmp_path):
    """A page in the queue, with a postal code in review and an account number, all of it black."""
    scan = tmp_path / "a.png"
    cv2.imwrite(str(scan), np.zeros((200, 300), np.uint8))
    account = replace(
        reading("account", "12345678", FieldKind.ACCOUNT), polygon_px=ACCOUNT_PX, decision=Decision.ACCEPTED
    )
    read = result(reading(), account, names=(str(scan),), source=hashlib.sha256(scan.read_bytes()).hexdigest())
    ReviewQueue(desk.engine).put_result(read, {})


def page_of(person, item_id):
    answer = person.client.get(f"/page/{item_id}")
    assert answer.status_code == 200, answer.text
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_account_numbers_on_the_page_are_covered_for_reviewers(crew, desk, scanned):
    ann, _, eve = crew
    (item,) = ann.call("/api/hand").json()["hand"]
    covered = page_of(ann, item["id"])
    assert covered[95:125, 55:165].min() > 150
    assert covered[150:, 200:].max() < 50
    assert page_of(eve, item["id"])[102:118, 62:158].max() < 50


def test_a_page_whose_account_numbers_are_not_known_is_for_supervisors(crew, desk, scanned):
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET accounts_px = NULL"))
    ann, _, eve = crew
    (item,) = ann.call("/api/hand").json()["hand"]
    answer = ann.client.get(f"/page/{item['id']}")
    assert answer.status_code == 403
    assert "ask a supervisor" in answer.json()["error"]["message"]
    assert eve.client.get(f"/page/{item['id']}").status_code == 200


def test_others_keys_are_told_to_supervisors_only(station, desk, open_station):
    people = station.access.reviewers
    for person in (Reviewer("ann"), Reviewer("bob"), Reviewer("eve", Role.SUPERVISOR)):
        people.add(person, PASSWORD)
    fill(desk, keying="blind")
    for name, value in (("ann", "01111"), ("bob", "01222")):
        person = Person(open_station(station), name)
        (item,) = person.call("/api/hand").json()["hand"]
        assert item["keys"] == []
        person.call("/api/answer", id=item["id"], text=value)
    (item,) = Person(open_station(station), "eve").call("/api/hand").json()["hand"]
    assert item["escalated"]
    assert [key["value"] for key in item["keys"]] == ["01111", "01222"]
    assert item["proposal"] == "01234"


def test_only_snippets_are_shown_where_pages_are_not_to_be_seen(station, desk, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(replace(station, snippets_only=True)), "ann")
    fill(desk)
    (item,) = ann.call("/api/hand").json()["hand"]
    assert ann.client.get(f"/page/{item['id']}").status_code == 403
    assert 'data-do="page"' not in ann.page.text
    assert ann.client.get(f"/crop/{item['id']}").status_code == 200


def test_a_scan_that_is_gone_is_said_plainly(owner, desk):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    answer = owner.client.get(f"/page/{item['id']}")
    assert answer.status_code == 404
    assert "no longer where it was read from" in answer.text


def test_a_field_without_a_picture_is_cut_out_of_its_page_upright():
    page = crop()
    picture = cut_out(page, ((10.0, 10.0), (90.0, 10.0), (90.0, 20.0), (10.0, 20.0)))
    assert picture.shape == (17, 87)
    assert (picture[5:12, 5:80] == 0).all()
    assert cut_out(page, CORNERS).dtype == page.dtype
