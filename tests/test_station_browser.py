"""The review station in a real browser, by keyboard alone: fast, and nothing is lost whatever happens."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from contextlib import ExitStack, closing

import cv2
import numpy as np
import pytest

from pipeline.document import FieldKind, FieldSpec, FormTemplate, RuleSpec
from pipeline.station.access import Access
from pipeline.station.app import create_station
from pipeline.station.facts import specs_of
from pipeline.station.pictures import StationPictures
from pipeline.station.station import Station
from pipeline.storage.limits import DEFAULT_LIMITS
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewers
from recognizer.drift import Shift
from tests.browser import CHROMIUM, Browser
from tests.served import served
from tests.station.station_parts import finish_run
from tests.storage.review_samples import SURVEY, reading, result

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
slow = pytest.mark.slow
TOKEN = "a token of this test"
WATCH = """
window.waits = [];
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !hand.length) return;
  const before = hand[0].id, pressed = performance.now();
  const look = () => {
    const picture = document.getElementById("picture");
    const next = hand[0];
    if (next && next.id !== before && picture.src.endsWith(next.id) && picture.complete && picture.naturalWidth)
      window.waits.push(performance.now() - pressed);
    else if (next || performance.now() - pressed < 2000) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}, true);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


class Workplace:
    """A queue with known truths, a server that can be stopped and started, and tabs to look at it."""

    def __init__(self, folder, browser, stack):
        self.path = folder / "q.db"
        self.url = f"sqlite:///{self.path}"
        self._browser, self._stack = browser, stack
        self._server = ExitStack()
        self.truths = {}
        self.port = 0

    def fill(self, count):
        spec = FieldSpec("code", FieldKind.DIGITS, length=5, rules=(RuleSpec("range", {"max": 89999}),))
        self.form = FormTemplate(SURVEY, (210.0, 297.0), (spec,), ())
        rng = np.random.default_rng(1)
        with ReviewQueue.open(self.url) as queue:
            for number in range(count):
                truth = f"{rng.integers(10_000, 90_000)}"
                proposal = truth if rng.random() < 0.9 else f"{rng.integers(10_000, 90_000)}"
                picture = np.full((90, 320), 245, np.uint8)
                cv2.putText(picture, truth, (40, 65), cv2.FONT_HERSHEY_SIMPLEX, 2, 40, 4)
                read = result(reading("code", proposal, FieldKind.DIGITS), source=f"{number:064d}")
                queue.put_result(read, {(1, "code"): picture}, [self.form])
                self.truths[queue.list_items(source_id=read.source_id)[0].id] = truth
        return self

    def start(self):
        desk = self._server.enter_context(closing(ReviewDesk.open(self.url)))
        access = Access(Reviewers(desk.engine), TOKEN)
        station = Station(desk, access, StationPictures(desk, DEFAULT_LIMITS), specs_of((self.form,)))
        self.address = self._server.enter_context(served(create_station(station), self.port))
        self.port = int(self.address.rpartition(":")[2])
        return self

    def stop(self):
        self._server.close()

    def tab(self):
        page = self._browser.new_page()
        self._stack.callback(page.close)
        page.look(1280, 800)
        page.send("Emulation.setFocusEmulationEnabled", enabled=True)
        page.open(f"{self.address}/?token={TOKEN}")
        page.wait("hand.length && document.activeElement.id === 'value'")
        return page

    def key(self, page):
        """Settle the field on the screen, as its truth has it."""
        shown = json.loads(page.run("JSON.stringify([hand[0].id, document.getElementById('value').value])"))
        if shown[1] != self.truths[shown[0]]:
            page.type(self.truths[shown[0]])
        page.press("Enter")
        return shown[0]

    def answers(self):
        """State and value of every settled item; entries of the log that settled one."""
        connection = sqlite3.connect(self.path)
        rows = connection.execute("SELECT id, state, human_value FROM review_items WHERE reviewer IS NOT NULL")
        found = {identity: (state, value) for identity, state, value in rows}
        entries = connection.execute("SELECT count(*) FROM review_log WHERE event = 'settled'").fetchone()[0]
        connection.close()
        return found, entries


@pytest.fixture
def place(tmp_path, browser):
    with ExitStack() as stack:
        place = Workplace(tmp_path, browser, stack)
        stack.callback(place.stop)
        yield place


def drained(page):
    page.wait("outbox.length === 0 && !sending")


@pytest.mark.parametrize("fields", [pytest.param(40, marks=slow), pytest.param(500, marks=pytest.mark.soak)])
def test_many_fields_by_keyboard_alone(place, capsys, fields):
    page = place.fill(fields).start().tab()
    page.run(WATCH)
    began = time.monotonic()
    for number in range(fields):
        place.key(page)
        if number < fields - 1:
            page.wait(f"waits.length > {number}")
    drained(page)
    spent = time.monotonic() - began

    found, entries = place.answers()
    assert {identity: value for identity, (_, value) in found.items()} == place.truths
    assert entries == fields
    assert page.said == []
    assert all(url.startswith(place.address) for url in page.requests if not url.startswith(("about:", "data:")))
    page.wait("!document.getElementById('empty').hidden")
    waits = np.array(page.run("waits"))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{fields} fields in {spent:.0f} s; key to next crop: median {np.median(waits):.0f} ms, "
            f"95 % within {np.quantile(waits, 0.95):.0f} ms (n={len(waits)})\n"
        )
    assert np.median(waits) < 1000  # a person would call it broken


@slow
def test_nothing_is_lost_on_reload_and_going_back(place):
    page = place.fill(12).start().tab()
    for number in range(12):
        place.key(page)
        if number % 3 == 0:
            page.send("Page.reload")
        elif number % 3 == 1:
            page.run("history.length && (location.hash = 'x')")
            page.run("history.back()")
        page.wait(f"document.readyState === 'complete' && (hand.length || {number} === 11)")
    drained(page)
    found, entries = place.answers()
    assert {identity: value for identity, (_, value) in found.items()} == place.truths
    assert entries == 12


@slow
def test_nothing_is_lost_when_the_server_goes_and_comes_again(place):
    page = place.fill(8).start().tab()
    place.key(page)
    drained(page)
    place.stop()
    keyed = [place.key(page) for _ in range(2)]
    page.wait("document.getElementById('saved').className.includes('loud')")
    assert len(place.answers()[0]) == 1
    place._server = ExitStack()
    place.start()
    drained(page)
    assert set(keyed) <= set(place.answers()[0])
    while page.run("hand.length"):
        place.key(page)
        drained(page)
    assert {identity: value for identity, (_, value) in place.answers()[0].items()} == place.truths


@slow
def test_two_tabs_and_double_submits_settle_every_field_once(place):
    place.fill(10).start()
    tabs = [place.tab(), place.tab()]
    while len(place.answers()[0]) < 10:
        for tab in tabs:
            if tab.run("hand.length"):
                settled = place.key(tab)
                tab.run(f"post('/api/answer', {{id: '{settled}', text: '{place.truths[settled]}'}}, null)")
    for tab in tabs:
        drained(tab)
    found, entries = place.answers()
    assert {identity: value for identity, (_, value) in found.items()} == place.truths
    assert entries == 10


@slow
def test_every_deed_has_a_key_and_can_be_undone(place):
    page = place.fill(4).start().tab()
    first = page.run("hand[0].id")
    page.press("F2")
    drained(page)
    assert place.answers()[0][first][0] == "unreadable"
    page.press("Backspace", shift=True)
    page.wait(f"hand[0].id === '{first}'")
    assert first not in place.answers()[0]
    page.press("F3")
    drained(page)
    assert page.run("hand[0].id") != first
    page.press("F4")
    page.wait("!document.getElementById('page-pane').hidden")
    page.wait("!document.getElementById('page-remark').hidden")  # the scan of this test does not exist
    page.press("F6")
    drained(page)
    page.wait("hand.length")
    third = page.run("hand[0].id")
    page.press("F8")
    drained(page)
    assert place.answers()[0][third] == ("blank", None)
    page.press("Tab")
    assert page.run("document.getElementById('value').value") == "07234"


@slow
def test_skipping_is_no_speed(place):
    page = place.fill(7).start().tab()
    for _ in range(6):
        page.press("F3")
        drained(page)
    assert "/h" not in page.run("document.getElementById('numbers').innerText")
    for _ in range(6):
        place.key(page)
        drained(page)
    assert "/h" in page.run("document.getElementById('numbers').innerText")


def test_a_refusal_that_comes_late_takes_no_key_that_was_meant_for_the_next_field(place):
    page = place.fill(3).start().tab()
    page.run(
        "window.quick = fetch.bind(window); window.fetch = (...asked) =>"
        " new Promise((done) => setTimeout(done, 700)).then(() => quick(...asked)); 0"
    )
    first, second = page.run("hand[0].id"), page.run("hand[1].id")
    page.type("95555")
    page.press("Enter")
    page.wait(f"hand.length > 1 && hand[1].id === '{first}'")
    assert page.run("hand[0].id") == second
    page.press("F2")
    page.wait(f"hand[0].id === '{first}'")
    assert "range does not fit" in page.run("document.getElementById('remark').textContent")
    page.press("Enter")  # of the rhythm, before it is seen what came back
    assert page.run("hand[0].id") == first
    page.press("Enter")
    page.wait(f"!outbox.length && hand.every((item) => item.id !== '{first}')")
    assert {name: answer[0] for name, answer in place.answers()[0].items()} == {
        first: "corrected",
        second: "unreadable",
    }


@slow
def test_rules_speak_while_typing_and_a_second_enter_insists(place):
    page = place.fill(1).start().tab()
    page.type("95555")
    page.wait("document.getElementById('remark').textContent.includes('range does not fit')")
    page.press("Enter")
    page.wait("insisting")
    assert place.answers()[0] == {}
    page.press("Enter")
    drained(page)
    assert [value for _, value in place.answers()[0].values()] == ["95555"]


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


TEXTS = """
[...document.querySelectorAll('body *')]
.filter((e) => e.offsetParent || e.ownerSVGElement)
.filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
.map((e) => {
  let under = e;
  while (under && getComputedStyle(under).backgroundColor === 'rgba(0, 0, 0, 0)') under = under.parentElement;
  const ink = e.ownerSVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color;
  return [e.textContent.trim().slice(0, 30), ink, getComputedStyle(under).backgroundColor];
})
"""
UNNAMED = """
[...document.querySelectorAll('input:not([type=hidden]), select, button, img, svg')]
.filter((e) => (e.offsetParent || e.ownerSVGElement === null) && !e.ariaHidden
  && !(e.ariaLabel || e.alt || e.textContent.trim() || e.labels?.length))
.map((e) => e.outerHTML)
"""
SIZES = {"phone": (360, 740), "desk": (1280, 800), "4K": (3840, 2160)}


@slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_has_contrast_all_controls_have_names_and_nothing_sticks_out(place, dark):
    page = place.fill(2).start().tab()
    with closing(ReviewDesk.open(place.url)) as desk:
        for number in (1, 2, 3):
            finish_run(
                desk, number, 90 + number, model=str(number), shifts=[Shift("blank", 400, 0.3, 0.15, True, True)]
            )
    for path, least in (("/", 20), ("/monitor", 30), ("/sign-in", 3)):
        page.open(f"{place.address}{path}")
        page.wait(f"'{path}' !== '/' || (hand.length && document.getElementById('picture').complete)")
        for name, size in SIZES.items():
            page.look(*size, dark=dark)
            texts = page.run(TEXTS)
            assert len(texts) >= least, (path, len(texts))
            for words, ink, ground in texts:
                lighter, darker = sorted((luminance(ink), luminance(ground)), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{path} {name} {words}: {ink} on {ground}"
            assert page.run("document.documentElement.scrollWidth <= innerWidth"), (path, name)
            assert page.run(UNNAMED) == []
