"""Pictures for the station: the field from the queue, the page from the scan, if it still lies where it was read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from pipeline.document import Polygon
from pipeline.errors import SourceError, UnreadableFileError
from pipeline.storage.intake import take_in
from pipeline.storage.limits import ScanLimits
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import ReviewItem
from pipeline.storage.scans import open_pages
from recognizer.readings import GrayImage

PAGE_WIDTH = 1600
"""Fits a screen, and small print stays readable."""
PAGES_KEPT = 4
MARK = (235, 111, 31)
"""The accent colour of the pages, in OpenCV's order."""
MARGIN_SHARE = 0.35
"""Of a field's height: paper shown round a field that is cut out here."""
JPEG_QUALITY = 85
COVER = 200
"""Gray level over what is not to be seen: lighter than ink, so that nobody takes it for a bar on the form."""
COVER_SHARE = 0.4
"""Of a field's height: covered round it, since writing leaves its box."""


class StationPictures:
    """Finds pictures; keeps the last pages, since the fields of one come one after another."""

    def __init__(self, desk: ReviewDesk, limits: ScanLimits) -> None:
        self._desk = desk
        self._limits = limits
        self._pages: OrderedDict[tuple[str, int], GrayImage] = OrderedDict()
        self._decoding = threading.Lock()

    def crop_png(self, item: ReviewItem) -> bytes:
        """PNG of a field, upright: as it was read, else cut out of its page.

        Raises:
            SourceError: the queue has no picture of it, and the scan cannot be had.
        """
        kept = self._desk.crop_png(item.id)
        if kept is not None:
            return kept
        _, encoded = cv2.imencode(".png", cut_out(self._page(item), item.polygon_px))
        return encoded.tobytes()

    def page_jpeg(self, item: ReviewItem, covered: Sequence[Polygon] = ()) -> bytes:
        """JPEG of the page with the field marked.

        Args:
            covered: what is not to be seen, page pixels.

        Raises:
            SourceError: the scan cannot be had.
        """
        gray = self._page(item)
        scale = min(1.0, PAGE_WIDTH / gray.shape[1])
        small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for polygon in covered:
            left, top, right, bottom = _around(polygon, scale, _height(polygon, scale) * COVER_SHARE)
            small[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = COVER
        picture = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
        room = max(4, round(0.004 * picture.shape[1]))
        left, top, right, bottom = _around(item.polygon_px, scale, room)
        cv2.rectangle(picture, (left, top), (right, bottom), MARK, max(2, room // 2), cv2.LINE_AA)
        _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return encoded.tobytes()

    def _page(self, item: ReviewItem) -> GrayImage:
        place = (item.source_id, item.page)
        with self._decoding:
            if place not in self._pages:
                self._pages[place] = self._decode(item)
                while len(self._pages) > PAGES_KEPT:
                    self._pages.popitem(last=False)
            self._pages.move_to_end(place)
            return self._pages[place]

    def _decode(self, item: ReviewItem) -> GrayImage:
        for name in item.source_names:
            try:
                source = take_in(Path(name), self._limits)
            except SourceError:
                continue
            if source.id != item.source_id:
                continue  # another file has taken its place
            with closing(open_pages(source, self._limits)) as pages:
                for page in pages:
                    if page.number == item.page:
                        return page.gray
        raise UnreadableFileError("the scan is no longer where it was read from")


def _around(polygon: Polygon, scale: float, room: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of an upright box round a field, in pixels of the scaled page."""
    corners = np.array(polygon) * scale
    (left, top), (right, bottom) = np.floor(corners.min(axis=0) - room), np.ceil(corners.max(axis=0) + room)
    return int(left), int(top), int(right), int(bottom)


def _height(polygon: Polygon, scale: float) -> float:
    corners = np.array(polygon) * scale
    return float(np.linalg.norm(corners[3] - corners[0]))


def cut_out(page: GrayImage, polygon: Polygon) -> GrayImage:
    """(h, w) uint8 upright picture of a field, with a margin, at the resolution of its page (H, W) uint8."""
    corners = np.array(polygon, np.float32)
    width = max(1.0, float(np.linalg.norm(corners[1] - corners[0])))
    height = max(1.0, float(np.linalg.norm(corners[3] - corners[0])))
    margin = MARGIN_SHARE * height
    right, bottom = margin + width, margin + height
    inner = np.array([(margin, margin), (right, margin), (right, bottom), (margin, bottom)], np.float32)
    size = (round(width + 2 * margin), round(height + 2 * margin))
    matrix = cv2.getPerspectiveTransform(corners, inner)
    return np.asarray(cv2.warpPerspective(page, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
