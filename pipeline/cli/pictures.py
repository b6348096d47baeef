"""Opens the pictures that `read` and `digit` are given: one file, one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline.document import Source
from pipeline.errors import NoPagesError, SourceError
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.names import display_name
from pipeline.storage.scans import open_pages
from recognizer.readings import GrayImage

PICTURES_A_CALL = 64
"""Pictures read by one call of the networks; few enough that lines appear while thousands of files are read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file and what is in it: (h, w) uint8 gray, or the reason why there is none.

    Attributes:
        name: the path as given, safe to print.
    """

    name: str
    gray: GrayImage | None
    error: SourceError | None = None


def open_pictures(paths: Iterable[Path], limits: ScanLimits) -> Iterator[tuple[Picture, ...]]:
    """Open files in portions of `PICTURES_A_CALL`, in order."""
    rest = iter(paths)
    while portion := tuple(islice(rest, PICTURES_A_CALL)):
        yield tuple(_open(path, limits) for path in portion)


def take_in_named(path: Path, limits: ScanLimits) -> Source:
    """A file that is the only one of its command.

    Raises:
        SourceError: it cannot be read; the message begins with its name.
    """
    try:
        return take_in(path, limits)
    except SourceError as error:
        raise type(error)(f"{display_name(path)} {error}", error.page) from error


def grays(pictures: Sequence[Picture]) -> list[GrayImage]:
    """The pictures that could be opened."""
    return [picture.gray for picture in pictures if picture.gray is not None]


def _open(path: Path, limits: ScanLimits) -> Picture:
    name = display_name(path)
    try:
        with closing(open_pages(take_in(path, limits), limits)) as pages:
            page = next(pages, None)
    except SourceError as error:
        return Picture(name, None, error)
    return Picture(name, page.gray) if page else Picture(name, None, NoPagesError("holds no page"))
