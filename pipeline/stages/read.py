"""Ask the recogniser about many fields at once and hand every field its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.segment import Segmentation
from recognizer.readings import NOT_A_DIGIT, FloatArray, Recognizer, StripCandidate


@dataclass(frozen=True)
class Evidence:
    """What the recogniser said about one field.

    Attributes:
        digits: (n, 11) float32, a row for every crop of the segmentation, in its order.
        strings: what the strip network read, likeliest first; empty for combs.
    """

    digits: FloatArray
    strings: tuple[StripCandidate, ...] = ()


def read_fields(segmentations: Sequence[Segmentation], recognizer: Recognizer) -> tuple[Evidence, ...]:
    """Read the crops and strips of all fields with one call each.

    Args:
        segmentations: fields of one or many pages.
        recognizer: digit network and strip network.

    Returns:
        One evidence a field, in order.
    """
    asked = [[crop.ink for crop in field.crops] for field in segmentations]
    others = [[ink for inks, _ in field.variants for ink in inks.values()] for field in segmentations]
    strips = [field.strip.image for field in segmentations if field.strip is not None]
    probabilities = recognizer.read_digits([ink for inks in (*asked, *others) for ink in inks]).probabilities
    strings = iter(recognizer.read_strips(strips).candidates)
    evidence, start, other = [], 0, sum(len(inks) for inks in asked)
    for field, first, second in zip(segmentations, asked, others, strict=True):
        own = probabilities[start : start + len(first)]
        digits = _weighed(own, probabilities[other : other + len(second)], field)
        evidence.append(Evidence(digits, next(strings) if field.strip is not None else ()))
        start, other = start + len(first), other + len(second)
    return tuple(evidence)


def _weighed(own: FloatArray, others: FloatArray, field: Segmentation) -> FloatArray:
    """Rows of a field's crops, each the mean over all ways to find its ink, weighed by how surely they are digits."""
    if not len(others):
        return own
    weighed, start = own.copy(), 0
    for inks, prior in field.variants:
        places = list(inks)
        rows = others[start : start + len(places)]
        start += len(places)
        odds = prior * float((rows[:, :NOT_A_DIGIT].max(axis=1) / weighed[places, :NOT_A_DIGIT].max(axis=1)).prod())
        share = odds / (1 + odds)
        weighed[places] = (1 - share) * weighed[places] + share * rows
    return weighed
