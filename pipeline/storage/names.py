"""File names as text: safe to print, to put into JSON and to build other file names from, whatever bytes they have."""

from __future__ import annotations

import os
from pathlib import Path

MAX_STEM_BYTES = 200
"""A file name may have 255 bytes (NAME_MAX); this leaves room for the id and for the suffix of a temporary file."""


def display_name(path: Path | str) -> str:
    """A path as text without control characters or bytes that are not UTF-8; those are written as Python does.

    Applying it twice changes nothing.
    """
    return "".join(_displayed(char) for char in os.fspath(path))


def _displayed(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8 (PEP 383)
        code -= 0xDC00
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def safe_stem(name: str) -> str:
    """A file name without suffix that every file system takes and no shell misreads: letters, digits and `-_.`.

    Args:
        name: path or file name as given or as displayed; both lead to the same stem.
    """
    stem = Path(display_name(name)).stem
    kept = "".join(char if char.isalnum() or char in "-_." else "_" for char in stem).lstrip("-.")
    return kept.encode()[:MAX_STEM_BYTES].decode(errors="ignore") or "document"
