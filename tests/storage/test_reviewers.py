"""Accounts and sessions of reviewers: bounds, passwords, time-outs."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.errors import QueueError
from pipeline.storage.database import open_database
from pipeline.storage.reviewers import IDLE_S, Reviewer, Reviewers, hash_password, password_fits

PASSWORD = "correct horse battery"


@pytest.fixture
def engine(sqlite_url):
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("waits", "is_open"),
    [
        pytest.param([IDLE_S - 1], True, id="just within the time-out"),
        pytest.param([IDLE_S + 1], False, id="left alone"),
        pytest.param([IDLE_S - 1] * 20, True, id="kept alive by use"),
        pytest.param([IDLE_S - 1] * 30, False, id="ends after half a day, whatever is done"),
    ],
)
def test_a_session_ends_when_it_is_left_alone_and_after_half_a_day(engine, waits, is_open):
    now = [dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)]
    reviewers = Reviewers(engine, now=lambda: now[0])
    secret = reviewers.sign_in(Reviewer("ann"))
    for wait in waits:
        now[0] += dt.timedelta(seconds=wait)
        found = reviewers.who_is(secret)
    assert (found is not None) == is_open


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
def test_names_and_passwords_have_bounds(engine, name, password, will_do):
    people = Reviewers(engine)
    if will_do:
        people.add(Reviewer(name), password)
        assert people.check_password(name, password) == Reviewer(name)
    else:
        with pytest.raises(QueueError):
            people.add(Reviewer(name), password)


def test_a_password_is_not_cut_off(engine):
    people = Reviewers(engine)
    people.add(Reviewer("ann"), "x" * 128)
    assert people.check_password("ann", "x" * 129) is None
