"""From results to the profile whose drift is watched, see `recognizer.drift`."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.document import Decision, FieldReading
from recognizer.drift import ReadingProfile, count_confidences, count_digits


def profile_of_fields(readings: Iterable[FieldReading]) -> ReadingProfile:
    """Count how fields were read: the reference of a model from fields of a clean batch, or what came out lately.

    A field is unread when it is not blank and yet gave no character, as on a page that fits no template.
    """
    confidences: list[float] = []
    digits: list[int] = []
    fields = blank = unread = 0
    for reading in readings:
        fields += 1
        characters = [character for character in reading.characters if character.char.isdecimal()]
        blank += reading.decision is Decision.BLANK
        unread += reading.decision is not Decision.BLANK and not characters
        confidences += [character.confidence for character in characters]
        digits += [int(character.char) for character in characters]
    return ReadingProfile(
        {
            "confidence": count_confidences(confidences),
            "unread": (fields - unread, unread),
            "blank": (fields - blank, blank),
            "digits": count_digits(digits),
        }
    )
