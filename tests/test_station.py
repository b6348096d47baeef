"""The review station over HTTP: who gets in, what is told, what is refused."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from sqlalchemy import text

from pipeline.document import Decision, FieldKind, FieldSpec, FormTemplate, ModelIdentity, ResultStatus, RuleSpec
from pipeline.errors import QueueError
from pipeline.seeded_errors import Seeding
from pipeline.station.access import COOKIE, Access, Limit
from pipeline.station.app import create_station
from pipeline.station.facts import specs_of
from pipeline.station.pictures import StationPictures, cut_out
from pipeline.station.station import Station
from pipeline.storage.limits import DEFAULT_LIMITS
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import IDLE_S, Reviewer, Reviewers, Role, hash_password, password_fits
from pipeline.storage.run_log import RunLog
from pipeline.summary import FileOutcome, FormOutcome, summarise
from recognizer.drift import Shift
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


@pytest.mark.parametrize(
    ("waits", "is_open"),
    [
        pytest.param([IDLE_S - 1], True, id="just within the time-out"),
        pytest.param([IDLE_S + 1], False, id="left alone"),
        pytest.param([IDLE_S - 1] * 20, True, id="kept alive by use"),
        pytest.param([IDLE_S - 1] * 30, False, id="ends after half a day, whatever is done"),
    ],
)
def test_a_session_ends_when_it_is_left_alone_and_after_half_a_day(desk, waits, is_open):
    now = [dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)]
    reviewers = Reviewers(desk.engine, now=lambda: now[0])
    secret = reviewers.sign_in(Reviewer("ann"))
    for wait in waits:
        now[0] += dt.timedelta(seconds=wait)
        found = reviewers.who_is(secret)
    assert (found is not None) == is_open


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


def test_passwords_are_kept_salted_and_slow():
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert PASSWORD not in first
    assert password_fits(PASSWORD, first)
    assert not password_fits(PASSWORD + " ", first)
    assert first.startswith("scrypt$16384$8$5$")


@pytest.mark.parametrize(
    ("name", "password", "will_do"),
    [
        pytest.param("ann", "x" * 11, False, id="too short"),
        pytest.param("ann", "x" * 12, True, id="just long enough"),
        pytest.param("ann", "密码 with blanks ✓", True, id="any characters"),
        pytest.param("ann", "x" * 128, True, id="very long"),
        pytest.param("ann", "x" * 129, False, id="too long"),
        pytest.param("ann<b>", "x" * 12, False, id="markup in the name"),
        pytest.param("", "x" * 12, False, id="no name"),
    ],
)
def test_names_and_passwords_have_bounds(desk, name, password, will_do):
    people = Reviewers(desk.engine)
    if will_do:
        people.add(Reviewer(name), password)
        assert people.check_password(name, password) == Reviewer(name)
    else:
        with pytest.raises(QueueError):
            people.add(Reviewer(name), password)


def test_a_password_is_not_cut_off(desk):
    people = Reviewers(desk.engine)
    people.add(Reviewer("ann"), "x" * 128)
    assert people.check_password("ann", "x" * 129) is None


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


@pytest.fixture
def crew(station, open_station):
    """Two reviewers and a supervisor, signed in."""
    people = [Reviewer("ann"), Reviewer("bob"), Reviewer("eve", Role.SUPERVISOR)]
    for person in people:
        station.access.reviewers.add(person, PASSWORD)
    return [Person(open_station(station), person.name) for person in people]


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


def test_every_test_named_in_the_security_list_exists():
    page = (Path(__file__).parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert len(named) > 25
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_every_point_of_the_security_list_has_a_verdict_and_a_test_or_a_reason():
    page = (Path(__file__).parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    points = [[cell.strip() for cell in row] for row in rows if "Point" not in row[0] and "---" not in row[0]]
    assert len(points) > 40
    assert {verdict for _, verdict, _ in points} == {"holds", "in part", "**does not**", "nothing of it"}
    assert [point for point, _, shown in points if len(shown) < len("JSON alone")] == []


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


def finish_run(desk, number, straight, model="1", shifts=()):
    """A run of a hundred documents of four fields each, so many of which went straight through."""
    log = RunLog(desk.engine, lambda: dt.datetime(2026, 5, number, 2, tzinfo=dt.UTC))
    form = FormOutcome("survey", ResultStatus.ACCEPTED, 4, 3, 0, 1)
    other = FormOutcome("survey", ResultStatus.NEEDS_REVIEW, 4, 1, 2, 1)
    outcomes = [
        FileOutcome((f"{n}.pdf",), f"{n}.json", form.status, False, 1, (form if n < straight else other,), (), 0.1)
        for n in range(100)
    ]
    log.begin(f"run {number}", "nightly")
    identity = ModelIdentity("fieldreader", model, "0" * 64, "estimated")
    log.finish(f"run {number}", summarise(outcomes, 10.0), identity, shifts)


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
