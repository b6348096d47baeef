from __future__ import annotations

import numpy as np
import pytest

from recognizer.bundle import open_bundle
from recognizer.comparison import Acceptance, Comparison, compare
from recognizer.errors import DatasetError
from recognizer.model_store import shipped_bundle
from recognizer.pen import draw_digit, random_hand


def rows(*readings):
    """One row a reading: the digit (10 for none) and how sure."""
    made = np.zeros((len(readings), 11), np.float32)
    for row, (digit, sure) in enumerate(readings):
        made[row, digit] = sure
    return made


def test_digits_are_counted_for_each_side():
    one = Comparison(
        np.array([1, 2, 3], np.int32), rows((1, 0.9), (7, 0.8), (10, 0.9)), rows((1, 0.9), (2, 0.8), (3, 0.4))
    )
    assert (one.n, one.champion_right, one.challenger_right) == (3, 1, 3)
    before, after = one.log_losses
    assert after < before


def test_both_are_counted_at_the_same_threshold_and_non_digits_are_never_accepted():
    one = Comparison(
        np.array([1, 2, 3], np.int32), rows((1, 0.9), (7, 0.8), (10, 0.9)), rows((1, 0.7), (2, 0.9), (5, 0.9))
    )
    assert one.accepted(0.75) == (Acceptance(2, 1), Acceptance(2, 1))
    assert one.accepted(0.85) == (Acceptance(1, 0), Acceptance(2, 1))


def test_a_bundle_beside_itself_is_no_better():
    rng = np.random.default_rng(4)
    crops = [draw_digit(digit, random_hand(rng), rng) for digit in range(10)]
    bundle = open_bundle(shipped_bundle())
    one = compare(bundle, bundle, crops, np.arange(10, dtype=np.int32))
    assert one.champion_right == one.challenger_right >= 8
    np.testing.assert_array_equal(one.champion, one.challenger)


@pytest.mark.parametrize(("count", "labels"), [(0, []), (2, [1]), (2, [1, 10]), (1, [-1])])
def test_what_cannot_be_compared_is_refused(count, labels):
    bundle = open_bundle(shipped_bundle())
    with pytest.raises(DatasetError):
        compare(bundle, bundle, [np.ones((9, 9), np.uint8)] * count, np.array(labels, np.int32))
