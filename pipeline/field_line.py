"""A field that was read, as one object of JSON: what `fieldreader read` prints and `POST /read` answers."""

from __future__ import annotations

from typing import Any

from pipeline.document import FieldReading
from pipeline.storage.result_json import field_to_json

FieldLine = dict[str, Any]

KEYS = ("value", "raw", "confidence", "decision", "reasons", "alternatives", "characters")
"""What a line tells of a field, as a result does; the rest is about pages and templates, which crops have not."""


def field_line(name: str, reading: FieldReading) -> FieldLine:
    """The line of a field that was read, surely or not; `name` is the file it came from."""
    told = field_to_json(reading)
    return {"file": name, **{key: told[key] for key in KEYS}}
