"""A digit that a person labelled, with where it comes from; and which documents train and which judge. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.storage.review_item import ReviewItem
from recognizer.readings import InkImage

PARTS = 4
"""Documents are parted into so many; those of the first judge and never train."""
NEVER_TRAINS = 0

Digits = tuple[list[InkImage], NDArray[np.int32]]
"""Crops of one digit each, and their labels (N,)."""


@dataclass(frozen=True, slots=True)
class LabelledDigit:
    """(h, w) uint8 ink of one digit, bright on zero, and what a person says it is."""

    ink: InkImage
    digit: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled digit.

    Attributes:
        id: hash of the picture, the label and the place it was cut from: another answer makes another sample.
        item_id: field of the queue that it is part of.
        source_id, document, template, field: where that field stands.
        position: place among the digits of the field, from 0.
        digit: what the person says it is.
        reviewer, keyed_at: who says so, and since when.
        ink: (h, w) uint8, bright on zero.
    """

    id: str
    item_id: str
    source_id: str
    document: int
    template: str | None
    field: str
    position: int
    digit: int
    reviewer: str
    keyed_at: str
    ink: InkImage

    @property
    def part(self) -> int:
        """The part that its document is in."""
        return part_of(self.source_id, self.document)

    @property
    def is_held_out(self) -> bool:
        """Whether its document judges only."""
        return self.part == NEVER_TRAINS

    @property
    def form(self) -> tuple[str, int]:
        """The filled-in form it stands on: one hand, as a rule."""
        return self.source_id, self.document


def part_of(source_id: str, document: int) -> int:
    """The part of a document, from 0: the same for all its fields and for all time."""
    digest = hashlib.sha256(f"{source_id}/{document}".encode()).digest()
    return digest[0] % PARTS


def samples_of(item: ReviewItem, digits: Sequence[LabelledDigit]) -> tuple[Sample, ...]:
    """The digits cut out of one settled item, with their provenance."""
    return tuple(
        Sample(
            id=_identity(item.id, position, digit),
            item_id=item.id,
            source_id=item.source_id,
            document=item.document,
            template=item.template,
            field=item.spec.name,
            position=position,
            digit=digit.digit,
            reviewer=item.reviewer or "",
            keyed_at=item.keyed_at or "",
            ink=digit.ink,
        )
        for position, digit in enumerate(digits)
    )


def version_of(samples: Sequence[Sample]) -> str:
    """Identity of a training set: the same samples give the same one, in whatever order."""
    lines = sorted(f"{sample.id} {sample.is_held_out}" for sample in samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digits_of_samples(samples: Sequence[Sample]) -> Digits:
    """Crops and labels as training takes them."""
    return [sample.ink for sample in samples], np.array([sample.digit for sample in samples], np.int32)


def _identity(item_id: str, position: int, digit: LabelledDigit) -> str:
    picture = digit.ink.shape, hashlib.sha256(np.ascontiguousarray(digit.ink).tobytes()).hexdigest()
    return hashlib.sha256(f"{item_id} {position} {digit.digit} {picture}".encode()).hexdigest()
