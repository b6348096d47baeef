from __future__ import annotations

import numpy as np
import pytest

from pipeline.learning.label_check import MOST_SUSPECTS, suspected
from recognizer.model_store import champion
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer


def row(**digits):
    shares = np.full(11, 0.0)
    for digit, share in digits.items():
        shares[int(digit[1:])] = share
    return shares


@pytest.mark.parametrize(
    ("shares", "label", "is_suspected"),
    [
        pytest.param(row(_7=0.99, _1=0.01), 1, True, id="sure of another digit"),
        pytest.param(row(_7=0.99, _1=0.01), 7, False, id="sure of the keyed digit"),
        pytest.param(row(_7=0.8, _1=0.1), 1, False, id="not sure"),
        pytest.param(row(_7=0.92, _1=0.08), 1, False, id="the keyed digit has a chance"),
        pytest.param(row(_10=0.99), 1, False, id="sure that it is no digit"),
    ],
)
def test_a_label_is_suspected_when_the_model_is_sure_of_another(shares, label, is_suspected):
    assert suspected(shares[None], np.array([label])).tolist() == [is_suspected]


def test_no_labels_are_no_suspects():
    assert suspected(np.zeros((0, 11)), np.zeros(0, int)).tolist() == []


def test_four_in_five_wrong_labels_are_found_and_hardly_a_right_one(tmp_path):
    rng = np.random.default_rng(1)
    hands = [random_hand(rng) for _ in range(100)]
    crops = [draw_digit(digit, hand, rng) for hand in hands for digit in range(10)]
    truth = np.tile(np.arange(10), len(hands))
    shares = load_recognizer(champion(tmp_path), "cpu").read_digits(crops).probabilities
    for wrong_share, is_refused in ((0.02, False), (0.2, True)):
        is_wrong = rng.random(len(truth)) < wrong_share
        labels = np.where(is_wrong, (truth + rng.integers(1, 10, len(truth))) % 10, truth)
        found = suspected(shares, labels)
        assert found[is_wrong].mean() >= 0.8
        assert found[~is_wrong].mean() <= 0.01
        assert bool(found.mean() > MOST_SUSPECTS) == is_refused
