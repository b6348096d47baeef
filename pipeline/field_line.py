"""A field that was read, as one object of JSON: what `fieldreader read` prints and `POST /read` answers."""

from __future__ import annotations

from typing import Any

from pipeline.document import CharacterReading, FieldReading

CONFIDENCE_DECIMALS = 6
"""More than any operating point can tell apart."""

FieldLine = dict[str, Any]


def field_line(name: str, reading: FieldReading) -> FieldLine:
    """The line of a field that was read, surely or not; `name` is the file it came from."""
    return {
        "file": name,
        "value": reading.value,
        "raw": reading.raw,
        "confidence": _rounded(reading.confidence),
        "decision": str(reading.decision),
        "reasons": list(reading.reasons),
        "alternatives": [
            {"value": other.value, "confidence": _rounded(other.confidence)} for other in reading.alternatives
        ],
        "characters": [_character(character) for character in reading.characters],
    }


def _character(character: CharacterReading) -> FieldLine:
    box = character.box_px
    return {
        "char": character.char,
        "confidence": _rounded(character.confidence),
        "box_px": [box.left, box.top, box.right, box.bottom],
    }


def _rounded(confidence: float) -> float:
    return round(float(confidence), CONFIDENCE_DECIMALS)
