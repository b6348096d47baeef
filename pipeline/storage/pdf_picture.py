"""Is a PDF page one scanned picture and nothing else to be seen? Then the picture is the page, pixel by pixel.

Taking it as it is costs a tenth of drawing the page, and nothing is lost to resampling. The test is strict: whatever
is doubtful is drawn. Agreement with pdfium's drawing over encodings, matrices and turns is tested.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c

from pipeline.storage.dpi import with_square_pixels
from pipeline.storage.limits import ScanLimits
from pipeline.storage.shared_memory import release
from recognizer.readings import GrayImage

POINTS_PER_INCH = 72

COVERAGE = 0.98
"""Share of the page that the picture must cover, and share of the picture that must lie on the page."""

UPRIGHT_WITHIN = 0.001
"""Shear against the longer side: below, no pixel of a scanned page is out by more than a few."""


@dataclass(frozen=True)
class PagePicture:
    """The one picture that makes up a page.

    Attributes:
        image: pdfium's object; usable as long as its page is open.
        axes: ((a, b), (c, d)): where the picture's width and height run on the page before its turn, points, y up.
        turn_deg: the page's /Rotate, clockwise.
    """

    image: pypdfium2.PdfImage
    axes: tuple[tuple[float, float], tuple[float, float]]
    turn_deg: int

    def as_displayed(self, gray: GrayImage, limits: ScanLimits, number: int) -> tuple[GrayImage, float | None]:
        """Flip and turn the decoded picture as a viewer shows the page.

        Args:
            gray: (H, W) uint8, first row first in the file.
            number: of the page, named in errors.

        Returns:
            The page and its resolution in dpi, None when its shape makes no sense.

        Raises:
            TooLargeError: with square pixels it has more of them than the limits allow.
        """
        (a, b), (c, d) = self.axes
        height, width = gray.shape
        dpi = (
            width / max(abs(a), abs(b)) * POINTS_PER_INCH,
            height / max(abs(c), abs(d)) * POINTS_PER_INCH,
        )
        upright, resolution = with_square_pixels(gray, dpi, limits, number)
        if abs(a) >= abs(b):
            placed = upright[:: 1 if d > 0 else -1, :: 1 if a > 0 else -1]
        else:  # the picture's rows run up or down the page
            placed = upright.T[:: -1 if b > 0 else 1, :: -1 if c > 0 else 1]
        return np.ascontiguousarray(np.rot90(placed, -self.turn_deg // 90)), resolution


def find_page_picture(page: pypdfium2.PdfPage) -> PagePicture | None:
    """The picture that is all there is to be seen on a page; None when there is more, less or something odd.

    Invisible text, as text recognisers leave it, does not count. Masks of the picture are not looked at, see
    `PictureDictionaries`.
    """
    if pdfium_c.FPDFPage_GetAnnotCount(page) > 0:
        return None
    found = None
    for item in page.get_objects(max_depth=1):
        if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            if pdfium_c.FPDFTextObj_GetTextRenderMode(item) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
                return None
        elif item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE and found is None:
            found = item
        else:
            return None
    if found is None or _is_altered(found):
        return None
    a, b, c, d, x, y = found.get_matrix().get()
    if not _fills((a, b, c, d, x, y), page.get_bbox()):
        return None
    return PagePicture(found, ((a, b), (c, d)), page.get_rotation() % 360)


def _is_altered(image: pypdfium2.PdfImage) -> bool:
    """Clipped, blended, or marked as content that may be switched off."""
    return (
        int(pdfium_c.FPDFClipPath_CountPaths(pdfium_c.FPDFPageObj_GetClipPath(image))) > 0
        or bool(pdfium_c.FPDFPageObj_HasTransparency(image))
        or int(pdfium_c.FPDFPageObj_CountMarks(image)) > 0
    )


def _fills(matrix: Sequence[float], page_box: Sequence[float]) -> bool:
    """Whether a picture under this matrix lies square on the page and fills it."""
    a, b, c, d, x, y = matrix
    shear = min(max(abs(b), abs(c)), max(abs(a), abs(d)))
    if shear > UPRIGHT_WITHIN * max(abs(a), abs(b), abs(c), abs(d)):
        return False
    left, right = sorted((x, x + a + c))
    bottom, top = sorted((y, y + b + d))
    page_left, page_bottom, page_right, page_top = page_box
    shared_width = min(right, page_right) - max(left, page_left)
    shared_height = min(top, page_top) - max(bottom, page_bottom)
    if shared_width <= 0 or shared_height <= 0:
        return False
    shared = shared_width * shared_height
    page_area = (page_right - page_left) * (page_top - page_bottom)
    return shared >= COVERAGE * page_area and shared >= COVERAGE * (right - left) * (top - bottom)


class PictureDictionaries:
    """What the file says about each picture beside its data, found by the data themselves.

    pdfium tells neither whether a picture has a mask nor its /Decode array, and its plain bitmap shows no mask. A
    picture's dictionary always stands uncompressed in the file, right before its data.
    """

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self._content = content
        self._places: dict[tuple[int, bytes], list[int]] = defaultdict(list)
        self._verdicts: dict[tuple[bytes, bool], bool] = {}  # a logo or blank page may come back on every page
        for start in range(0, len(content), _WINDOW_BYTES):
            end = start + _WINDOW_BYTES
            for match in _STREAM_START.finditer(content, start, end + _LONGEST_START):
                if match.start() < end:
                    for offset in _KEY_OFFSETS:
                        key_at = match.end() + offset
                        self._places[offset, content[key_at : key_at + _KEY_BYTES]].append(match.end())
            release(content)

    def is_plain(self, data: bytes, is_jpeg: bool) -> bool:
        """Whether the picture with these data is shown just as it decodes.

        Args:
            data: raw data of the picture, still under all its filters.
            is_jpeg: its samples will be taken from the JPEG itself, to which /Decode would have to be applied.

        Returns:
            False also when the data are not in the file as they are: an inline picture, or an encrypted file.
        """
        key = (hashlib.sha256(data).digest(), is_jpeg)
        if key not in self._verdicts:
            unwanted = _MASKED_OR_REMAPPED if is_jpeg else _MASKED
            texts = [self._text_before(place) for place in self._places_of(data)]
            self._verdicts[key] = bool(texts) and not any(unwanted.search(text) for text in texts)
        return self._verdicts[key]

    def _places_of(self, data: bytes) -> Iterator[int]:
        offset = max(offset for offset in _KEY_OFFSETS if offset == 0 or offset + _KEY_BYTES <= len(data))
        candidates = self._places.get((offset, data[offset : offset + _KEY_BYTES]), ())
        return (place for place in candidates if self._is_at(place, data))

    def _is_at(self, place: int, data: bytes) -> bool:
        """The end is looked at first: scans of one form differ late, and a long file should not be read for each."""
        end = place + len(data)
        is_likely = self._content[max(place, end - _KEY_BYTES) : end] == data[-_KEY_BYTES:]
        return is_likely and self._content[place:end] == data

    def _text_before(self, place: int) -> bytes:
        """What stands between the last start of an object and its data; more than that when no start is found."""
        text = self._content[max(0, place - _DICTIONARY_WITHIN) : place]
        starts = [match.end() for match in _OBJECT_START.finditer(text)]
        return text[starts[-1] :] if starts else text


_STREAM_START = re.compile(rb"stream(?:\r\n|\n|\r)")
_LONGEST_START = len(b"stream\r\n")
_WINDOW_BYTES = 8 << 20
"""So much of a file is in memory at a time while it is looked through."""
_KEY_BYTES = 64
_KEY_OFFSETS = (0, 4096)
"""Where in the data the keys are taken: the scans of a batch begin alike, with a header and the coder's tables."""
_DICTIONARY_WITHIN = 4096
_OBJECT_START = re.compile(rb"\d{1,10}\s{1,9}\d{1,5}\s{1,9}obj")


def _any_name(*names: str) -> re.Pattern[bytes]:
    """Matches PDF names, whose letters may be written as `#xx`."""
    spelled = ["".join(f"(?:{char}|#(?i:{ord(char):02x}))" for char in name) for name in names]
    return re.compile(f"/(?:{'|'.join(spelled)})(?![A-Za-z#])".encode())


_MASKED = _any_name("SMask", "Mask", "ImageMask", "SMaskInData", "OC")
_MASKED_OR_REMAPPED = _any_name("SMask", "Mask", "ImageMask", "SMaskInData", "OC", "Decode")
