"""A user's own labelled pictures, parted into training, validation and test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.dataset import DigitSet
from recognizer.digit_files import (
    Part,
    comes_in_parts,
    load_labelled_digits,
    load_own_classes,
    require_every_digit,
)
from recognizer.errors import DatasetError
from recognizer.readings import DIGIT_COUNT
from recognizer.training_options import Classes

_PART = 0.1
"""Of each class, what is kept to validate with, and again to test with where the data has no test part."""


@dataclass(frozen=True, slots=True)
class OwnData:
    """Pictures by use, and the names of their classes in the order of the labels."""

    training: DigitSet
    validation: DigitSet
    test: DigitSet
    classes: tuple[str, ...]


def load_own_data(path: Path, classes: Classes, limit: int | None = None) -> OwnData:
    """Read own data and part it, each class alike.

    Args:
        path: anything that `load_labelled_digits` reads.
        classes: whether labels are the ten digits, or whatever they are.
        limit: take so many pictures only, evenly over the file, for a trial.

    Raises:
        DatasetError: something in the data does not fit, or a class has too few pictures to be parted.
    """
    names: tuple[str, ...] | None = None
    if classes is Classes.OWN:
        everything, names = load_own_classes(path, Part.TRAIN)
    else:
        everything = load_labelled_digits(path, Part.TRAIN).digits
    if limit is not None and limit < len(everything):
        everything = everything.take(np.linspace(0, len(everything) - 1, limit).round().astype(np.intp))
    if classes is Classes.DIGITS:
        require_every_digit(everything, path)
    names = names or tuple(str(digit) for digit in range(DIGIT_COUNT))
    if comes_in_parts(path):
        test = _test_part(path, classes, names)
    else:
        everything, test = split_by_class(everything, names, path)
    training, validation = split_by_class(everything, names, path)
    named = DigitSet(f"{path.stem} test", test.images, test.labels, test.writers)
    return OwnData(training, validation, named, names)


def split_by_class(digits: DigitSet, names: tuple[str, ...], where: Path) -> tuple[DigitSet, DigitSet]:
    """Keep the last tenth of each class, one picture at least, apart from the rest.

    The last, since neighbours in a file share a hand more often than not.

    Raises:
        DatasetError: a class has fewer than two pictures; the message names it.
    """
    kept = np.zeros(len(digits), bool)
    for label, name in enumerate(names):
        rows = np.flatnonzero(digits.labels == label)
        if len(rows) < 2:
            raise DatasetError(f"{where}: class {name!r} has too few pictures to train on, validate and test with")
        kept[rows[len(rows) - max(1, round(_PART * len(rows))) :]] = True
    return digits.take(~kept), digits.take(kept)


def _test_part(path: Path, classes: Classes, names: tuple[str, ...]) -> DigitSet:
    if classes is Classes.OWN:
        return load_own_classes(path, Part.TEST, names)[0]
    return load_labelled_digits(path, Part.TEST).digits
