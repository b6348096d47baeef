"""Writes final documents: JSON one by one, JSON lines, and tables of fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.final_format import FinalFormat
from pipeline.finalise import FinalDocument, document_to_json
from pipeline.storage.atomic import write_atomically
from pipeline.storage.final_parquet import parquet_table
from pipeline.storage.names import display_name, safe_stem
from pipeline.storage.results import ID_CHARACTERS
from pipeline.storage.review_csv import as_text

COLUMNS = (
    "file", "source", "document", "template", "field", "kind", "value", "origin", "machine_value", "confidence",
    "decision", "state", "reviewer", "keyed_at",
)  # fmt: skip


def write_final(
    folder: Path,
    documents: Sequence[FinalDocument],
    formats: Sequence[FinalFormat],
    waiting: Sequence[FinalDocument] = (),
) -> tuple[Path, ...]:
    """Write final documents; what was written before is replaced by the same, or by what has come since.

    Args:
        folder: made when missing.
        documents: final ones.
        formats: what to write.
        waiting: documents that are not final; where one was before an answer was taken back, its file goes.

    Returns:
        What was written: `documents.jsonl`, `fields.csv`, `fields.parquet`, and the folder `documents` of single files.

    Raises:
        OutputError: the folder cannot be written, or a library for the format is missing.
    """
    written: list[Path] = []
    try:
        if FinalFormat.JSON in formats:
            for document in documents:
                text = json.dumps(plain_document(document), ensure_ascii=False, indent=2)
                write_atomically(folder / "documents" / f"{file_stem(document)}.json", text.encode() + b"\n")
            for document in waiting:
                (folder / "documents" / f"{file_stem(document)}.json").unlink(missing_ok=True)
            written.append(folder / "documents")
        if FinalFormat.JSONL in formats:
            lines = "".join(json.dumps(plain_document(document), ensure_ascii=False) + "\n" for document in documents)
            write_atomically(folder / "documents.jsonl", lines.encode())
            written.append(folder / "documents.jsonl")
        if FinalFormat.CSV in formats:
            write_atomically(folder / "fields.csv", _table(documents).encode("utf-8-sig"))
            written.append(folder / "fields.csv")
        if FinalFormat.PARQUET in formats:
            write_atomically(folder / "fields.parquet", parquet_table(documents))
            written.append(folder / "fields.parquet")
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    return tuple(written)


def plain_document(document: FinalDocument) -> dict[str, Any]:
    """A final document as JSON has it, names of files as text that any system takes."""
    plain = document_to_json(document)
    plain["source"]["names"] = [display_name(name) for name in document.source_names]
    return plain


def file_stem(document: FinalDocument) -> str:
    """Name of a document's own file, without suffix; no two documents share one."""
    return f"{safe_stem(document.source_names[0])}-{document.source_id[:ID_CHARACTERS]}-{document.number}"


def _table(documents: Sequence[FinalDocument]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for document in documents:
        for field in document.fields:
            writer.writerow(
                (
                    as_text(display_name(document.source_names[0])),
                    document.source_id,
                    document.number,
                    as_text(document.template or ""),
                    as_text(field.name),
                    field.kind.value,
                    as_text(field.value or ""),
                    field.origin.value,
                    as_text(field.machine_value or ""),
                    f"{field.confidence:.6f}",
                    field.decision.value,
                    field.state.value if field.state else "",
                    as_text(field.reviewer or ""),
                    field.keyed_at or "",
                )
            )
    return stream.getvalue()
