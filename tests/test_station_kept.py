"""Figures kept for a while, by a clock of the test's own."""

from __future__ import annotations

import pytest

from pipeline.station.kept import AT_ONCE_S, SHARE, Kept


class Counting:
    """Counts how often it was asked; each time takes so many seconds."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s = takes_s
        self.now = 1000.0
        self.asked = 0

    def count(self) -> int:
        self.now += self.takes_s
        self.asked += 1
        return self.asked


@pytest.mark.parametrize(
    ("takes_s", "later_s", "asked"),
    [
        pytest.param(AT_ONCE_S, 0, 2, id="quickly counted: every time"),
        pytest.param(1.0, 0, 1, id="slowly counted: kept"),
        pytest.param(1.0, 0.99 / SHARE, 1, id="until it has cost a hundredth of the time"),
        pytest.param(1.0, 1.01 / SHARE, 2, id="then anew"),
    ],
)
def test_a_figure_is_as_fresh_as_counting_it_allows(takes_s: float, later_s: float, asked: int) -> None:
    counting = Counting(takes_s)
    kept = Kept(counting.count, lambda: counting.now)
    assert kept.get() == 1
    counting.now += later_s
    assert kept.get() == asked


def test_what_could_not_be_counted_is_counted_the_next_time() -> None:
    answers = iter([ZeroDivisionError(), 7])

    def count() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    kept = Kept(count)
    with pytest.raises(ZeroDivisionError):
        kept.get()
    assert kept.get() == 7
