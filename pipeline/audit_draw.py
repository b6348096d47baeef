"""Draws accepted and blank fields of earlier results for an audit; finds their files, to read the pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.document import Decision, SourceResult
from pipeline.plan import PlannedFile
from pipeline.routing import Routing, is_drawn
from pipeline.storage.archive import archived_names
from pipeline.storage.names import display_name
from pipeline.storage.review_item import item_id
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.stored_results import stored_results


@dataclass(frozen=True, slots=True)
class Draw:
    """Accepted fields, and fields called blank, on which the lot fell and that are not in the queue yet.

    Attributes:
        files: that hold them; to be read once more.
        fields: their number.
        out_of_reach: of those, whose file is neither where it was nor in the archive.
    """

    files: tuple[PlannedFile, ...]
    fields: int
    out_of_reach: int


def draw_accepted(out: Path, routing: Routing, queue: ReviewQueue, archive: Path | None = None) -> Draw:
    """Draw among the accepted and blank fields of all results in a folder; the same ones again with the same seed.

    Args:
        out: folder of the results.
        routing: `audit_share` and `audit_seed` of the lot.
        queue: what it holds already is left out.
        archive: where originals may have moved to.

    Raises:
        ReadingError: the database cannot be used.
    """
    files, fields, out_of_reach = [], 0, 0
    for result in stored_results([out]):
        drawn = set(_drawn(result, routing))
        if drawn:
            drawn -= {item.id for item in queue.list_items(None, source_id=result.source_id)}
        if not drawn:
            continue
        fields += len(drawn)
        path = _find(result, archive)
        if path is None:
            out_of_reach += len(drawn)
        else:
            files.append(PlannedFile(path, (display_name(path),)))
    return Draw(tuple(files), fields, out_of_reach)


def _drawn(result: SourceResult, routing: Routing) -> Iterator[str]:
    for document in result.documents:
        for reading in document.fields:
            identity = item_id(result.source_id, document.number, reading.name)
            is_settled = reading.decision is not Decision.REVIEW
            if is_settled and is_drawn(identity, routing.audit_share, routing.audit_seed):
                yield identity


def _find(result: SourceResult, archive: Path | None) -> Path | None:
    """A file with the very bytes that were read; None when there is none any more."""
    for name in result.source_names:
        places = [Path(name)]
        if archive is not None:
            places.extend(archived_names(archive, Path(name).name, result.source_id))
        for path in places:
            if path.is_file() and _sha256(path) == result.source_id:
                return path
    return None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
