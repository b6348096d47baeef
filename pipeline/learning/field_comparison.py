"""Fields that people settled, read again by champion and challenger at the same error budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import Decision, FieldReading
from pipeline.evaluating.labelled_fields import same_value
from pipeline.learning.gate import FieldTally
from pipeline.process import ReadingOptions, read_crop
from pipeline.storage.review_item import ReviewItem
from recognizer.comparison import Acceptance
from recognizer.readings import GrayImage, Recognizer


@dataclass(frozen=True)
class FieldPair:
    """One settled field as both models read it from its picture.

    Attributes:
        item: with the value that people keyed.
    """

    item: ReviewItem
    champion: FieldReading
    challenger: FieldReading

    def is_right(self, reading: FieldReading) -> bool:
        """Whether a reading has the value that people keyed."""
        keyed = self.item.human_value
        return keyed is not None and reading.value is not None and same_value(reading.value, keyed, reading.kind)

    @property
    def is_changed(self) -> bool:
        """Whether the models differ in value or decision."""
        before, after = self.champion, self.challenger
        return (before.value, before.decision) != (after.value, after.decision)


Reader = tuple[Recognizer, OperatingPoint]
"""Networks and the thresholds they work with."""


def read_both(
    items: Iterable[ReviewItem],
    picture_of: Callable[[str], GrayImage | None],
    champion: Reader,
    challenger: Reader,
    options: ReadingOptions,
) -> tuple[FieldPair, ...]:
    """Read the pictures of settled fields with both models, one picture in memory at a time.

    Args:
        items: confirmed or corrected; those without a picture are left out.
        picture_of: (h, w) uint8 picture of an item by its id.
        options: how strict the reading is, the same for both.
    """
    pairs = []
    for item in items:
        picture = picture_of(item.id)
        if picture is not None and item.human_value is not None:
            before, after = (read_crop(picture, item.spec, *reader, options) for reader in (champion, challenger))
            pairs.append(FieldPair(item, before, after))
    return tuple(pairs)


def tallies(pairs: Sequence[FieldPair]) -> tuple[FieldTally, FieldTally]:
    """What champion and challenger make of the same fields."""
    return _tally(pairs, [pair.champion for pair in pairs]), _tally(pairs, [pair.challenger for pair in pairs])


def _tally(pairs: Sequence[FieldPair], readings: Sequence[FieldReading]) -> FieldTally:
    right = [pair.is_right(reading) for pair, reading in zip(pairs, readings, strict=True)]
    accepted = [reading.decision is not Decision.REVIEW for reading in readings]
    wrong = sum(takes and not is_right for takes, is_right in zip(accepted, right, strict=True))
    return FieldTally(len(pairs), sum(right), Acceptance(sum(accepted), wrong))
