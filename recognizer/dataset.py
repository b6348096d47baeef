"""Labelled digits for training and measuring: reading them, refusing what is wrong, splitting them by writer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import DatasetError
from recognizer.normalize import SIDE_PX, ink_of_picture, normalize_digits
from recognizer.readings import DIGIT_COUNT

IntArray = NDArray[np.int32]
Array = NDArray[Any]

UNKNOWN_WRITER = -1
_VALIDATION_PART = 0.1
_SPLIT_SEED = 20
"""Which writers validate never depends on the seed of a run, so that runs can be compared."""


@dataclass(frozen=True, slots=True)
class DigitSet:
    """Labelled digits, normalised.

    Attributes:
        name: for people, in model cards.
        images: (N, 28, 28) uint8, ink bright on zero, as `normalize_digits` yields them.
        labels: (N,) int32, 0 to 9.
        writers: (N,) int32; equal for digits that may share a hand. -1 where unknown.
    """

    name: str
    images: NDArray[np.uint8]
    labels: IntArray
    writers: IntArray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> DigitSet:
        """The given rows, by mask or by index."""
        return DigitSet(self.name, self.images[rows], self.labels[rows], self.writers[rows])


def join_digits(name: str, sets: Sequence[DigitSet]) -> DigitSet:
    """All digits of several sets. Writers are numbered anew, so that no two sets share one."""
    writers, first = [], 0
    for digits in sets:
        known = digits.writers >= 0
        writers.append(np.where(known, digits.writers + first, UNKNOWN_WRITER).astype(np.int32))
        first += int(digits.writers.max(initial=-1)) + 1
    return DigitSet(
        name,
        np.concatenate([digits.images for digits in sets]),
        np.concatenate([digits.labels for digits in sets]),
        np.concatenate(writers),
    )


def fingerprint(sets: Sequence[DigitSet]) -> str:
    """SHA-256 over images and labels: equal for the same data in the same order."""
    digest = hashlib.sha256()
    for digits in sets:
        digest.update(np.ascontiguousarray(digits.images).tobytes())
        digest.update(np.ascontiguousarray(digits.labels).tobytes())
    return digest.hexdigest()


def split_by_writer(digits: DigitSet) -> tuple[DigitSet, DigitSet]:
    """Part a set into training (about 90 %) and validation (about 10 %), no writer on both sides.

    Digits of unknown writers are split at the tail: neighbours in a file share a hand more often than not.
    """
    writers = np.unique(digits.writers[digits.writers >= 0])
    shuffled = np.random.default_rng(_SPLIT_SEED).permutation(writers)
    chosen = shuffled[: max(1, round(_VALIDATION_PART * len(shuffled)))] if len(shuffled) else shuffled
    validates = np.isin(digits.writers, chosen)
    unknown = np.flatnonzero(digits.writers < 0)
    validates[unknown[len(unknown) - round(_VALIDATION_PART * len(unknown)) :]] = True
    return digits.take(~validates), digits.take(validates)


# --- reading -------------------------------------------------------------------------------------


def load_mnist(data: Path | None) -> tuple[DigitSet, DigitSet]:
    """MNIST's training and test part, with the NIST writer of each digit where that is known.

    Args:
        data: folder with `mnist.npz` and perhaps `mnist_writers.npz`; None, or a folder without the file, lets Keras
            fetch MNIST into its own cache.

    Raises:
        DatasetError: a file is damaged, or MNIST cannot be fetched.
    """
    file = data / "mnist.npz" if data else None
    if file and file.is_file():
        arrays = arrays_of(file, ("x_train", "y_train", "x_test", "y_test"))
    else:
        arrays = _fetched_mnist()
    writers_file = data / "mnist_writers.npz" if data else None
    if writers_file and writers_file.is_file():
        writers = arrays_of(writers_file, ("train_writer", "test_writer"))
    else:
        writers = {
            "train_writer": np.full(len(arrays["y_train"]), UNKNOWN_WRITER),
            "test_writer": np.full(len(arrays["y_test"]), UNKNOWN_WRITER),
        }
    where = str(file or "MNIST")
    return (
        checked_digits("MNIST train", arrays["x_train"], arrays["y_train"], writers["train_writer"], where),
        checked_digits("MNIST test", arrays["x_test"], arrays["y_test"], writers["test_writer"], where),
    )


def load_digits(file: Path, name: str) -> DigitSet:
    """Digits of an NPZ with `x` (N, h, w) uint8, `y` (N,), and perhaps `source`, text that names a hand or an occasion.

    Any size and polarity: each picture goes through `ink_of_picture` and `normalize_digits`.

    Raises:
        DatasetError: the file cannot be used; the message names the array and the row.
    """
    arrays = arrays_of(file, ("x", "y"), optional=("source",))
    if "source" in arrays:
        _, writers = np.unique(arrays["source"], return_inverse=True)
    else:
        writers = np.full(len(arrays["y"]), UNKNOWN_WRITER)
    return _from_pictures(name, arrays["x"], arrays["y"], writers, file)


_REPORTED_EXAM = "1082"
"""The second of the four exams is kept for reporting; the other three may be trained on."""


def load_answer_sheets(file: Path) -> tuple[DigitSet, DigitSet]:
    """Digits from the cells of exam answer sheets: those for training, and those of an exam kept for reporting.

    Args:
        file: NPZ with `x` (N, h, w) uint8, `y` (N,) and `source` (N,), the exam and the page.

    Raises:
        DatasetError: the file cannot be used.
    """
    sources = arrays_of(file, ("source",))["source"]
    reported = np.char.startswith(sources.astype(str), _REPORTED_EXAM)
    digits = load_digits(file, "answer sheets")
    return digits.take(~reported), digits.take(reported)


def _from_pictures(name: str, pictures: Array, labels: Array, writers: Array, file: Path) -> DigitSet:
    if pictures.ndim != 3 or pictures.dtype != np.uint8:
        raise DatasetError(f"{file}: x must be (N, h, w) uint8, not {pictures.shape} {pictures.dtype}")
    images = normalize_digits([ink_of_picture(picture) for picture in pictures.astype(np.uint8, copy=False)])
    return checked_digits(name, images, labels, writers, str(file))


def arrays_of(file: Path, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Array]:
    """Arrays of an NPZ by name.

    Raises:
        DatasetError: the file is missing or damaged, or lacks one of `names`.
    """
    try:
        # Opened here, since NumPy leaves a damaged file open.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            missing = [name for name in names if name not in stored.files]
            if missing:
                raise DatasetError(f"{file}: array {missing[0]} is missing")
            return {name: stored[name] for name in (*names, *optional) if name in stored.files}
    except FileNotFoundError:
        raise DatasetError(f"{file} does not exist") from None
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DatasetError(f"{file} cannot be read as NPZ: {error}") from None


def checked_digits(
    name: str,
    images: Array,
    labels: Array,
    writers: Array,
    where: str,
) -> DigitSet:
    """A set of normalised images, once everything about it is right.

    Raises:
        DatasetError: shapes or types do not fit, or a label is not a digit; the message names `where` and the row.
    """
    if images.ndim != 3 or images.shape[1:] != (SIDE_PX, SIDE_PX) or images.dtype != np.uint8:
        raise DatasetError(f"{where}: {name} images must be (N, 28, 28) uint8, not {images.shape} {images.dtype}")
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise DatasetError(f"{where}: {name} has {len(images)} images but labels {labels.shape} {labels.dtype}")
    if writers.shape != labels.shape:
        raise DatasetError(f"{where}: {name} has {len(images)} images but writers {writers.shape}")
    plain = labels.astype(np.int32)
    wrong = np.flatnonzero((plain < 0) | (plain >= DIGIT_COUNT))
    if len(wrong):
        raise DatasetError(f"{where}: {name} row {wrong[0]}: label {plain[wrong[0]]} is not a digit")
    return DigitSet(name, images.astype(np.uint8, copy=False), plain, writers.astype(np.int32))


def _fetched_mnist() -> dict[str, Array]:
    from keras.datasets import mnist  # Keras takes seconds to import and only this branch needs it

    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # noqa: BLE001 - Keras wraps whatever the network raised in a bare Exception
        raise DatasetError(f"MNIST cannot be fetched ({error}); put mnist.npz into a folder and name it") from None
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
