from __future__ import annotations

import pytest

from pipeline.stage_clock import StageClock


class Pages:
    """Goes on after an error, as the pages of a file do."""

    def __init__(self):
        self.number = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.number += 1
        if self.number == 2:
            raise ValueError("damaged")
        if self.number > 3:
            raise StopIteration
        return self.number


def test_time_is_added_up_by_stage_in_the_order_of_the_journey():
    clock = StageClock()
    for name in ("decode", "read", "decode"):
        with clock.stage(name):
            pass
    assert [name for name, _ in clock.seconds()] == ["decode", "read"]
    assert all(seconds > 0 for _, seconds in clock.seconds())


def test_pages_after_a_damaged_one_still_come():
    pages = StageClock().timed("decode", Pages())
    assert next(pages) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(pages)
    assert list(pages) == [3]


def test_a_stage_that_fails_is_timed_too():
    clock = StageClock()
    with pytest.raises(ZeroDivisionError), clock.stage("read"):
        raise ZeroDivisionError
    assert [name for name, _ in clock.seconds()] == ["read"]
