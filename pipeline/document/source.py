"""What comes in: a file, and its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from recognizer.readings import GrayImage


class MediaType(StrEnum):
    """Formats told apart by magic bytes."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    PNG = "image/png"
    JPEG = "image/jpeg"
    BMP = "image/bmp"
    WEBP = "image/webp"
    GIF = "image/gif"
    PNM = "image/x-portable-anymap"
    UNKNOWN = "application/octet-stream"


class OpenBytes(Protocol):
    """Bytes that stay in their file until somebody decodes them."""

    descriptor: int

    def __len__(self) -> int: ...
    def is_unchanged(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        id: SHA-256 of the bytes, hexadecimal.
        names: every path under which this content was seen, as given.
        media_type: by magic bytes, never by name.
        content: the bytes themselves, or the open file that holds them.
    """

    id: str
    names: tuple[str, ...]
    media_type: MediaType
    content: bytes | OpenBytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page as scanned.

    Attributes:
        number: from 1, its place in the file.
        gray: (H, W) uint8, dark ink on light paper.
        dpi: resolution, from header, PDF matrix or page size; a guess when `is_dpi_doubtful`.
        renderers_differ: a second PDF engine was asked, and shows another page.
    """

    number: int
    gray: GrayImage = field(repr=False)
    dpi: float
    is_dpi_doubtful: bool = False
    renderers_differ: bool = False
