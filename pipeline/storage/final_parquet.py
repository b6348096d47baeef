"""Final fields as a Parquet table. pyarrow is an extra."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from pipeline.errors import OutputError
from pipeline.finalise import FinalDocument, FinalField
from pipeline.storage.names import display_name


def parquet_table(documents: Sequence[FinalDocument]) -> bytes:
    """A row a field, the columns of the CSV with types: empty values are null, `keyed_at` is a time in UTC.

    Raises:
        OutputError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise OutputError("Parquet needs pyarrow: pip install 'fieldreader[parquet]'") from None
    text = pa.string()
    schema = pa.schema(
        [
            ("file", text), ("source", text), ("document", pa.int32()), ("template", text), ("field", text),
            ("kind", text), ("value", text), ("origin", text), ("machine_value", text), ("confidence", pa.float64()),
            ("decision", text), ("state", text), ("reviewer", text), ("keyed_at", pa.timestamp("ms", "UTC")),
        ]
    )  # fmt: skip
    rows = [_row(document, field) for document in documents for field in document.fields]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), stream)
    return stream.getvalue()


def _row(document: FinalDocument, field: FinalField) -> dict[str, Any]:
    return {
        "file": display_name(document.source_names[0]),
        "source": document.source_id,
        "document": document.number,
        "template": document.template,
        "field": field.name,
        "kind": field.kind.value,
        "value": field.value,
        "origin": field.origin.value,
        "machine_value": field.machine_value,
        "confidence": field.confidence,
        "decision": field.decision.value,
        "state": field.state.value if field.state else None,
        "reviewer": field.reviewer,
        "keyed_at": dt.datetime.fromisoformat(field.keyed_at) if field.keyed_at else None,
    }
