"""Writes labelled digits into a folder that other commands, and other programs, can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import cv2

from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.review_csv import as_text
from pipeline.training_sample import Sample

COLUMNS = ("file", "digit", "judges", "source", "document", "template", "field", "position", "reviewer", "keyed_at")
_NAME_CHARACTERS = 20
"""Of a sample's identity: 80 bits, as in the ids of the queue."""


def write_samples(folder: Path, samples: Sequence[Sample]) -> None:
    """Write `<digit>/<id>.png`, dark on light, and the table `samples.csv` last.

    Raises:
        OutputError: the folder cannot be written.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    try:
        for sample in samples:
            name = f"{sample.digit}/{sample.id[:_NAME_CHARACTERS]}.png"
            write_atomically(folder / name, cv2.imencode(".png", 255 - sample.ink)[1].tobytes())
            writer.writerow(
                (
                    name, sample.digit, "yes" if sample.is_held_out else "no", sample.source_id, sample.document,
                    as_text(sample.template or ""), as_text(sample.field), sample.position, as_text(sample.reviewer),
                    sample.keyed_at,
                )
            )  # fmt: skip
        write_atomically(folder / "samples.csv", table.getvalue().encode("utf-8-sig"))
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
