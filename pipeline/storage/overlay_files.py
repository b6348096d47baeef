"""Saves pictures of the pages of a file with the readings drawn in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2

from pipeline.document import Page, SourceResult
from pipeline.errors import OutputError
from pipeline.page_stream import sound_pages
from pipeline.storage.overlay import draw_overlay

JPEG_QUALITY = 85
"""Small print stays sharp; an A4 page of 300 dpi takes about 1 MB instead of 4 MB as PNG."""


def save_overlays(pages: Iterable[Page], result: SourceResult, folder: Path, stem: str) -> tuple[Path, ...]:
    """Save one picture a page as `<stem>-p<number>.jpg`; pages that cannot be decoded have none.

    Raises:
        OutputError: the folder cannot be written to.
    """
    saved: list[Path] = []
    for page in sound_pages(pages, on_damage=lambda _: None):
        picture = draw_overlay(page.gray, result, page.number)
        _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        path = folder / f"{stem}-p{page.number}.jpg"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded.tobytes())
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
        saved.append(path)
    return tuple(saved)
