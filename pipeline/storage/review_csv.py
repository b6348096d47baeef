"""The review queue as a folder for a spreadsheet: `queue.csv` and one picture a field."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.errors import QueueError
from pipeline.storage.review_item import Answer, ReviewItem

COLUMNS = (
    "item", "file", "document", "page", "template", "field", "kind", "crop", "proposal", "confidence", "reasons",
    "corrected",
)  # fmt: skip
QUEUE_FILE = "queue.csv"
CROP_FOLDER = "crops"

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that starts with one of these (OWASP, CSV injection)."""


def write_queue(folder: Path, entries: Iterable[tuple[ReviewItem, bytes | None]]) -> int:
    """Write items and their pictures (PNG bytes) into a folder; the table appears only when all is written.

    Returns:
        Number of items written.

    Raises:
        QueueError: the folder cannot be written.
    """
    table = folder / QUEUE_FILE
    unfinished = table.with_suffix(".csv.part")
    count = 0
    try:
        (folder / CROP_FOLDER).mkdir(parents=True, exist_ok=True)
        # The byte order mark tells spreadsheets that the file is UTF-8; file names may hold any bytes.
        with unfinished.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for item, png in entries:
                crop = "" if png is None else f"{CROP_FOLDER}/{item.id}.png"
                if png is not None:
                    (folder / crop).write_bytes(png)
                writer.writerow(_row(item, crop))
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(table)
    except OSError as error:
        raise QueueError(f"cannot write the queue to {folder}: {error.strerror}") from error
    return count


def read_answers(path: Path) -> tuple[Answer, ...]:
    """Answers in a filled-in `queue.csv`: rows whose column `corrected` is not empty.

    Commas, semicolons and tabs are taken as separators, since spreadsheets write what their country uses.

    Raises:
        QueueError: the file cannot be read, lacks a column or answers one item in two ways.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            return tuple(_answers(stream, path.name))
    except OSError as error:
        raise QueueError(f"cannot read {path}: {error.strerror}") from error
    except csv.Error as error:
        raise QueueError(f"{path.name} is not a CSV file: {error}") from error


def _answers(lines: Iterable[str], name: str) -> Iterator[Answer]:
    stream = iter(lines)
    header = next(stream, "")
    separator = max(",;\t", key=header.count)
    columns = [column.strip() for column in next(csv.reader([header], delimiter=separator), [])]
    for wanted in ("item", "corrected"):
        if wanted not in columns:
            raise QueueError(f"{name} has no column '{wanted}'; write it with `fieldreader queue export`")
    seen: dict[str, str] = {}
    reader = csv.DictReader(stream, fieldnames=columns, delimiter=separator)
    for row in reader:
        place = f"{name}, row {reader.line_num + 1}"
        identity, text = (row["item"] or "").strip(), (row["corrected"] or "").strip()
        if not text:
            continue
        if not identity:
            raise QueueError(f"{place}: the column 'item' is empty")
        if seen.setdefault(identity, text) != text:
            raise QueueError(f"{place}: item {identity} was answered differently further up")
        yield Answer(identity, text, place)


def _row(item: ReviewItem, crop: str) -> tuple[str | int, ...]:
    return (
        item.id,
        as_text(item.source_names[0] if item.source_names else ""),
        item.document,
        item.page,
        as_text(item.template or ""),
        as_text(item.spec.name),
        item.spec.kind.value,
        crop,
        as_text(item.machine_value or ""),
        f"{item.confidence:.4f}",
        as_text(" ".join(item.reasons)),
        "",
    )


def as_text(value: str) -> str:
    """The value, guarded by an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
