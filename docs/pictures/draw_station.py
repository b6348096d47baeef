"""Takes the pictures of the review station and its monitor: a real run over the sample documents, a browser.

The monitor's earlier nights and the answers of its two reviewers are made up, as the caption in docs/review.md says.
Run as `python docs/pictures/draw_station.py` in the folder of the checkout. It takes Chromium and a minute.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pipeline.batch_count import summarise  # noqa: E402
from pipeline.cli.options import EXIT_SOME_FAILED  # noqa: E402
from pipeline.document import ModelIdentity, ResultStatus  # noqa: E402
from pipeline.seeded_errors import Seeding  # noqa: E402
from pipeline.station.access import Access  # noqa: E402
from pipeline.station.app import create_station  # noqa: E402
from pipeline.station.facts import specs_of  # noqa: E402
from pipeline.station.pictures import StationPictures  # noqa: E402
from pipeline.station.station import Station  # noqa: E402
from pipeline.storage.limits import DEFAULT_LIMITS  # noqa: E402
from pipeline.storage.review_desk import ReviewDesk  # noqa: E402
from pipeline.storage.review_item import BLANK, Answer  # noqa: E402
from pipeline.storage.reviewers import Reviewer, Reviewers  # noqa: E402
from pipeline.storage.run_log import RunLog  # noqa: E402
from pipeline.storage.templates import load_templates  # noqa: E402
from pipeline.summary import FileOutcome, FormOutcome  # noqa: E402
from recognizer.drift import Shift  # noqa: E402
from tests.browser import Browser, Page  # noqa: E402
from tests.command_line import fieldreader  # noqa: E402
from tests.served import served  # noqa: E402

SAMPLES = ROOT / "sample_docs"
PICTURES = Path(__file__).parent
DESK, PHONE, MONITOR = (1280, 800), (390, 844), (1000, 2120)
TOKEN = "drawn"
SEED = 4
KEYED = {"anna": 19, "bert": 40}
NIGHT_FORMS = 1000
MAX_SKIPS = 50
"""Fields looked at for one with a doubtful digit."""


class Clock:
    """Some three seconds a field, since the desk looks at it several times for each."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        self._now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        self._now += dt.timedelta(seconds=0.5 + 0.4 * self._random.random())
        return self._now


def main() -> None:
    """Read the samples, look at the station, let two people work, look at the monitor."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home}/fieldreader.db"
        read_samples(home, url)
        with ReviewDesk.open(url) as desk:
            forms = specs_of(load_templates(SAMPLES / "templates"))
            access = Access(Reviewers(desk.engine), TOKEN)
            station = Station(desk, access, StationPictures(desk, DEFAULT_LIMITS), forms)
            browser = Browser(home / "profile")
            try:
                with served(create_station(station)) as address:
                    page = browser.new_page()
                    look_at_station(page, f"{address}/?token={TOKEN}")
                    work(desk)
                    make_up_nights(desk)
                    look_at_monitor(page, f"{address}/monitor")
            finally:
                browser.close()


def read_samples(home: Path, url: str) -> None:
    """As `make demo`, a third of the accepted fields and of the blanks drawn for an audit."""
    settings = {"FIELDREADER_DATABASE_URL": url, "FIELDREADER_STATE_DIR": str(home), "FIELDREADER_AUDIT_SHARE": "0.3"}
    options = ("--output", home / "out", "--templates", SAMPLES / "templates", "--quiet")
    done = fieldreader("run", SAMPLES / "inbox", *options, cwd=ROOT, **settings)
    assert done.returncode == EXIT_SOME_FAILED, done.stderr  # one sample is broken on purpose


def look_at_station(page: Page, address: str) -> None:
    """An amount with a doubtful digit: by day, by night with its page, on a phone."""
    page.send("Emulation.setFocusEmulationEnabled", enabled=True)
    page.look(*DESK)
    page.open(address)
    page.wait("hand.length && document.activeElement.id === 'value'")
    wanted = "hand[0].field === 'amount' && (hand[0].characters || []).some(one => one.doubtful)"
    for _ in range(MAX_SKIPS):
        if page.run(wanted):
            break
        page.press("F3")
        page.wait("outbox.length === 0 && !sending && hand.length")
    page.wait("document.getElementById('picture').complete")
    take(page, "station-light", DESK)
    page.press("F4")
    page.wait("document.getElementById('page').complete && document.getElementById('page').naturalWidth")
    take(page, "station-dark", DESK, dark=True)
    page.press("F4")
    take(page, "station-phone", PHONE, scale=2, mobile=True)


def look_at_monitor(page: Page, address: str) -> None:
    """The whole page at once."""
    page.open(address)
    take(page, "station-monitor", MONITOR)


def take(
    page: Page, name: str, size: tuple[int, int], dark: bool = False, scale: float = 1, mobile: bool = False
) -> None:
    """Save a picture, once what moves has come to rest."""
    page.look(*size, dark=dark, scale=scale, mobile=mobile)
    page.run("new Promise(done => setTimeout(done, 700))")
    page.picture(PICTURES / f"{name}.png")


def work(desk: ReviewDesk) -> None:
    """Two people key what the machine read, and so let every seeded error through."""
    watched = ReviewDesk(desk.engine, now=Clock(), seeding=Seeding(0.5, SEED))
    for name, count in KEYED.items():
        who, done = Reviewer(name), 0
        while done < count and (hand := watched.hand(who, count=1)):
            watched.answer(who, Answer(hand[0].id, hand[0].machine_value or BLANK, name))
            done += 1


def make_up_nights(desk: ReviewDesk) -> None:
    """Three weeks of a survey, with a new model in the middle."""
    straight = FormOutcome("survey", ResultStatus.ACCEPTED, 8, 7, 0, 1)
    waiting = FormOutcome("survey", ResultStatus.NEEDS_REVIEW, 8, 5, 2, 1)
    as_usual = [Shift(signal, 9000, 0.02, 0.15, True, False) for signal in ("confidence", "unread", "blank", "digits")]
    today = dt.datetime.now(dt.UTC).replace(hour=2, minute=0, second=0, microsecond=0)
    for ago in range(21, 0, -1):
        log = RunLog(desk.engine, lambda ago=ago: today - dt.timedelta(days=ago))
        good = 890 + 2 * ago + (40 if ago < 8 else 0)
        forms = [straight] * good + [waiting] * (NIGHT_FORMS - good)
        outcomes = [
            FileOutcome((f"{number}.png",), f"{number}.json", form.status, False, 1, (form,), (), 0.1)
            for number, form in enumerate(forms)
        ]
        log.begin(f"night-{ago}", "nightly")
        model = ModelIdentity("fine-tuned" if ago < 8 else "fieldreader", "1", "0" * 64, "estimated")
        log.finish(f"night-{ago}", summarise(outcomes, 60.0), model, as_usual)


if __name__ == "__main__":
    main()
