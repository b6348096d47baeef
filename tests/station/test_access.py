"""The review station over HTTP: who gets in, how long for, and what another site cannot do."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from pipeline.station.access import COOKIE, Limit
from pipeline.storage.reviewers import Reviewer
from tests.station.station_parts import PASSWORD, TOKEN, Person, fill

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


def test_what_the_browser_carries_is_kept_as_a_digest_only(station, desk, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    ann = Person(open_station(station), "ann")
    with desk.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM review_sessions, reviewers")).all())
    assert ann.client.cookies[COOKIE] not in kept
    assert PASSWORD not in kept


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


def test_every_sign_in_begins_a_session_of_its_own(station, open_station):
    station.access.reviewers.add(Reviewer("ann"), PASSWORD)
    people = [Person(open_station(station), "ann") for _ in range(2)]
    cookies = {person.client.cookies[COOKIE] for person in people}
    assert len(cookies) == len({person.form_token for person in people}) == 2
    assert min(map(len, cookies)) >= 43  # 256 bits in base 64


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
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["content-type"].split(";")[0] in ("text/html", "text/javascript", "application/json")
    assert owner.page.headers["cache-control"] == "no-store"
