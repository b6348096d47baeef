import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.strip_align import align_strings, weakest_digit
from recognizer.strip_decode import BLANK, IMPOSSIBLE, OUTPUTS, log_softmax, read_greedily


def random_columns(seed: int, count: int):
    return log_softmax(np.random.default_rng(seed).normal(0, 2.0, (count, OUTPUTS)).astype(np.float32))


def columns_saying(labels):
    logits = np.full((len(labels), OUTPUTS), -8.0, np.float32)
    logits[np.arange(len(labels)), labels] = 8.0
    return log_softmax(logits)


def align_string(columns, text):
    """Of one string in one view."""
    return align_strings((columns,), (text,))[0][0]


def weakest_of(views, text):
    return weakest_digit(views, text, [align_string(columns, text) for columns in views])


def best_path_score(columns, text):
    """The likeliest path's logarithm, by trying every next state from every state, one column at a time."""
    states = [BLANK, *(label for digit in text for label in (int(digit), BLANK))]
    scores = {0: columns[0][states[0]], 1: columns[0][states[1]]}
    for column in columns[1:]:
        reached = {}
        for state, score in scores.items():
            for following in (state, state + 1, state + 2):
                if following >= len(states):
                    continue
                if following == state + 2 and (states[following] == BLANK or states[following] == states[state]):
                    continue
                reached[following] = max(reached.get(following, IMPOSSIBLE), score + column[states[following]])
        scores = reached
    return max(scores.get(len(states) - 1, IMPOSSIBLE), scores.get(len(states) - 2, IMPOSSIBLE))


def score_of_spans(columns, text, spans):
    labels = np.full(len(columns), BLANK)
    for digit, (first, end) in zip(text, spans, strict=True):
        labels[first:end] = int(digit)
    return float(columns[np.arange(len(columns)), labels].sum())


@given(seed=st.integers(0, 10_000), count=st.integers(2, 12), text=st.text("0123456789", min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_the_spans_are_the_likeliest_path(seed, count, text):
    columns = random_columns(seed, count)
    spans = align_string(columns, text)
    expected = best_path_score(columns.astype(np.float64), text)
    if not spans:
        assert expected <= IMPOSSIBLE / 2
    else:
        assert score_of_spans(columns, text, spans) == pytest.approx(expected, abs=1e-3)


@given(seed=st.integers(0, 1_000))
@settings(max_examples=30, deadline=None)
def test_strings_and_views_are_aligned_together_as_alone(seed):
    views = [random_columns(seed, 5), random_columns(seed + 1, 23), random_columns(seed + 2, 11)]
    texts = ["", "7", "1234", "5555", "98765432"]
    assert align_strings(views, texts) == [[align_string(columns, text) for text in texts] for columns in views]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "1"), (1, "12"), (2, "11"), (4, "333")], ids=["none", "one", "repeat", "repeats"]
)
def test_a_string_too_long_for_its_columns_has_no_place(count, text):
    assert align_string(random_columns(1, count), text) == ()


@given(seed=st.integers(0, 10_000), count=st.integers(1, 24))
@settings(max_examples=60, deadline=None)
def test_aligned_digits_follow_each_other_within_the_columns(seed, count):
    columns = random_columns(seed, count)
    text = read_greedily(columns).text
    spans = align_string(columns, text)
    assert len(spans) == len(text)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= first < end <= count for first, end in spans)


def test_alignment_points_at_the_columns_that_show_the_digit():
    columns = columns_saying(np.array([BLANK, 7, 7, BLANK, 1, BLANK]))
    assert align_string(columns, "71") == ((1, 3), (4, 5))


@pytest.mark.parametrize(("doubt", "expected"), [(0.4, 0.6), (0.05, 0.95)])
def test_the_weakest_digit_is_the_one_that_is_least_sure_where_it_is_seen_best(doubt, expected):
    shares = np.full((5, OUTPUTS), 1e-9)
    for column, label in enumerate([1, BLANK, 7, 7, BLANK]):
        shares[column, label] = 1.0
    shares[2, [7, 2]] = 1 - doubt, doubt
    shares[3, [7, 2]] = 0.3, 0.7
    columns = np.log(shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    assert weakest_of([columns], "17") == pytest.approx(expected, abs=1e-3)


def test_views_are_weighed_by_their_log_odds():
    sure, torn = columns_saying(np.array([4])), np.log(np.full((1, OUTPUTS), 1 / OUTPUTS)).astype(np.float32)
    alone = [weakest_of([columns], "4") for columns in (sure, torn)]
    odds = np.mean([np.log(p / (1 - p)) for p in alone])
    assert weakest_of([sure, torn], "4") == pytest.approx(1 / (1 + np.exp(-odds)))


@pytest.mark.parametrize("text", ["", "444"], ids=["empty", "too long"])
def test_what_is_not_seen_has_no_sure_digit(text):
    assert weakest_of([columns_saying(np.array([4]))], text) == 0.0
