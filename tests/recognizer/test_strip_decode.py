import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.strip_decode import (
    BLANK,
    IMPOSSIBLE,
    OUTPUTS,
    combine_views,
    log_softmax,
    read_greedily,
    score_string,
    score_strings,
    search_beam,
)


def random_columns(seed: int, count: int, sharpness: float = 2.0):
    logits = np.random.default_rng(seed).normal(0, sharpness, (count, OUTPUTS))
    return log_softmax(logits.astype(np.float32))


def columns_saying(labels):
    logits = np.full((len(labels), OUTPUTS), -8.0, np.float32)
    logits[np.arange(len(labels)), labels] = 8.0
    return log_softmax(logits)


def collapsed(path):
    kept = [label for k, label in enumerate(path) if label != BLANK and (k == 0 or path[k - 1] != label)]
    return "".join(map(str, kept))


def probabilities_by_enumeration(columns):
    totals: dict[str, float] = {}
    for path in itertools.product(range(OUTPUTS), repeat=len(columns)):
        probability = float(np.exp(sum(columns[step, label] for step, label in enumerate(path))))
        totals[collapsed(path)] = totals.get(collapsed(path), 0.0) + probability
    return totals


@pytest.mark.parametrize("count", [1, 2, 3], ids=lambda count: f"{count} columns")
def test_the_forward_score_is_the_sum_over_all_paths(count):
    columns = random_columns(count, count)
    for text, probability in probabilities_by_enumeration(columns).items():
        assert score_string(columns, text) == pytest.approx(np.log(probability), abs=1e-4)


def test_all_strings_together_are_certain():
    columns = random_columns(7, 3)
    total = sum(np.exp(score_string(columns, text)) for text in probabilities_by_enumeration(columns))
    assert total == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([], ""),
        ([BLANK], ""),
        ([3, 3, 3], "3"),
        ([3, BLANK, 3], "33"),
        ([BLANK, 1, 2, 2, BLANK, BLANK, 2, 0], "1220"),
    ],
    ids=["no columns", "blank", "one long digit", "a digit twice", "digits and gaps"],
)
def test_clear_columns_read_as_they_say(labels, text):
    columns = columns_saying(np.array(labels, np.intp))
    assert read_greedily(columns).text == text
    assert search_beam(columns)[0].text == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "1"), (1, "12"), (2, "11"), (4, "333")], ids=["none", "one", "repeat", "repeats"]
)
def test_a_string_too_long_for_its_columns_is_impossible(count, text):
    columns = random_columns(1, count)
    assert score_string(columns, text) == IMPOSSIBLE


@given(seed=st.integers(0, 10_000), count=st.integers(0, 24), sharpness=st.floats(0.1, 6.0))
@settings(max_examples=60, deadline=None)
def test_the_beam_never_finds_less_than_greedy_reading(seed, count, sharpness):
    columns = random_columns(seed, count, sharpness)
    found = search_beam(columns)
    assert found[0].log_probability >= read_greedily(columns).log_probability - 1e-9
    assert [string.log_probability for string in found] == sorted(
        (string.log_probability for string in found), reverse=True
    )
    assert sum(np.exp(string.log_probability) for string in found) <= 1 + 1e-6


def test_views_of_different_length_are_scored_as_if_alone():
    short, long = random_columns(1, 5), random_columns(2, 40)
    texts = ("", "1", "42")
    together = score_strings((short, long), texts)
    for row, columns in zip(together, (short, long), strict=True):
        assert row == pytest.approx([score_string(columns, text) for text in texts], abs=1e-6)


def test_two_views_outvote_one_spoilt_view():
    clear, spoilt = columns_saying(np.array([4, BLANK, 2])), columns_saying(np.array([9, BLANK, 9]))
    assert combine_views([clear, spoilt, clear])[0].text == "42"


def test_one_view_combines_to_what_its_beam_finds():
    columns = random_columns(11, 6)
    best = search_beam(columns)[0]
    combined = combine_views([columns])[0]
    assert combined.text == best.text
    assert combined.log_probability == pytest.approx(best.log_probability)


def test_a_very_long_strip_does_not_underflow():
    columns = random_columns(5, 280, 4.0)
    text = read_greedily(columns).text
    assert IMPOSSIBLE < score_string(columns, text) < 0
