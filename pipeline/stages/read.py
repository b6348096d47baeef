"""Ask the recogniser about many fields at once and hand every field its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.segment import Segmentation
from recognizer.readings import FloatArray, Recognizer, StripCandidate


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
    crops = [crop.ink for field in segmentations for crop in field.crops]
    strips = [field.strip.image for field in segmentations if field.strip is not None]
    probabilities = recognizer.read_digits(crops).probabilities
    strings = iter(recognizer.read_strips(strips).candidates)
    evidence, start = [], 0
    for field in segmentations:
        end = start + len(field.crops)
        evidence.append(Evidence(probabilities[start:end], next(strings) if field.strip is not None else ()))
        start = end
    return tuple(evidence)
