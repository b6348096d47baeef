"""Results that earlier runs left behind, read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from pipeline.document import SourceResult
from pipeline.errors import DatasetError
from pipeline.storage.names import display_name
from pipeline.storage.results import read_result


def stored_results(places: Sequence[Path], since: date | None = None) -> Iterator[SourceResult]:
    """The results in folders and files, by name.

    Args:
        places: of a folder, the JSON files directly in it; those that are no results are passed over.
        since: leave out what was read before this day.

    Raises:
        DatasetError: a place is not there, or a file named by itself is no result.
    """
    for place in places:
        for path in sorted(place.glob("*.json")) if place.is_dir() else [place]:
            result = read_result(path)
            if result is None and path is place:
                raise DatasetError(f"{display_name(path)} is neither a folder of results nor a result")
            if result is not None and (since is None or datetime.fromisoformat(result.started).date() >= since):
                yield result
