import numpy as np
import pytest

from benchmarks.drawn.glyphs import STRIPS_LEAVE_OUT, unseen_writers
from recognizer.dataset import DigitSet, split_by_writer


def digits_of_writers(writers):
    count = len(writers)
    images, labels = np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.int32)
    return DigitSet("made up", images, labels, np.array(writers, np.int32))


def test_writers_that_either_network_learnt_from_are_left_out():
    everybody = digits_of_writers(np.repeat(np.arange(1, 1001), 2))
    unseen = set(unseen_writers(everybody).writers)
    assert unseen
    assert all(writer % STRIPS_LEAVE_OUT == 0 for writer in unseen)
    assert unseen.isdisjoint(split_by_writer(everybody)[0].writers)


@pytest.mark.parametrize("writers", [[], [-1] * 40], ids=["nobody", "unknown writers"])
def test_digits_of_unknown_writers_are_never_called_unseen(writers):
    assert len(unseen_writers(digits_of_writers(writers)).writers) == 0
