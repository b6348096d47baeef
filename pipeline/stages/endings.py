"""How amounts end: a slash before a dash ("/-") looks like a one, and is told from it by its shape."""

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


def with_slash_endings(
    readings: Sequence[tuple[tuple[Step, ...], float]],
) -> list[tuple[tuple[Step, ...], float]]:
    """Readings of an amount in which a final one before a dash may be a slash: each such reading becomes two.

    Args:
        readings: steps and probability; the probabilities of a pair add up to that of the reading it came from.
    """
    told = []
    for steps, probability in readings:
        place = _one_before_dash(steps)
        if place is None:
            told.append((steps, probability))
            continue
        share = _slash_share(steps, place)
        slash = Step("/", steps[place].probability, steps[place].box)
        told.append(((*steps[:place], slash, *steps[place + 1 :]), probability * share))
        told.append((steps, probability * (1 - share)))
    return sorted(told, key=lambda item: -item[1])


def _one_before_dash(steps: Sequence[Step]) -> int | None:
    digits = [place for place, step in enumerate(steps) if step.char.isdigit()]
    if len(digits) < 2 or steps[digits[-1]].char != "1":
        return None
    has_dash = any(step.char == "-" for step in steps[digits[-1] + 1 :])
    return digits[-1] if has_dash else None


def _slash_share(steps: Sequence[Step], place: int) -> float:
    box = steps[place].box
    others = [step.box.height for step in steps[:place] if step.char.isdigit() and step.box.height > 0]
    if box.height <= 0 or not others:
        return DOUBTFUL
    slant = box.width / box.height
    if slant >= SLASH_SLANT or box.height >= SLASH_HEIGHT * median(others):
        return SURE
    return DOUBTFUL if slant >= DOUBTFUL_SLANT else UNLIKELY
