"""What is really written in fields: a CSV file with the columns file, field and value, perhaps document and readable.

Other columns are left alone, so that the truth of the sample documents can be used as it is.
"""

from __future__ import annotations

import csv
from pathlib import Path

from pipeline.errors import DatasetError
from pipeline.evaluating.labelled_fields import FieldTruth

NEEDED = ("file", "field", "value")


def load_truth(path: Path) -> tuple[FieldTruth, ...]:
    """Read a file of truths; rows without a field, such as those of files that cannot be opened, are passed over.

    Raises:
        DatasetError: the file is missing or no CSV, lacks a column, has a wrong document number or names a field
            twice; names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            missing = [column for column in NEEDED if column not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(f"{path}:1: the column {missing[0]} is missing; needed are {', '.join(NEEDED)}")
            truths = {}
            for row in rows:
                if not (row["file"] and row["field"]):
                    continue
                truth = _truth_of(row, f"{path}:{rows.line_num}")
                key = truth.file, truth.document, truth.field
                if key in truths:
                    raise DatasetError(
                        f"{path}:{rows.line_num}: the field {truth.field} of {truth.file} is there twice"
                    )
                truths[key] = truth
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read the truth {path}: {error}") from error
    if not truths:
        raise DatasetError(f"{path} has no row that names a file and a field")
    return tuple(truths.values())


def _truth_of(row: dict[str, str], place: str) -> FieldTruth:
    document = row.get("document") or "1"
    if not document.isdecimal() or int(document) < 1:
        raise DatasetError(f"{place}: the document must be a whole number from 1, not {document}")
    return FieldTruth(
        file=Path(row["file"]).name,
        document=int(document),
        field=row["field"],
        value=row["value"] or None,
        is_readable=(row.get("readable") or "yes").strip().lower() not in ("no", "false", "0"),
    )
