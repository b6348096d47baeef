"""Real strips watched while training: read for the curve of exact match, never learnt from."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from recognizer.errors import DatasetError
from recognizer.readings import GrayImage

Half = Literal["tune", "report"]


@dataclass(frozen=True, slots=True)
class LabelledStrip:
    """A strip and the digits written on it."""

    gray: GrayImage
    label: str


def half_of(file: str) -> Half:
    """Which half a cheque amount belongs to: by hash of its name, so that anybody splits alike."""
    return "tune" if int(hashlib.md5(file.encode(), usedforsecurity=False).hexdigest(), 16) % 2 else "report"


def load_amounts(folder: Path, half: Half) -> tuple[LabelledStrip, ...]:
    """Read one half of a folder of cheque amounts: `labels.csv` (file, label) and `images/`.

    Raises:
        DatasetError: the folder has no such layout, or a picture cannot be read.
    """
    try:
        with (folder / "labels.csv").open(newline="") as table:
            rows = list(csv.DictReader(table))
    except OSError as error:
        raise DatasetError(f"{folder}: needs labels.csv and images/ ({error})") from error
    strips = []
    for row in rows:
        if half_of(row["file"]) != half:
            continue
        picture = cv2.imread(str(folder / "images" / row["file"]), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise DatasetError(f"{folder / 'images' / row['file']}: not a readable picture")
        strips.append(LabelledStrip(np.asarray(picture, np.uint8), row["label"]))
    return tuple(strips)


def edit_distance(first: str, second: str) -> int:
    """Insertions, deletions and substitutions between two strings."""
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        before, row[0] = row[0], i
        for j, right in enumerate(second, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
