"""Whether what is read lately still looks like what the reader was calibrated on. Pure counting.

A scanner that goes dim, a new form, another pen: none of them raises an error. They show in how sure the readings are,
in which digits come out, and in how many fields give nothing, long before somebody has keyed enough to count errors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from recognizer.errors import ModelError
from recognizer.readings import DIGIT_COUNT

DRIFT_REFERENCE = "drift_reference.json"
"""File of a model that holds its reference."""

CONFIDENCE_EDGES = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Between the bins of confidence: narrow where nearly all readings lie."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One histogram that is watched.

    Attributes:
        bins: how many.
        threshold: population stability index above which it has drifted.
        worse: +1 or -1 when only a move to higher or lower bins is bad; 0 when any move is.
    """

    bins: int
    threshold: float
    worse: int


SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {
        # Between the usual limits for a slight and a marked shift, 0.1 and 0.25 (Siddiqi 2006, Credit risk scorecards).
        # Drawn nights of 300 digits by other hands reach 0.06; a lens out of focus by 0.3 mm gives 0.18.
        "confidence": Signal(len(CONFIDENCE_EDGES) + 1, 0.15, -1),
        "unread": Signal(2, 0.15, +1),
        "blank": Signal(2, 0.15, +1),
        # Forms full of this year's dates reach 0.7 against evenly spread digits; a network that calls everything a
        # one, 3 and more.
        "digits": Signal(DIGIT_COUNT, 1.0, 0),
    }
)

LEAST_COUNT = 100
"""Readings below which nothing is said: a night of three forms is no distribution."""
_CLUSTER = 3
"""Readings that count as one: digits of a field share hand, pen and place on the glass. Drawn nights scatter as if it
were 1.3; real ones have fewer hands."""
_NOISE_DEVIATIONS = 3.1
"""Standard normal quantile of one in a thousand: chance alone raises an alarm in about one night of three years."""


@dataclass(frozen=True, slots=True)
class ReadingProfile:
    """Counts by signal, see `SIGNALS`; a profile used as reference may lack some, which are then not watched."""

    counts: Mapping[str, tuple[int, ...]]

    def __post_init__(self) -> None:
        for name, counts in self.counts.items():
            if name not in SIGNALS or len(counts) != SIGNALS[name].bins or any(count < 0 for count in counts):
                raise ValueError(f"{name} is no signal with counts of {len(counts)} bins")


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one signal has moved.

    Attributes:
        n: readings lately.
        index: population stability index against the reference, 0 for the same distribution.
        limit: above it there is an alarm: the signal's threshold, or what chance may reach with so few readings.
        is_enough: there are enough readings to say something.
        is_alarm: moved beyond the limit, for the worse.
    """

    signal: str
    n: int
    index: float
    limit: float
    is_enough: bool
    is_alarm: bool


def count_confidences(confidences: Sequence[float]) -> tuple[int, ...]:
    """Histogram of confidences over the bins of the signal `confidence`."""
    place = np.searchsorted(CONFIDENCE_EDGES, np.asarray(confidences, np.float64), side="right")
    return tuple(np.bincount(place, minlength=len(CONFIDENCE_EDGES) + 1).tolist())


def count_digits(digits: Sequence[int]) -> tuple[int, ...]:
    """Histogram of the digits 0 to 9."""
    return tuple(np.bincount(np.asarray(digits, np.intp), minlength=DIGIT_COUNT).tolist())


def compare_profiles(reference: ReadingProfile, lately: ReadingProfile) -> tuple[Shift, ...]:
    """How far every signal of the reference has moved."""
    return tuple(
        _shift(name, reference.counts[name], lately.counts.get(name, (0,) * SIGNALS[name].bins))
        for name in SIGNALS
        if name in reference.counts
    )


def population_stability(reference: Sequence[int], lately: Sequence[int]) -> float:
    """Population stability index of two histograms: the sum of (p - q) ln(p / q) over the bins.

    Half a reading is added to every bin, so that an empty one gives a large index and not an infinite one.
    """
    p, q = (_shares(counts) for counts in (lately, reference))
    return float(np.sum((p - q) * np.log(p / q)))


def _shares(counts: Sequence[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    smooth = np.asarray(counts, np.float64) + 0.5
    return np.asarray(smooth / smooth.sum())


def _shift(name: str, reference: tuple[int, ...], lately: tuple[int, ...]) -> Shift:
    signal, n = SIGNALS[name], sum(lately)
    index = population_stability(reference, lately)
    limit = max(signal.threshold, _chance(signal.bins, sum(reference), n))
    is_enough = n >= LEAST_COUNT
    moved = _mean_bin(lately) - _mean_bin(reference)
    is_worse = signal.worse == 0 or moved * signal.worse > 0
    return Shift(name, n, index, limit, is_enough, is_enough and is_worse and index > limit)


def _chance(bins: int, reference: int, lately: int) -> float:
    """What the index of two samples of one distribution seldom exceeds.

    Times the harmonic sum of the sample sizes it is chi-square distributed with one degree of freedom less than bins.
    Source: Yurdakul 2018, Statistical properties of population stability index.
    """
    if not reference or not lately:
        return math.inf
    freedom = bins - 1
    quantile = freedom + _NOISE_DEVIATIONS * math.sqrt(2 * freedom)
    return quantile * _CLUSTER * (1 / reference + 1 / lately)


def _mean_bin(counts: tuple[int, ...]) -> float:
    return float(np.arange(len(counts)) @ _shares(counts))


# --- the reference of a model --------------------------------------------------------------------


def profile_to_json(profile: ReadingProfile) -> str:
    """The text of `drift_reference.json`."""
    return json.dumps({"format": 1, "counts": {name: list(counts) for name, counts in profile.counts.items()}}) + "\n"


def load_profile(path: Path) -> ReadingProfile:
    """Read a reference written by `profile_to_json`.

    Raises:
        ModelError: the file is missing or is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != 1:
            raise ValueError(f"format {data['format']} is not known")
        return ReadingProfile({name: tuple(map(int, counts)) for name, counts in data["counts"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no drift reference ({error}); make one with --write-reference") from None
