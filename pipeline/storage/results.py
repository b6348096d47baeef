"""Result files: one JSON a source, as `pipeline/schema/result-1.schema.json` describes it."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from pathlib import Path

from pipeline.document import Source, SourceResult
from pipeline.storage.atomic import write_atomically
from pipeline.storage.names import display_name, safe_stem
from pipeline.storage.result_json import SCHEMA_VERSION, result_from_json, result_text

SCHEMA_PATH = Path(__file__).parents[1] / "schema" / "result-1.schema.json"
"""The published JSON Schema (draft 2020-12), part of the package."""

ID_CHARACTERS = 8
"""Of the source id in a file name: enough to keep files of one name apart."""


def result_path(out: Path, source: Source) -> Path:
    """Where the result of a source lies: `<stem>-<id8>.json`, safe whatever bytes its name has."""
    return out / _file_name(source.id, source.names[0])


def write_result(out: Path, result: SourceResult) -> Path:
    """Write a result atomically; one of the same source and name is replaced.

    Returns:
        The path, the same as `result_path` gives for the source.

    Raises:
        ValueError: the result contradicts itself, see `result_json.result_to_json`.
        OSError: the disk is full, or the folder may not be written; nothing is left behind.
    """
    path = out / _file_name(result.source_id, result.source_names[0])
    write_atomically(path, (piece.encode() for piece in chain(result_text(result), "\n")))
    return path


def read_result(path: Path) -> SourceResult | None:
    """The result in a file; None when there is none, or it is broken or of another version of the format."""
    try:
        data = json.loads(path.read_bytes())
        return result_from_json(data) if data["schema_version"] == SCHEMA_VERSION else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _file_name(source_id: str, name: str) -> str:
    """A source that could not be read has no id; its name stands in, so that its result is found again."""
    identity = source_id or hashlib.sha256(display_name(name).encode()).hexdigest()
    return f"{safe_stem(name)}-{identity[:ID_CHARACTERS]}.json"
