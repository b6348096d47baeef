"""IDX files as MNIST came in: finding a pair of images and labels by its usual names, and reading it.

Source of the format: LeCun, Cortes & Burges, The MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import DatasetError

IDX_MAGIC = b"\0\0\x08"
"""Two zeros, then the type: unsigned bytes, the only one that pictures and labels come in."""

_GZIP_MAGIC = b"\x1f\x8b"
_PART_WORDS = {"train": ("train",), "test": ("t10k", "test")}
"""How the parts are named by MNIST, EMNIST, QMNIST, KMNIST and Fashion-MNIST."""


def is_idx_name(path: Path) -> bool:
    """Whether a file is named like IDX: `-idx3-ubyte` or `.idx3-ubyte`, with `.gz` or without."""
    return path.name.removesuffix(".gz").endswith("-ubyte")


def labels_beside(images: Path) -> Path:
    """The file of labels that belongs to a file of images.

    Raises:
        DatasetError: there is none by the usual name.
    """
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    candidates = [name, name.removesuffix(".gz"), f"{name}.gz"]
    for candidate in candidates:
        if candidate != images.name and (labels := images.with_name(candidate)).is_file():
            return labels
    raise DatasetError(f"{images}: no labels beside it; expected {images.with_name(candidates[1])}, or with .gz")


def find_idx_pair(folder: Path, part: str) -> tuple[Path, Path] | None:
    """Images and labels in a folder: of the given part, or the only pair there is; None without IDX files.

    Args:
        part: `train` or `test`.

    Raises:
        DatasetError: there are several pairs, none of which is named as the part; or labels are missing.
    """
    found = sorted(path for path in folder.iterdir() if is_idx_name(path) and "images" in path.name)
    if not found:
        return None
    of_part = [path for path in found if any(word in path.name for word in _PART_WORDS[part])]
    chosen = (of_part or found)[0]
    if not of_part and len({path.name.removesuffix(".gz") for path in found}) > 1:
        raise DatasetError(f"{folder} holds several sets of images, none of them named `{part}`; name one of the files")
    return chosen, labels_beside(chosen)


def read_idx(path: Path) -> NDArray[Any]:
    """The array in an IDX file of unsigned bytes, gzipped or not.

    Raises:
        DatasetError: the file cannot be read, is no such file, or is cut off.
    """
    try:
        with path.open("rb") as stream:
            content = gunzipped(stream)
    except (OSError, EOFError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None
    if not content.startswith(IDX_MAGIC) or len(content) < 4:
        raise DatasetError(f"{path} is not an IDX file of unsigned bytes")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DatasetError(f"{path} is cut off within its header")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    expected = int(np.prod(shape, dtype=np.float64))
    if len(content) - start != expected:
        raise DatasetError(f"{path} announces {expected} bytes of data and holds {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def gunzipped(stream: BinaryIO, count: int = -1) -> bytes:
    """The first `count` bytes of a file, or all of it, unpacked when it is gzipped."""
    start = stream.read(2)
    stream.seek(0)
    if start != _GZIP_MAGIC:
        return stream.read(count)
    with gzip.GzipFile(fileobj=stream) as unpacked:
        return unpacked.read(count)
