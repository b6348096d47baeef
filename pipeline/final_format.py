"""In which forms final documents can be written. Apart, so that the command line starts without loading more."""

from __future__ import annotations

from enum import StrEnum


class FinalFormat(StrEnum):
    """What can be written."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


WITHOUT_EXTRAS = (FinalFormat.JSON, FinalFormat.JSONL, FinalFormat.CSV)
"""Written when nothing else is asked for; Parquet needs a library that is not installed by default."""
