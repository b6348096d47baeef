"""A station over an empty queue, a browser's side of it, and the people at it."""

from __future__ import annotations

from contextlib import ExitStack

import httpx
import pytest

from pipeline.station.access import Access
from pipeline.station.app import create_station
from pipeline.station.facts import specs_of
from pipeline.station.pictures import StationPictures
from pipeline.station.station import Station
from pipeline.storage.limits import DEFAULT_LIMITS
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.reviewers import Reviewer, Reviewers, Role
from tests.served import served
from tests.station.station_parts import FORM, PASSWORD, TOKEN, Person


@pytest.fixture(autouse=True)
def always_quick_passwords(quick_passwords):
    """No test here asks how slow passwords are."""


@pytest.fixture
def desk(sqlite_url):
    with ReviewDesk.open(sqlite_url) as desk:
        yield desk


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


@pytest.fixture
def owner(station, open_station):
    return Person(open_station(station))


@pytest.fixture
def crew(station, open_station):
    """Two reviewers and a supervisor, signed in."""
    people = [Reviewer("ann"), Reviewer("bob"), Reviewer("eve", Role.SUPERVISOR)]
    for person in people:
        station.access.reviewers.add(person, PASSWORD)
    return [Person(open_station(station), person.name) for person in people]
