"""Bayes' rule for a check that true values pass: what it makes of the candidates for a value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

FAILS_THOUGH_TRUE = 0.01
"""Likelihood of a failed check under the true value, beside 1 for a passed one: people write wrong check digits and
dates, too. A prior, to be measured on the user's own corrections."""


def weigh(shares: Sequence[float], passes: Sequence[bool], by_chance: float) -> tuple[float, ...]:
    """Probabilities of candidates, given which of them pass a check.

    What the candidates leave of the probability belongs to values that nobody proposed. Of those a share `by_chance`
    passes, too, so a weak check proves little: one that every value passes changes nothing.

    Args:
        shares: probabilities of the candidates; at most 1 in all.
        passes: whether each candidate passes.
        by_chance: share of wrong readings that pass, 0 to 1.

    Returns:
        One probability a candidate, at most 1 in all. No candidate that passes falls; none that fails rises.
    """
    likelihoods = [1.0 if ok else FAILS_THOUGH_TRUE for ok in passes]
    weighed = [share * likelihood for share, likelihood in zip(shares, likelihoods, strict=True)]
    others = max(0.0, 1 - sum(shares)) * (by_chance + (1 - by_chance) * FAILS_THOUGH_TRUE)
    total = sum(weighed) + others
    return tuple(w / total for w in weighed) if total > 0 else tuple(shares)


def misreadings(value: str) -> list[str]:
    """What one digit misread, lost or doubled makes of a value: the neighbours among which wrong readings are found."""
    found = []
    for place, char in enumerate(value):
        if char.isdigit():
            found += [value[:place] + other + value[place + 1 :] for other in "0123456789" if other != char]
            found += [value[:place] + value[place + 1 :], value[:place] + char + value[place:]]
    return found


def share_passing(neighbours: Sequence[str], does_pass: Callable[[str], bool]) -> float:
    """Share of values that pass a check, by Laplace's rule: so many can show no share below one in their number."""
    return (sum(does_pass(value) for value in neighbours) + 1) / (len(neighbours) + 2)
