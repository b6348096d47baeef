"""From a path to a `Source`: regular files only, opened once, told apart by their first bytes."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
import time
from pathlib import Path

from pipeline.document import MediaType, Source
from pipeline.errors import (
    EmptyFileError,
    NotAFileError,
    TooLargeError,
    UnreadableFileError,
    UnsupportedTypeError,
)
from pipeline.storage.file_bytes import FileBytes
from pipeline.storage.limits import DEFAULT_LIMITS, ScanLimits
from pipeline.storage.names import display_name

IGNORED_NAMES = (".*", "~*", "*.part", "*.tmp", "thumbs.db")
"""What scanners, copying programs, office programs and file managers leave beside the documents; lower case."""

CHANGED = "changed while it was read; it will be read once it is left alone"

PDF_HEADER_WITHIN = 1024
"""Bytes in which `%PDF-` may stand: mail gateways put lines before it (PDF 1.7 reference, appendix H, note 13)."""


def list_inbox(folder: Path) -> list[Path]:
    """Everything in a folder that is meant as a document, sorted by name.

    Sub-folders are neither listed nor entered, so an output or archive folder may lie in the inbox. Links, FIFOs and
    devices are listed: `take_in` refuses them aloud.

    Raises:
        OSError: the folder cannot be listed.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
    return [folder / name for name in sorted(names) if not is_ignored(name)]


def is_ignored(name: str) -> bool:
    """Whether a file name is one that never holds a document of the user's."""
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in IGNORED_NAMES)


def is_settled(path: Path, wait_s: float, now: float | None = None) -> bool:
    """Whether nobody has written to a file for a while, so that it may be taken from a hot folder.

    Goes by the change time, which every write moves and which no copying program can set back, unlike the
    modification time. False for a file that is not there.

    Args:
        wait_s: how long the file must have been left alone.
        now: seconds since the epoch; the clock when None.
    """
    try:
        changed = path.lstat().st_ctime
    except OSError:
        return False
    return (time.time() if now is None else now) - changed >= wait_s


def take_in(path: Path, limits: ScanLimits = DEFAULT_LIMITS) -> Source:
    """Open a file, find out what it is, and know it by its bytes; they stay in the file until it is decoded.

    Raises:
        NotAFileError: there is nothing, or a link, directory, FIFO or device.
        UnreadableFileError: no permission, an I/O error, or the file changed while it was read.
        EmptyFileError: 0 bytes.
        TooLargeError: more bytes than the limits allow.
        UnsupportedTypeError: the first bytes are those of no format that can be read.
    """
    content = _open_regular_file(path, limits.max_bytes)
    if not len(content):
        raise EmptyFileError("is empty (0 bytes); copy or scan it again")
    digest, start = hashlib.sha256(), b""
    try:
        for block in content.blocks():
            start = start or block[:PDF_HEADER_WITHIN]
            digest.update(block)
        is_unchanged = content.is_unchanged()
    except OSError as error:
        raise UnreadableFileError(f"cannot be read: {error.strerror}") from error
    if not is_unchanged:
        raise UnreadableFileError(CHANGED)
    media_type = media_type_of(start)
    if media_type is MediaType.UNKNOWN:
        raise UnsupportedTypeError("is none of PDF, TIFF, PNG, JPEG, BMP, WebP, GIF and PNM, whatever its name says")
    return Source(digest.hexdigest(), (display_name(path),), media_type, content)


def unread_source(path: Path) -> Source:
    """Stands in results for a file that `take_in` refused: no id, no bytes."""
    return Source("", (display_name(path),), MediaType.UNKNOWN, b"")


def media_type_of(content: bytes) -> MediaType:
    """The format by magic bytes; UNKNOWN when they are those of no format that can be read."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return MediaType.WEBP
    if content[:1] == b"P" and content[1:2] in b"123456" and content[2:3].isspace():
        return MediaType.PNM
    if b"%PDF-" in content[:PDF_HEADER_WITHIN]:
        return MediaType.PDF
    return MediaType.UNKNOWN


_MAGIC = (
    (b"%PDF-", MediaType.PDF),
    (b"II*\0", MediaType.TIFF),
    (b"MM\0*", MediaType.TIFF),
    (b"II+\0", MediaType.TIFF),  # BigTIFF
    (b"MM\0+", MediaType.TIFF),
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"GIF87a", MediaType.GIF),
    (b"GIF89a", MediaType.GIF),
    (b"BM", MediaType.BMP),
)

_KINDS = (
    (stat.S_ISLNK, "a symbolic link; name the file itself"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _open_regular_file(path: Path, max_bytes: int) -> FileBytes:
    try:
        _refuse_special(path.lstat())
        # The file may be swapped between the two calls: O_NOFOLLOW and O_NONBLOCK keep a link or FIFO from being
        # followed or waited for, and what was opened is looked at again.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        content = FileBytes(descriptor)
        _refuse_special(os.fstat(descriptor))
    except FileNotFoundError as error:
        raise NotAFileError("does not exist") from error
    except OSError as error:
        raise UnreadableFileError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise NotAFileError(f"has an impossible name: {error}") from error
    if len(content) > max_bytes:
        raise TooLargeError(f"has {len(content)} bytes; the limit is {max_bytes} (setting scans.max_bytes)")
    return content


def _refuse_special(status: os.stat_result) -> None:
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise NotAFileError(f"is {name}, not a regular file" if "link" not in name else f"is {name}")
