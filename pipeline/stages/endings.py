"""How amounts end: a slash before a dash ("/-") or before a hundred ("67/100") looks like a one, and is told from it by
its shape."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipeline.stages.paths import Step

SLASH_SLANT = 0.7
"""Width over height from which a bare stroke is a slash; ones of slanted hands stay under 0.6."""
DOUBTFUL_SLANT = 0.45
SLASH_HEIGHT = 1.2
"""Height over the other digits' median from which it is a slash."""
SURE, DOUBTFUL, UNLIKELY = 0.97, 0.5, 0.05
"""Share of slashes among such strokes before a final dash, as a person would bet on sight."""
SEEN = 0.5
"""Dashes less sure than this change nothing."""
BEFORE_HUNDRED = 0.5
"""Least share of slashes among ones between two digits and a final 100: amounts that end so are rarer than cents."""


def with_slash_endings(
    readings: Sequence[tuple[tuple[Step, ...], float]],
) -> list[tuple[tuple[Step, ...], float]]:
    """Readings of an amount in which a one near the end may be a slash: each such reading becomes two.

    Args:
        readings: steps and probability; the probabilities of a pair add up to that of the reading it came from.
    """
    told = []
    for steps, probability in readings:
        place, least = _one_like_a_slash(steps)
        if place is None:
            told.append((steps, probability))
            continue
        share = max(least, _slash_share(steps, place))
        slash = Step("/", 1.0, steps[place].box)
        told.append(((*steps[:place], slash, *steps[place + 1 :]), probability * share))
        told.append((steps, probability * (1 - share)))
    return sorted(told, key=lambda item: -item[1])


def _one_like_a_slash(steps: Sequence[Step]) -> tuple[int | None, float]:
    """Place of the one that may be a slash, and the least probability that it is one."""
    digits = [place for place, step in enumerate(steps) if step.char.isdigit()]
    text = "".join(steps[place].char for place in digits)
    has_dash = bool(digits) and any(step.char == "-" and step.probability >= SEEN for step in steps[digits[-1] + 1 :])
    if len(text) >= 2 and text.endswith("1") and has_dash:
        return digits[-1], 0.0
    if len(text) >= 6 and text.endswith("1100"):
        return digits[-4], BEFORE_HUNDRED
    return None, 0.0


def _slash_share(steps: Sequence[Step], place: int) -> float:
    box = steps[place].box
    others = [step.box.height for step in steps[:place] if step.char.isdigit() and step.box.height > 0]
    if box.height <= 0 or not others:
        return DOUBTFUL
    slant = box.width / box.height
    if slant >= SLASH_SLANT or box.height >= SLASH_HEIGHT * median(others):
        return SURE
    return DOUBTFUL if slant >= DOUBTFUL_SLANT else UNLIKELY
