"""Ask the recogniser about many fields at once and hand every field its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.segment import Segmentation
from recognizer.readings import NOT_A_DIGIT, FloatArray, GrayImage, Recognizer, StripCandidate

SURE = 0.98
"""Combs whose every digit is likelier than this are not read a second time: four in five drawn ones. A second look at
the surer ones makes none of them right (88 to 90 of 4,955 stay wrong for 0.9 to 0.998), but tells which to doubt: with
0.9 instead, 84.5 in place of 91 to 92 % can be accepted at an error of 0.3 %."""


@dataclass(frozen=True)
class Evidence:
    """What the recogniser said about one field.

    Attributes:
        digits: (n, 11) float32, a row for every crop of the segmentation, in its order.
        strings: what the strip network read, likeliest first; empty for combs that it was not asked about.
    """

    digits: FloatArray
    strings: tuple[StripCandidate, ...] = ()


def read_fields(segmentations: Sequence[Segmentation], recognizer: Recognizer) -> tuple[Evidence, ...]:
    """Read the crops of all fields with one call, the strips of lines with another, doubtful combs with a third.

    Args:
        segmentations: fields of one or many pages.
        recognizer: digit network and strip network.

    Returns:
        One evidence a field, in order.
    """
    asked = [[crop.ink for crop in field.crops] for field in segmentations]
    others = [[ink for inks, _ in field.variants for ink in inks.values()] for field in segmentations]
    probabilities = recognizer.read_digits([ink for inks in (*asked, *others) for ink in inks]).probabilities
    rows, start, other = [], 0, sum(len(inks) for inks in asked)
    for field, first, second in zip(segmentations, asked, others, strict=True):
        own = probabilities[start : start + len(first)]
        rows.append(_weighed(own, probabilities[other : other + len(second)], field))
        start, other = start + len(first), other + len(second)
    lines = [field.strip.image if field.strip is not None else None for field in segmentations]
    combs = [_doubtful_comb(field, digits) for field, digits in zip(segmentations, rows, strict=True)]
    of_lines = iter(recognizer.read_strips([line for line in lines if line is not None]).candidates)
    of_combs = iter(recognizer.read_combs([comb for comb in combs if comb is not None]).candidates)
    return tuple(
        Evidence(digits, next(of_lines) if line is not None else next(of_combs) if comb is not None else ())
        for digits, line, comb in zip(rows, lines, combs, strict=True)
    )


def _doubtful_comb(field: Segmentation, digits: FloatArray) -> GrayImage | None:
    """The picture of a comb whose cells leave a doubt."""
    if field.strip is not None or not len(digits):
        return None
    is_whole = field.region.spec.length in (None, len(digits))
    is_sure = is_whole and digits[:, :NOT_A_DIGIT].max(axis=1).min() >= SURE
    return None if is_sure else field.comb_picture


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
