"""From the strip network's columns of evidence to digit strings and their probabilities (connectionist temporal
classification, Graves et al. 2006). Plain NumPy; log-probabilities throughout.

A column says how likely each of ten digits or "nothing here" (blank, last) is. A string's probability is the sum over
all ways of writing it into the columns: digits may last several columns, two equal ones need a blank between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.readings import FloatArray

COLUMN_PX = 4
"""Pixels of a normalised strip per column of evidence."""
BLANK = 10
OUTPUTS = 11
"""Ten digits, then blank."""
IMPOSSIBLE = -1e9
"""Log-probability of a string that cannot be."""
_SURE_BLANK = 0.998
"""A column this sure of blank starts no other string; skipping it saves most of the search."""
_LEAST_LIKELY = 1e-4
"""Digits less likely than this in a column are not worth a string of their own."""
_HOPELESS = 1e-6
"""Strings this much less likely than the best one are given up."""
_RESCALE_EVERY = 8
"""Columns between rescalings: eight columns of 1e-30 each still are floating-point numbers."""
_TINY = 1e-300
_WORST_VIEW = -60.0
"""The least a view may say of a string, so that one spoilt view cannot outvote two good ones."""


@dataclass(frozen=True, slots=True)
class ScoredString:
    """A string and the natural logarithm of its probability."""

    text: str
    log_probability: float


def log_softmax(logits: FloatArray) -> FloatArray:
    """(..., 11) scores -> log-probabilities of the same shape."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


def read_greedily(columns: FloatArray) -> ScoredString:
    """The string on the single likeliest path; fast, and never likelier than what the beam finds.

    Args:
        columns: (T, 11) log-probabilities; T may be 0.

    Returns:
        The string with its whole probability, all paths counted.
    """
    text = greedy_text(columns)
    return ScoredString(text, score_string(columns, text))


def greedy_text(columns: FloatArray) -> str:
    """As `read_greedily`, without the probability."""
    best = columns.argmax(axis=1) if len(columns) else np.zeros(0, np.intp)
    starts = np.concatenate(([True], best[1:] != best[:-1]))[: len(best)]
    return "".join(str(label) for label in best[starts & (best != BLANK)])


def search_beam(columns: FloatArray, beam: int = 8) -> tuple[ScoredString, ...]:
    """The likeliest strings by prefix beam search, likeliest first; the greedy string is always among them.

    Args:
        columns: (T, 11) log-probabilities.
        beam: strings kept a column.

    Returns:
        At most `beam` + 1 strings with their whole probabilities, never empty.
    """
    texts = dict.fromkeys((*_search_prefixes(columns, beam), greedy_text(columns)))
    scores = score_strings((columns,), tuple(texts))[0]
    strings = [ScoredString(text, float(score)) for text, score in zip(texts, scores, strict=True)]
    return tuple(sorted(strings, key=lambda string: -string.log_probability))


def _search_prefixes(columns: FloatArray, beam: int) -> list[str]:
    """Grow strings column by column and keep the likeliest; probabilities are relative to the best one's."""
    kept: list[tuple[str, float, float]] = [("", 1.0, 0.0)]  # text, probability ending in blank, ending in its digit
    for column in np.exp(columns.astype(np.float64)).tolist():
        blank = column[BLANK]
        if blank > _SURE_BLANK:
            kept = [(text, after_blank + after_digit, 0.0) for text, after_blank, after_digit in kept]
            continue
        digits = [(str(digit), share) for digit, share in enumerate(column[:BLANK]) if share > _LEAST_LIKELY]
        grown: dict[str, list[float]] = {}
        for text, after_blank, after_digit in kept:
            total = after_blank + after_digit
            grown.setdefault(text, [0.0, 0.0])[0] += total * blank
            for digit, share in digits:
                if text.endswith(digit):
                    grown[text][1] += after_digit * share
                    grown.setdefault(text + digit, [0.0, 0.0])[1] += after_blank * share
                else:
                    grown.setdefault(text + digit, [0.0, 0.0])[1] += total * share
        ranked = sorted(((sum(ends), text, ends) for text, ends in grown.items()), reverse=True)[:beam]
        best = ranked[0][0]
        kept = [(text, ends[0] / best, ends[1] / best) for total, text, ends in ranked if total > best * _HOPELESS]
    return [text for text, _, _ in sorted(kept, key=lambda entry: -(entry[1] + entry[2]))]


def score_string(columns: FloatArray, text: str) -> float:
    """Natural logarithm of the probability of `text`: the CTC forward sum over all its paths.

    Args:
        columns: (T, 11) log-probabilities; with T = 0 only the empty string is possible.
        text: digits.

    Returns:
        At most 0; `IMPOSSIBLE` when the string cannot fit into the columns.
    """
    return float(score_strings((columns,), (text,))[0, 0])


def score_strings(views: Sequence[FloatArray], texts: Sequence[str]) -> NDArray[np.float64]:
    """Log-probability of every string in every view, all in one sweep over the columns.

    Args:
        views: V arrays (T, 11) of log-probabilities; T may differ.
        texts: N strings of digits.

    Returns:
        (V, N) float64, as `score_string` gives.
    """
    longest = max((len(columns) for columns in views), default=0)
    padded = np.zeros((len(views), longest, OUTPUTS))
    padded[:, :, BLANK] = 1.0  # columns sure of blank behind a shorter view change no probability
    for padded_columns, columns in zip(padded, views, strict=True):
        padded_columns[: len(columns)] = np.exp(columns)
    states = states_of(texts)
    skips = steps_over_blank(states).astype(np.float64)
    emitted = padded[:, :, states]
    forward = np.zeros((len(views), *states.shape))
    forward[:, :, 0] = 1.0  # before the first column: nothing written yet
    scale = np.zeros(forward.shape[:2])
    with np.errstate(divide="ignore"):
        for step in range(longest):
            reached = forward.copy()
            reached[:, :, 1:] += forward[:, :, :-1]
            reached[:, :, 2:] += forward[:, :, :-2] * skips[:, 2:]
            forward = reached * emitted[:, step]
            if step % _RESCALE_EVERY == 0:
                highest = forward.max(axis=2)
                forward /= np.maximum(highest, _TINY)[:, :, None]
                scale += np.log(highest)
        ends = np.array([2 * len(text) for text in texts], np.intp)
        rows = np.arange(len(texts))
        total = forward[:, rows, ends] + np.where(ends > 0, forward[:, rows, ends - 1], 0.0)
        scores: NDArray[np.float64] = np.maximum(np.log(total) + scale, IMPOSSIBLE)
    return scores


def states_of(texts: Sequence[str]) -> NDArray[np.intp]:
    """(N, 2 x longest + 1) labels: every string with blanks before, between and after its digits, then more blanks."""
    states = np.full((len(texts), 2 * max(map(len, texts), default=0) + 1), BLANK, np.intp)
    for row, text in zip(states, texts, strict=True):
        row[1 : 2 * len(text) : 2] = [int(digit) for digit in text]
    return states


def steps_over_blank(states: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Digits that may follow the digit before without a blank between: those that differ from it."""
    skips = np.zeros(states.shape, np.bool_)
    skips[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    return skips


def combine_views(views: Sequence[FloatArray], beam: int = 8, finalists: int = 4) -> tuple[ScoredString, ...]:
    """The best strings of several views of one strip, by mean log-probability over the views.

    Args:
        views: (T, 11) log-probabilities each; T may differ.
        beam: strings kept a column of the search.
        finalists: strings each view may propose.

    Returns:
        All proposed strings, likeliest first; never empty.
    """
    found = [dict.fromkeys((*_search_prefixes(columns, beam), greedy_text(columns))) for columns in views]
    texts = tuple(dict.fromkeys(text for strings in found for text in strings))
    scores = score_strings(views, texts)
    means = np.maximum(scores, _WORST_VIEW).mean(axis=0)
    rows = {text: row for row, text in enumerate(texts)}
    proposed = {
        text
        for strings, own in zip(found, scores, strict=True)
        for text in sorted(strings, key=lambda text: -own[rows[text]])[:finalists]
    }
    scored = [ScoredString(text, float(means[rows[text]])) for text in proposed]
    return tuple(sorted(scored, key=lambda string: (-string.log_probability, string.text)))
