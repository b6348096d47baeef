"""Hands final documents to a downstream system through a folder: whole files, a manifest last, nothing twice.

What was handed over stands in a ledger beside the final results, so the other side may take the files away. A document
whose values changed since is handed over again, as the next revision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.finalise import FinalDocument
from pipeline.storage.atomic import write_atomically
from pipeline.storage.final_files import file_stem, plain_document

LEDGER = "delivered.json"
"""In the output folder of `finalise`: id of a document -> its last revision and the hash of what it said."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document on its way: `id` and `revision` together never stand for two contents."""

    id: str
    revision: int
    file: str
    sha256: str
    bytes: int


def drop_final(folder: Path, ledger: Path, documents: Sequence[FinalDocument]) -> tuple[Delivery, ...]:
    """Write what is new or changed into a folder, then a manifest that names it, then the ledger.

    A manifest appears when all it names is there. Killed before the ledger is written, it does the same again: the same
    files under the same names, which the other side knows by id and revision.

    Args:
        folder: watched by the other system; made when missing.
        ledger: file that remembers what was handed over.
        documents: final ones.

    Returns:
        What was handed over by this call.

    Raises:
        OutputError: a folder cannot be written, or the ledger is damaged.
    """
    known = _read(ledger)
    deliveries = []
    try:
        for document in documents:
            identity = f"{document.source_id}-{document.number}"
            plain = plain_document(document)
            digest = hashlib.sha256(_encoded(plain)).hexdigest()
            earlier = known.get(identity)
            if earlier is not None and earlier["sha256"] == digest:
                continue
            revision = 1 if earlier is None else int(earlier["revision"]) + 1
            content = _encoded({"delivery": {"id": identity, "revision": revision}, **plain})
            name = f"{file_stem(document)}-r{revision}.json"
            write_atomically(folder / name, content)
            known[identity] = {"revision": revision, "sha256": digest}
            deliveries.append(Delivery(identity, revision, name, hashlib.sha256(content).hexdigest(), len(content)))
        if deliveries:
            manifest = _encoded({"schema_version": "1", "documents": [asdict(one) for one in deliveries]})
            write_atomically(folder / f"manifest-{hashlib.sha256(manifest).hexdigest()[:12]}.json", manifest)
            write_atomically(ledger, _encoded(known))
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    return tuple(deliveries)


def _read(ledger: Path) -> dict[str, dict[str, str | int]]:
    try:
        known = json.loads(ledger.read_text(encoding="utf-8"))
        return {str(name): {"revision": int(e["revision"]), "sha256": str(e["sha256"])} for name, e in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{ledger} cannot be read ({error}); without it everything would be handed over anew"
        ) from None


def _encoded(plain: object) -> bytes:
    return json.dumps(plain, ensure_ascii=False, indent=2).encode() + b"\n"
