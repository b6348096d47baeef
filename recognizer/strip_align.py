"""Where in the columns of evidence each digit of a string was seen, and how surely: the likeliest path (Viterbi 1967)
through the same states that `recognizer.strip_decode` sums over. Plain NumPy, all strings and views in one sweep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.readings import FloatArray
from recognizer.strip_decode import BLANK, IMPOSSIBLE, OUTPUTS, states_of, steps_over_blank

Span = tuple[int, int]
"""First and one-past-last column."""
_UNSURE = 1e-5
"""No digit is surer than one minus this, none less sure than this."""


def align_strings(views: Sequence[FloatArray], texts: Sequence[str]) -> list[list[tuple[Span, ...]]]:
    """The columns of every digit on the likeliest path of every string in every view.

    Args:
        views: V arrays (T, 11) of log-probabilities; T may differ.
        texts: N strings of digits.

    Returns:
        V lists of N entries: a span a digit, left to right; empty where the string cannot fit.
    """
    longest = max((len(columns) for columns in views), default=0)
    if not longest or not any(texts):
        return [[() for _ in texts] for _ in views]
    padded = np.full((longest, len(views), OUTPUTS), IMPOSSIBLE)
    padded[:, :, BLANK] = 0.0  # columns sure of blank behind a shorter view move no digit
    for view, columns in enumerate(views):
        padded[: len(columns), view] = columns
    states = states_of(texts)
    barred = np.where(steps_over_blank(states), 0.0, IMPOSSIBLE)
    emitted = padded[:, :, states]
    best = np.full(emitted.shape[1:], IMPOSSIBLE)
    best[:, :, :2] = emitted[0, :, :, :2]
    back = np.zeros(emitted.shape, np.int8)
    for step in range(1, longest):
        reached = best.copy()
        by_one = best[:, :, :-1] > reached[:, :, 1:]
        np.copyto(reached[:, :, 1:], best[:, :, :-1], where=by_one)
        back[step, :, :, 1:] = by_one
        skipping = best[:, :, :-2] + barred[:, 2:]
        by_two = skipping > reached[:, :, 2:]
        np.copyto(reached[:, :, 2:], skipping, where=by_two)
        back[step, :, :, 2:][by_two] = 2
        best = reached + emitted[step]
    path = _walk_back(back, best, np.array([2 * len(text) for text in texts]))
    fits = [[0 < len(text) <= len(columns) for text in texts] for columns in views]
    return [
        [
            _spans(path[:, view, row], len(text)) if fits[view][row] and path[0, view, row] >= 0 else ()
            for row, text in enumerate(texts)
        ]
        for view in range(len(views))
    ]


def weakest_digit(views: Sequence[FloatArray], text: str, places: Sequence[Sequence[Span]]) -> float:
    """Probability of the least sure digit of a string, each where its view sees it best; mean log odds of the views.

    Args:
        views: (T, 11) log-probabilities each.
        text: digits.
        places: spans of the digits in each view.

    Returns:
        0 to 1; 0 for the empty string and for one that does not fit into every view.
    """
    if not text or not all(places):
        return 0.0
    odds = []
    for columns, spans in zip(views, places, strict=True):
        best = [float(columns[first:end, int(digit)].max()) for digit, (first, end) in zip(text, spans, strict=True)]
        p = float(np.clip(np.exp(min(best)), _UNSURE, 1 - _UNSURE))
        odds.append(np.log(p / (1 - p)))
    return float(1 / (1 + np.exp(-np.mean(odds))))


def _walk_back(back: NDArray[np.int8], best: NDArray[np.float64], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """(T, V, N) states of the likeliest paths; -1 throughout where a string has none."""
    views, rows = np.meshgrid(np.arange(best.shape[0]), np.arange(best.shape[1]), indexing="ij")
    in_digit = np.maximum(ends - 1, 0)
    state = np.where(best[views, rows, in_digit] > best[views, rows, ends], in_digit, ends)
    has_path = best[views, rows, state] > IMPOSSIBLE / 2
    path = np.empty((len(back), *state.shape), np.intp)
    for step in range(len(back) - 1, -1, -1):
        path[step] = state
        state = state - back[step, views, rows, state]
    path[:, ~has_path] = -1
    return path


def _spans(path: NDArray[np.intp], digits: int) -> tuple[Span, ...]:
    """Runs of the odd states, which are the digits."""
    firsts = np.searchsorted(path, 2 * np.arange(digits) + 1, side="left")
    ends = np.searchsorted(path, 2 * np.arange(digits) + 1, side="right")
    return tuple(zip(map(int, firsts), map(int, ends), strict=True))
