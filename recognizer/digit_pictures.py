"""Labelled pictures from folders and tables, not yet normalised."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from recognizer.errors import DatasetError
from recognizer.readings import DIGIT_COUNT, GrayImage

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM")
_NOT_PICTURES = {"thumbs.db", "desktop.ini"}
"""What file managers leave behind; hidden files are passed over as well."""
_INTEGER = re.compile(r"\s*[+-]?\d+\s*")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures as they were found.

    Attributes:
        pictures: (h, w) uint8 each, any polarity.
        labels: (N,), not yet checked to be digits; text where any label was asked for.
        places: file or row of each, for people.
    """

    pictures: Sequence[GrayImage]
    labels: NDArray[np.generic]
    places: tuple[str, ...]


LabelReader = Callable[[str, str], int | str]
"""From the text of a label, and where it stands, to the label; refuses by DatasetError."""


def digit_label(text: str, where: str) -> int:
    """A label that must be a digit.

    Raises:
        DatasetError: it is none.
    """
    if not _INTEGER.fullmatch(text):
        raise DatasetError(f"{where}: label {text.strip()!r} is not a digit")
    label = int(text)
    if not 0 <= label < DIGIT_COUNT:
        raise DatasetError(f"{where}: label {label} is not a digit")
    return label


def any_label(text: str, where: str) -> str:
    """A label that may be anything but empty.

    Raises:
        DatasetError: it is empty.
    """
    if not text.strip():
        raise DatasetError(f"{where}: the label is empty")
    return text.strip()


def read_folder(folder: Path, label_of: LabelReader = digit_label) -> Labelled:
    """Pictures in folders named after the digit, or whatever class, they show.

    Raises:
        DatasetError: a folder that names no digit or holds no picture, or a picture that cannot be read.
    """
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not classes:
        raise DatasetError(f"{folder} holds neither IDX files nor folders of pictures named 0 to 9")
    files: list[tuple[Path, int | str]] = []
    for entry in classes:
        label = label_of(entry.name, f"{entry}: a folder of pictures must be named after what they show")
        pictures = sorted(file for file in entry.iterdir() if file.is_file() and not _is_left_over(file.name))
        if not pictures:
            raise DatasetError(f"{entry} holds no picture")
        files += [(file, label) for file in pictures]
    return Labelled(
        [gray_of_file(file) for file, _ in files],
        np.array([label for _, label in files]),
        tuple(str(file.relative_to(folder)) for file, _ in files),
    )


def table_header(path: Path) -> list[str]:
    """The cells of the first line of a table, lower case; a first line of numbers counts too."""
    with _opened(path) as stream:
        return [cell.strip().lower() for cell in next(csv.reader(stream), [])]


def read_crop_table(path: Path, label_of: LabelReader = digit_label) -> Labelled:
    """A CSV with the columns `file` and `label`; files are relative to it.

    Raises:
        DatasetError: a column is missing, a label is no digit, or a file cannot be read; the message names the line.
    """
    header = table_header(path)
    if "label" not in header:
        raise DatasetError(f"{path}: the column label is missing")
    file_at, label_at = header.index("file"), header.index("label")
    pictures, labels, places = [], [], []
    for line, cells in _lines(path, skip=1):
        if len(cells) != len(header):
            raise DatasetError(f"{path}, line {line}: {len(cells)} cells, where the first line has {len(header)}")
        labels.append(label_of(cells[label_at], f"{path}, line {line}"))
        try:
            pictures.append(gray_of_file(path.parent / cells[file_at].strip()))
        except DatasetError as error:
            raise DatasetError(f"{path}, line {line}: {error}") from None
        places.append(cells[file_at].strip())
    return Labelled(pictures, np.array(labels), tuple(places))


def read_pixel_table(path: Path, label_of: LabelReader = digit_label) -> Labelled:
    """A CSV with a label and the pixels of a square picture in each line, below a header or without one.

    Raises:
        DatasetError: the pixels make no square, a number is out of range or missing; the message names the line.
    """
    header = table_header(path)
    has_header = not all(_INTEGER.fullmatch(cell) for cell in header)
    side = math.isqrt(max(0, len(header) - 1))
    if side == 0 or side * side != len(header) - 1 or (has_header and header[0] != "label"):
        raise DatasetError(f"{path}: needs the columns file and label, or label and the pixels of a square picture")
    pictures, labels, places = [], [], []
    for line, cells in _lines(path, skip=int(has_header)):
        where = f"{path}, line {line}"
        if len(cells) != len(header):
            raise DatasetError(f"{where}: {len(cells)} numbers, where the first line has {len(header)}")
        labels.append(label_of(cells[0], where))
        pictures.append(_pixels(cells[1:], where).reshape(side, side))
        places.append(f"line {line}")
    return Labelled(pictures, np.array(labels), tuple(places))


def gray_of_file(file: Path) -> GrayImage:
    """A picture as it looks on white paper: (h, w) uint8.

    Raises:
        DatasetError: it is missing, damaged, no picture, or has more than 8 bits a sample.
    """
    try:
        with Image.open(io.BytesIO(file.read_bytes()), formats=_FORMATS) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode == "F" or image.mode.startswith("I"):
                raise DatasetError(f"{file}: more than 8 bits a sample; save it with 8")
            if image.has_transparency_data:
                paper = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(paper, image.convert("RGBA"))
            return np.array(image.convert("L"))
    except FileNotFoundError:
        raise DatasetError(f"{file} does not exist") from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{file} cannot be read as a picture: {error}") from None


def _opened(path: Path) -> io.StringIO:
    try:
        return io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read as a table: {error}") from None


def _lines(path: Path, skip: int) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, numbered from 1 as an editor does."""
    with _opened(path) as stream:
        reader = csv.reader(stream)
        for cells in reader:
            if reader.line_num > skip and cells:
                yield reader.line_num, cells


def _pixels(cells: Sequence[str], where: str) -> NDArray[np.uint8]:
    try:
        pixels = np.array(cells).astype(np.int64)
    except (ValueError, OverflowError):
        wrong = next(place for place, cell in enumerate(cells) if not _INTEGER.fullmatch(cell))
        raise DatasetError(f"{where}: pixel {wrong} is {cells[wrong].strip()!r}, not a number from 0 to 255") from None
    outside = np.flatnonzero((pixels < 0) | (pixels > 255))
    if len(outside):
        raise DatasetError(f"{where}: pixel {outside[0]} is {pixels[outside[0]]}, not a number from 0 to 255")
    return pixels.astype(np.uint8)


def _is_left_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NOT_PICTURES
