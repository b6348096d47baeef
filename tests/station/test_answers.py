"""The review station over HTTP: what is taken and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from pipeline.storage.review_queue import ReviewQueue
from tests.station.station_parts import fill
from tests.storage.review_samples import SURVEY, reading, result


def test_an_answer_is_taken_and_the_next_fields_come_with_it(owner, desk):
    fill(desk, reading("postal_code"), reading("other"))
    first, _ = owner.call("/api/hand").json()["hand"]
    state = owner.call("/api/answer", id=first["id"], text="01234").json()
    assert [item["field"] for item in state["hand"]] == ["other"]
    assert state["progress"]["keyed"] == 1
    assert desk.find(first["id"]).state == "confirmed"


@pytest.mark.parametrize(
    ("keyed", "status", "said"),
    [
        pytest.param("12a", 422, "not a value of kind postal_code", id="letters"),
        pytest.param("123", 422, "3 digits where the field holds 5", id="too short"),
        pytest.param("", 422, "not a value", id="nothing"),
        pytest.param("x" * 300, 422, "at most 256", id="far too long"),
        pytest.param("99999", 409, "range does not fit", id="breaks a rule"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(owner, desk, keyed, status, said):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    answer = owner.call("/api/answer", id=item["id"], text=keyed)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert desk.find(item["id"]).human_value is None


def test_a_person_may_insist_and_the_log_says_so(owner, desk):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    assert owner.call("/api/answer", id=item["id"], text="99999", insist=True).status_code == 200
    with desk.engine.connect() as connection:
        (detail,) = connection.execute(text("SELECT detail FROM review_log")).scalars()
    assert "insisted: range does not fit" in detail


def test_rules_speak_while_typing(owner, desk):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    assert owner.call("/api/check", id=item["id"], text="00012").json()["broken"] == []
    assert owner.call("/api/check", id=item["id"], text="99999").json()["broken"] == ["range does not fit"]
    assert not owner.call("/api/check", id=item["id"], text="9").json()["fits"]


def test_going_back_brings_the_field_again(owner, desk):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    owner.call("/api/answer", id=item["id"], text="?")
    assert owner.call("/api/back").json()["back"]["id"] == item["id"]
    assert owner.call("/api/back").json()["back"] is None


@pytest.mark.parametrize("name", ["../app.py", "..%2f..%2fapp.py", "station.html", "%2e%2e/report.html", "/etc/passwd"])
def test_no_file_beside_style_and_script_can_be_had(owner, name):
    assert owner.client.get(f"/static/{name}").status_code in (404, 400)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "' OR 1=1 --", "%00"])
def test_odd_ids_find_nothing(owner, desk, name):
    fill(desk)
    assert owner.client.get(f"/crop/{name}").status_code == 404
    assert owner.call("/api/skip", id=name).status_code == 409


def test_oversized_requests_are_refused_unread(owner):
    answer = owner.client.post("/api/answer", content=b"x" * 20_000, headers={"X-Form-Token": owner.form_token})
    assert answer.status_code == 413


def test_markup_in_names_is_shown_as_text(owner, desk):
    evil = "<script>alert(1)</script>"
    template = replace(SURVEY, name=evil)
    ReviewQueue(desk.engine).put_result(
        result(replace(reading(evil), reasons=("low_confidence",)), names=(f"inbox/{evil}.pdf",), template=template), {}
    )
    page = owner.client.get("/").text
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert owner.call("/api/hand").headers["content-type"] == "application/json"
