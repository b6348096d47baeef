"""The review station over HTTP: who gets in, what is told, what is refused."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text

from pipeline.document import FieldKind, FieldSpec, FormTemplate, RuleSpec
from pipeline.station.access import COOKIE, Access, Limit
from pipeline.station.app import Station, create_station
from pipeline.station.facts import specs_of
from pipeline.station.pictures import StationPictures, cut_out
from pipeline.storage.limits import DEFAULT_LIMITS
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Reviewers, Role, hash_password, password_fits
from tests.served import served
from tests.storage.review_samples import CORNERS, SURVEY, crop, reading, result

TOKEN = "a token of this test"
PASSWORD = "correct horse battery"
POSTAL = FieldSpec("postal_code", FieldKind.POSTAL_CODE, length=5, rules=(RuleSpec("range", {"max": 2000}),))
FORM = FormTemplate(SURVEY, (210.0, 297.0), (POSTAL,), ())


@pytest.fixture
def desk(tmp_path):
    desk = ReviewDesk.open(f"sqlite:///{tmp_path}/q.db")
    yield desk
    desk.close()


@pytest.fixture
def open_station():
    """Opens a station at a port of its own and gives a browser's side of it."""
    with ExitStack() as stack:

        def opened(station, **options):
            address = stack.enter_context(served(create_station(station)))
            return stack.enter_context(httpx.Client(base_url=address, follow_redirects=True, timeout=60, **options))

        yield opened


@pytest.fixture
def station(desk):
    access = Access(Reviewers(desk.engine), TOKEN)
    return Station(desk, access, StationPictures(desk, DEFAULT_LIMITS), specs_of((FORM,)))


@pytest.fixture
def api(station, open_station):
    return open_station(station)


def fill(desk, *readings, names=("inbox/a.pdf",), keying="shown"):
    crops = {(1, one.name): crop() for one in readings or (reading(),)}
    ReviewQueue(desk.engine).put_result(result(*readings, names=names), crops)
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET keying = :keying"), {"keying": keying})


class Person:
    """Somebody at a browser of his own."""

    def __init__(self, client, name=None):
        self.client = client
        if name is None:
            self.page = self.client.get("/", params={"token": TOKEN})
        else:
            self.page = self.client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert self.page.status_code == 200, self.page.text
        self.form_token = re.search('data-form-token="([^"]+)"', self.page.text)[1]

    def call(self, path, **body):
        return self.client.post(path, json=body, headers={"X-Form-Token": self.form_token})


@pytest.fixture
def owner(station, open_station):
    return Person(open_station(station))


# --- who gets in ---------------------------------------------------------------------------------

CLOSED = [
    ("GET", "/"), ("GET", "/crop/x"), ("GET", "/page/x"), ("GET", "/monitor"), ("POST", "/sign-out"), ("GET", "/docs"),
    *(("POST", f"/api/{name}") for name in ("hand", "check", "answer", "skip", "escalate", "back")),
    ("GET", "/openapi.json"), ("GET", "/nowhere"), ("PUT", "/api/answer"), ("DELETE", "/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CLOSED, ids=lambda value: value)
@pytest.mark.parametrize("cookie", [None, "forged"])
def test_without_a_session_everything_is_401(api, method, path, cookie):
    if cookie:
        api.cookies.set(COOKIE, cookie)
    assert api.request(method, path).status_code == 401


def test_the_token_leaves_the_address_and_becomes_a_session(station, open_station):
    client = open_station(station)
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200
    assert client.get("/", params={"token": "wrong"}).status_code == 200  # the session counts
    assert open_station(station).get("/", params={"token": "wrong"}).status_code == 401


def test_a_second_tab_shares_the_session_of_the_first(owner):
    owner.client.get("/", params={"token": TOKEN})
    assert owner.call("/api/hand").status_code == 200


def test_with_accounts_the_token_lets_nobody_in(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    assert open_station(station).get("/", params={"token": TOKEN}).status_code == 401
    assert "Password" in open_station(station).get("/").text


def test_a_session_outlives_the_server_and_ends_with_signing_out(station, desk, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(station), "ann")
    restarted = open_station(station, cookies=ann.client.cookies)
    assert restarted.get("/").status_code == 200
    ann.client.post("/sign-out", data={"form_token": ann.form_token})
    assert restarted.get("/").status_code == 401


def test_a_new_password_ends_all_sessions_of_a_person(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(station), "ann")
    station.access.reviewers.add(Reviewer("ann"), PASSWORD + "!")
    assert ann.call("/api/hand").status_code == 401


def test_five_wrong_passwords_lock_a_name_even_for_the_right_one(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    client = open_station(station)
    tries = [client.post("/sign-in", data={"name": "ann", "password": "wrong"}).status_code for _ in range(5)]
    assert tries == [401] * 5
    assert client.post("/sign-in", data={"name": "ann", "password": PASSWORD}).status_code == 429


def test_a_script_that_asks_on_and_on_is_slowed_down(owner, desk, station):
    fill(desk)
    assert owner.call("/api/hand").status_code == 200
    name = station.access.reviewers.who_is(owner.client.cookies[COOKIE]).reviewer.name
    while not station.access.is_too_fast(name):
        pass
    assert owner.call("/api/hand").status_code == 429


def test_a_limit_opens_again_after_its_window():
    now = [0.0]
    limit = Limit(2, 10.0, clock=lambda: now[0])
    limit.note("a")
    limit.note("a")
    assert limit.is_spent("a")
    assert not limit.is_spent("b")
    now[0] = 10.0
    assert not limit.is_spent("a")


def test_passwords_are_kept_salted_and_slow():
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert PASSWORD not in first
    assert password_fits(PASSWORD, first)
    assert not password_fits(PASSWORD + " ", first)
    assert first.startswith("scrypt$16384$8$5$")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no form token"),
        pytest.param({"X-Form-Token": "guessed"}, id="wrong form token"),
        pytest.param({"X-Form-Token": "right", "Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"X-Form-Token": "right", "Origin": "https://evil.example"}, id="another origin"),
    ],
)
def test_a_request_forged_by_another_site_changes_nothing(owner, desk, headers):
    fill(desk)
    (item,) = owner.call("/api/hand").json()["hand"]
    sent = {name: owner.form_token if value == "right" else value for name, value in headers.items()}
    answer = owner.client.post("/api/answer", json={"id": item["id"], "text": "01234"}, headers=sent)
    assert answer.status_code == 403
    assert desk.find(item["id"]).human_value is None


def test_every_answer_carries_the_protective_headers(owner, api):
    for answer in (owner.page, api.get("/"), api.get("/static/station.js"), owner.client.get("/crop/x")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
    assert owner.page.headers["cache-control"] == "no-store"


# --- what is told --------------------------------------------------------------------------------


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


def test_in_blind_mode_nothing_of_the_reading_leaves_the_server(owner, desk):
    fill(desk, reading(value="98765"), keying="blind")
    answer = owner.call("/api/hand")
    (item,) = answer.json()["hand"]
    assert item["blind"]
    everything = answer.text + owner.client.get("/").text + owner.call("/api/check", id=item["id"], text="98764").text
    for told in ("98765", "07234", "low_confidence", "not sure enough", '"characters":', '"confidence":'):
        assert told not in everything


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


# --- what is taken and refused -------------------------------------------------------------------


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


# --- the monitor ---------------------------------------------------------------------------------


def test_the_monitor_shows_backlog_reviewers_and_reasons(owner, desk):
    fill(desk, reading("postal_code"), reading("b"), reading("c"))
    first, second, _ = owner.call("/api/hand").json()["hand"]
    owner.call("/api/answer", id=first["id"], text="00001")
    owner.call("/api/escalate", id=second["id"])
    page = owner.client.get("/monitor").text
    assert "<b>2</b> fields wait" in page
    assert "low confidence" in page
    assert "No accepted field has been audited yet" in page


def test_the_monitor_shows_audits_beside_the_budget(owner, desk):
    fill(desk, *(reading(f"f{number}") for number in range(4)), keying="audit")
    for item in owner.call("/api/hand").json()["hand"]:
        owner.call("/api/answer", id=item["id"], text="01234")
    page = owner.client.get("/monitor").text
    assert "0 of 4 audited values wrong" in page
    assert "No sign that the budget is broken" in page
    assert "<svg" in page


def test_the_monitor_is_for_supervisors(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(station), "ann")
    assert ann.client.get("/monitor").status_code == 403
    assert "Monitor" not in ann.page.text
