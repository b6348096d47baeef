"""Pages of a file that may be damaged in places: what can be decoded goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipeline.document import Page
from pipeline.errors import SourceError


def sound_pages(pages: Iterable[Page], on_damage: Callable[[SourceError], None]) -> Iterator[Page]:
    """Pages that could be decoded; one that could not costs nothing but itself.

    Args:
        pages: in order; an iterator that raises a `SourceError` naming a page may be asked for the next one.
        on_damage: told every error; one that names no page ends the file.
    """
    stream = iter(pages)
    while True:
        try:
            page = next(stream)
        except StopIteration:
            return
        except SourceError as error:
            on_damage(error)
            if error.page is None:
                return
        else:
            yield page
