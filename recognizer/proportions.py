"""Intervals of a proportion: how far the share that was counted may lie from the true one."""

from __future__ import annotations

import math

_Z_95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a proportion; (0, 1) without trials.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, _Z_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = _Z_95 / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a proportion: it holds the true one at least this often; (0, 1) without trials.

    Source: Clopper & Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial.
    """
    tail = (1 + level) / 2
    return 1 - clopper_pearson_upper(trials - successes, trials, tail), clopper_pearson_upper(successes, trials, tail)


def clopper_pearson_upper(successes: int, trials: int, level: float = 0.95) -> float:
    """Exact one-sided upper bound of a proportion; 1 without trials."""
    if trials == 0 or successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if at_most(successes, trials, middle) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def least_trials(rate: float, level: float = 0.95) -> int:
    """Fewest trials without a single success that show, at this level, that the true rate is below `rate`."""
    return math.ceil(math.log(1 - level) / math.log1p(-rate))


def at_most(successes: int, trials: int, rate: float) -> float:
    """Probability of at most so many successes at this rate, which lies in (0, 1)."""
    if not 0 < rate < 1:
        return 1.0 if rate <= 0 else 0.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    all_ways = math.lgamma(trials + 1)
    # Terms fall off fast below the mean: those a million times a million smaller than the last change nothing.
    total = 0.0
    for k in range(successes, -1, -1):
        ways = all_ways - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        term = math.exp(ways + k * log_rate + (trials - k) * log_rest)
        total += term
        if term <= 1e-15 * total:
            break
    return total
