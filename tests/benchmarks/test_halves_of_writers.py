import numpy as np
import pytest

from benchmarks.drawn.glyphs import half_of_writers
from recognizer.dataset import DigitSet


def digits_of_writers(writers):
    count = len(writers)
    images, labels = np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.int32)
    return DigitSet("made up", images, labels, np.array(writers, np.int32))


def test_every_writer_is_in_one_half_with_all_digits():
    everybody = digits_of_writers(np.repeat(np.arange(1, 102), 3))
    tune, report = (half_of_writers(everybody, half) for half in ("tune", "report"))
    assert set(tune.writers).isdisjoint(report.writers)
    assert len(tune) + len(report) == len(everybody)
    assert abs(len(set(tune.writers)) - len(set(report.writers))) == 1


def test_halves_are_the_same_every_time():
    everybody = digits_of_writers(np.arange(50))
    assert half_of_writers(everybody, "tune").writers.tolist() == half_of_writers(everybody, "tune").writers.tolist()


@pytest.mark.parametrize("writers", [[], [-1] * 40], ids=["nobody", "unknown writers"])
def test_digits_of_unknown_writers_are_in_neither_half(writers):
    assert all(len(half_of_writers(digits_of_writers(writers), half)) == 0 for half in ("tune", "report"))
