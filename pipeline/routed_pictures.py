"""Pictures of accepted fields, for second keys and audits: whoever keys them needs to see what he keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence

from pipeline.document import DocumentResult
from pipeline.process import PageTrace
from pipeline.storage.review_filling import Crops
from recognizer.readings import GrayImage


class RoutedPictures:
    """Pictures of all fields of one file.

    Args:
        kept: where they are, by page number and name; better not in memory.
    """

    def __init__(self, kept: MutableMapping[tuple[int, str], GrayImage]) -> None:
        self._kept = kept

    def keep(self, page: PageTrace) -> None:
        """Keep the pictures of one page."""
        for trace in page.fields:
            region = trace.segmentation.region
            self._kept[page.facts.number, region.spec.name] = region.image

    def beside(self, crops: Crops, documents: Sequence[DocumentResult]) -> Crops:
        """Pictures of the fields in review and of all others, by document number and name."""
        pages = {
            (document.number, reading.name): reading.page
            for document in documents
            for reading in document.fields
            if (reading.page, reading.name) in self._kept
        }
        return _Both(crops, self._kept, pages)


class _Both(Mapping[tuple[int, str], GrayImage]):
    """Fetches a picture when it is asked for."""

    def __init__(
        self, crops: Crops, kept: Mapping[tuple[int, str], GrayImage], pages: Mapping[tuple[int, str], int]
    ) -> None:
        self._crops, self._kept, self._pages = crops, kept, pages

    def __getitem__(self, key: tuple[int, str]) -> GrayImage:
        return self._crops[key] if key in self._crops else self._kept[self._pages[key], key[1]]

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter({**self._pages, **dict.fromkeys(self._crops)})

    def __len__(self) -> int:
        return len(self._pages.keys() | self._crops.keys())
