import numpy as np
import pytest

from pipeline.document import Page
from pipeline.errors import DamagedFileError, SourceError
from pipeline.page_stream import sound_pages


class Scan:
    """Goes on after an error, as `open_pages` does."""

    def __init__(self, *items: int | SourceError) -> None:
        self._items = iter(items)

    def __iter__(self) -> "Scan":
        return self

    def __next__(self) -> Page:
        item = next(self._items)
        if isinstance(item, SourceError):
            raise item
        return Page(item, np.zeros((1, 1), np.uint8), 300)


@pytest.mark.parametrize(
    ("items", "read", "damaged"),
    [
        pytest.param((), [], 0, id="no pages"),
        pytest.param((1, 2), [1, 2], 0, id="sound"),
        pytest.param((1, DamagedFileError("page 2", page=2), 3), [1, 3], 1, id="one page damaged"),
        pytest.param((DamagedFileError("page 1", page=1),), [], 1, id="the only page damaged"),
        pytest.param((1, DamagedFileError("the file ends"), 3), [1], 1, id="the file itself damaged"),
    ],
)
def test_damage_costs_its_page_or_what_is_left_of_the_file(items, read, damaged):
    seen: list[SourceError] = []
    assert [page.number for page in sound_pages(Scan(*items), seen.append)] == read
    assert len(seen) == damaged
