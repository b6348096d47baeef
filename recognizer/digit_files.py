"""Labelled digits in whatever form people keep them: NPZ, IDX, a folder a digit, a table of crops or of pixels.

Any size and polarity: every picture goes through the normalisation of production.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.dataset import UNKNOWN_WRITER, DigitSet, arrays_of, checked_digits
from recognizer.digit_pictures import (
    Labelled,
    LabelReader,
    any_label,
    digit_label,
    read_crop_table,
    read_folder,
    read_pixel_table,
    table_header,
)
from recognizer.errors import DatasetError
from recognizer.idx import IDX_MAGIC, find_idx_pair, gunzipped, is_idx_name, labels_beside, read_idx
from recognizer.normalize import ink_of_picture, normalize_digits
from recognizer.readings import DIGIT_COUNT


class Part(StrEnum):
    """Which part of a data set that comes in two."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class LabelledDigits:
    """Digits and where each came from.

    Attributes:
        places: (N) file or row of each digit, for people.
    """

    digits: DigitSet
    places: tuple[str, ...]


def load_labelled_digits(path: Path, part: Part = Part.TEST) -> LabelledDigits:
    """Read labelled digits.

    Args:
        path: one of
            an NPZ with `x` (N, h, w) uint8 and `y` (N,), or with x_train, y_train, x_test, y_test as Keras has it;
            an IDX file of images, gzipped or not, with its labels beside it, or the folder of such pairs;
            a folder with a folder of pictures for each digit, named 0 to 9;
            a CSV with the columns `file` and `label`, files relative to the CSV;
            a CSV of pixels: `label` first, then the pixels of a square picture row by row.
        part: of data sets that come in two parts; those that do not are taken whole.

    Raises:
        DatasetError: nothing there, or something that does not fit; the message names the file and the row.
    """
    labelled = _read(path, part, digit_label)
    images, writers = _images(path, labelled), np.full(len(labelled.pictures), UNKNOWN_WRITER)
    return LabelledDigits(checked_digits(path.stem, images, labelled.labels, writers, str(path)), labelled.places)


def load_own_classes(path: Path, part: Part, names: tuple[str, ...] | None = None) -> tuple[DigitSet, tuple[str, ...]]:
    """Read labelled pictures of any classes: letters, or the digits of another script.

    Args:
        path: as for `load_labelled_digits`; folders and labels may have any names.
        part: of data sets that come in two parts.
        names: the classes that are known; None: those that are found, numbers by size and before words.

    Returns:
        The pictures, normalised, labels being places among the names; and the names.

    Raises:
        DatasetError: as `load_labelled_digits`; or a class that is not among `names`, with its file or row.
    """
    labelled = _read(path, part, any_label)
    images = _images(path, labelled)
    found = labelled.labels.astype(str)
    known = names or tuple(sorted(set(found.tolist()), key=_by_size))
    places = {name: place for place, name in enumerate(known)}
    for row, name in enumerate(found.tolist()):
        if name not in places:
            raise DatasetError(f"{path}, {labelled.places[row]}: class {name!r} does not occur in training")
    labels = np.array([places[name] for name in found.tolist()], np.int32)
    return DigitSet(path.stem, images, labels, np.full(len(labels), UNKNOWN_WRITER, np.int32)), known


def comes_in_parts(path: Path) -> bool:
    """Whether a data set has a training and a test part of its own.

    Raises:
        DatasetError: nothing there, or it cannot be read.
    """
    if path.is_dir():
        return find_idx_pair(path, Part.TRAIN) != find_idx_pair(path, Part.TEST)
    if not _first_bytes(path).startswith(b"PK"):
        return False
    return {"x_train", "x_test"} <= arrays_of(path, (), optional=("x_train", "x_test")).keys()


def _images(path: Path, labelled: Labelled) -> NDArray[np.uint8]:
    if not len(labelled.pictures):
        raise DatasetError(f"{path} holds no digits")
    return normalize_digits([ink_of_picture(picture) for picture in labelled.pictures])


def _by_size(name: str) -> tuple[bool, int, str]:
    return (False, int(name), name) if name.isascii() and name.isdigit() else (True, 0, name)


def require_every_digit(digits: DigitSet, where: Path) -> None:
    """Refuse to learn from a set that lacks a digit: a network would never say it again.

    Raises:
        DatasetError: there is no example of some digit; the message names the first.
    """
    counts = np.bincount(digits.labels, minlength=DIGIT_COUNT)
    if not counts.all():
        raise DatasetError(f"{where} holds no example of the digit {int(np.argmin(counts))}; training needs all ten")


def _read(path: Path, part: Part, label_of: LabelReader) -> Labelled:
    if path.is_dir():
        pair = find_idx_pair(path, part.value)
        return _idx(*pair) if pair else read_folder(path, label_of)
    start = _first_bytes(path)
    if start.startswith(b"PK"):
        return _npz(path, part)
    if is_idx_name(path) or start.startswith(IDX_MAGIC):
        return _idx(path, labels_beside(path))
    if b"\0" in start:
        raise DatasetError(f"{path} is none of NPZ, IDX, CSV and a folder of pictures")
    header = table_header(path)
    return (read_crop_table if "file" in header else read_pixel_table)(path, label_of)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return gunzipped(stream, 64)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist") from None
    except (OSError, EOFError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def _npz(path: Path, part: Part) -> Labelled:
    keras_layout = (f"x_{part}", f"y_{part}")
    found = arrays_of(path, (), optional=("x", "y", *keras_layout))
    x_name, y_name = ("x", "y") if "x" in found else keras_layout
    for name in (x_name, y_name):
        if name not in found:
            raise DatasetError(f"{path}: array {name} is missing; either x and y or {' and '.join(keras_layout)}")
    return _arrays(path, x_name, found[x_name], y_name, found[y_name])


def _idx(images: Path, labels: Path) -> Labelled:
    return _arrays(images, images.name, read_idx(images), labels.name, read_idx(labels))


def _arrays(path: Path, x_name: str, x: NDArray[Any], y_name: str, y: NDArray[Any]) -> Labelled:
    for name, array in ((x_name, x), (y_name, y)):
        if np.issubdtype(array.dtype, np.floating) and len(rows := np.argwhere(np.isnan(array))):
            raise DatasetError(f"{path}: {name} row {rows[0][0]} is not a number (NaN)")
    if x.ndim != 3 or x.dtype != np.uint8 or not all(x.shape[1:]):
        raise DatasetError(f"{path}: {x_name} must be (N, h, w) uint8, 0 to 255, not {x.shape} {x.dtype}")
    if y.shape != (len(x),):
        raise DatasetError(f"{path}: {x_name} has {len(x)} pictures but {y_name} is {y.shape}; one label each")
    return Labelled(tuple(x), y, tuple(f"row {row}" for row in range(len(x))))
