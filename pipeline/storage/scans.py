"""From a `Source` to its pages, one by one, so that a file of many pages needs the memory of one.

Every file is decoded in a process of its own kind, see `decoder_process`: whatever it does there costs only itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator

from pipeline.document import Page, Source
from pipeline.errors import DecoderDiedError, SourceError, UnreadableFileError
from pipeline.storage.decoder import Decoder
from pipeline.storage.decoder_pool import DECODERS
from pipeline.storage.intake import CHANGED
from pipeline.storage.limits import DEFAULT_LIMITS, ScanLimits

__all__ = ["PageIterator", "ScanLimits", "open_pages", "warm_up"]

LOST_DECODERS = 2
"""So many lost decoders a file: one bad page among good ones costs itself, and a file made of them soon ends."""


class PageIterator(Iterator[Page]):
    """Opens a file when its first page is asked for and closes it behind the last one.

    A damaged page costs only itself: after an error that names a page, iteration may go on with `next()`, which
    gives the following page. After an error that names none, iteration has ended.
    """

    def __init__(self, source: Source, limits: ScanLimits) -> None:
        self._source: Source | None = source
        self._limits = limits
        self._decoder: Decoder | None = None
        self._left_behind: weakref.finalize[[], PageIterator] | None = None
        self._page_count = 0
        self._next_number = 1
        self._lost = 0

    def __next__(self) -> Page:
        """Decode the next page.

        Raises:
            SourceError: one of its kinds, see `pipeline.errors`.
        """
        if self._source is None:
            raise StopIteration
        try:
            if self._decoder is None:
                self._open(self._source)
            if self._next_number > self._page_count:
                if _has_changed(self._source):
                    raise UnreadableFileError(CHANGED)
                raise StopIteration
            number = self._next_number
            self._next_number += 1
            return self._page(number)
        except SourceError as error:
            if _has_changed(self._source):  # which is why, whatever it seemed to be
                self.close()
                raise UnreadableFileError(CHANGED) from error
            self._note_loss(error)
            if error.page is None:
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file before its last page; harmless when it is closed already."""
        self._source = None
        self._part()

    def _open(self, source: Source) -> None:
        decoder = self._take(DECODERS.borrow())
        may_have_died_before = decoder.has_served
        try:
            self._page_count = decoder.open(source, self._limits)
        except DecoderDiedError:
            if not may_have_died_before:
                raise
            # Perhaps of something else, while it waited for this file.
            self._part()
            self._page_count = self._take(Decoder()).open(source, self._limits)

    def _take(self, decoder: Decoder) -> Decoder:
        self._decoder = decoder
        # Whoever leaves half-way without closing leaves no process behind.
        self._left_behind = weakref.finalize(self, decoder.kill)
        return decoder

    def _page(self, number: int) -> Page:
        decoder = self._decoder
        assert decoder is not None
        if decoder.asked_for is None:
            decoder.ask_for(number, self._limits)
        try:
            return decoder.page(number)
        finally:
            # Who wants one page only, wants the first: ahead of the others' need, pages are decoded from the third on.
            if 1 < number < self._page_count and not decoder.is_lost:
                decoder.ask_for(number + 1, self._limits)

    def _note_loss(self, error: SourceError) -> None:
        if self._decoder is None or not self._decoder.is_lost:
            return
        self._part()
        self._lost += 1
        if self._lost >= LOST_DECODERS and error.page is not None:
            error.args = (f"{error}; it is not the first such page, so those after it are left out",)
            error.page = None

    def _part(self) -> None:
        if self._left_behind is not None:
            self._left_behind.detach()
            self._left_behind = None
        if self._decoder is not None:
            DECODERS.give_back(self._decoder)
            self._decoder = None


def _has_changed(source: Source) -> bool:
    return not isinstance(source.content, bytes) and not source.content.is_unchanged()


def open_pages(source: Source, limits: ScanLimits = DEFAULT_LIMITS) -> PageIterator:
    """The pages of a file in order, decoded as they are asked for, in a process that may come to harm.

    Pages come as scanned and as a viewer shows them: turned as PDF or EXIF say, transparent parts on white, with
    square pixels, (H, W) uint8.

    Returns:
        An iterator that raises a `SourceError` where a page or the whole file cannot be read. See `PageIterator`
        for how to go on after a damaged page.
    """
    return PageIterator(source, limits)


def warm_up() -> None:
    """Have a decoder start while the caller loads other things."""
    DECODERS.warm()
