from __future__ import annotations

import errno
import hashlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import MediaType
from pipeline.errors import (
    EmptyFileError,
    NotAFileError,
    TooLargeError,
    UnreadableFileError,
    UnsupportedTypeError,
)
from pipeline.storage.intake import (
    is_ignored,
    is_settled,
    list_inbox,
    media_type_of,
    take_in,
    unread_source,
)
from pipeline.storage.limits import ScanLimits

PNG = b"\x89PNG\r\n\x1a\n" + b"rest"


def write(path: Path, content: bytes = PNG) -> Path:
    path.write_bytes(content)
    return path


def test_a_file_is_known_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    source = take_in(write(tmp_path / "a.pdf"))
    assert source.id == hashlib.sha256(PNG).hexdigest()
    assert b"".join(source.content.blocks()) == PNG
    assert len(source.content) == len(PNG)
    assert source.names == (str(tmp_path / "a.pdf"),)
    assert source.media_type is MediaType.PNG


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7\n", MediaType.PDF),
        (b"X-Mail: 1\r\n" * 60 + b"%PDF-1.4", MediaType.PDF),
        (b"II*\0....", MediaType.TIFF),
        (b"MM\0*....", MediaType.TIFF),
        (b"II+\0....", MediaType.TIFF),
        (b"\xff\xd8\xff\xe0", MediaType.JPEG),
        (PNG, MediaType.PNG),
        (b"GIF89a", MediaType.GIF),
        (b"RIFF\0\0\0\0WEBPVP8 ", MediaType.WEBP),
        (b"RIFF\0\0\0\0WAVEfmt ", MediaType.UNKNOWN),
        (b"BM....", MediaType.BMP),
        (b"P5\n2 2 255\n", MediaType.PNM),
        (b"P7\n", MediaType.UNKNOWN),
        (b"PK\x03\x04", MediaType.UNKNOWN),
        (b"<svg/>", MediaType.UNKNOWN),
        (b"<html>", MediaType.UNKNOWN),
        (b"x" * 2000 + b"%PDF-1.4", MediaType.UNKNOWN),
        (b"P", MediaType.UNKNOWN),
        (b"", MediaType.UNKNOWN),
    ],
)
def test_the_first_bytes_decide_the_type(content: bytes, media_type: MediaType) -> None:
    assert media_type_of(content) is media_type


def test_the_name_does_not_decide_the_type(tmp_path: Path) -> None:
    assert take_in(write(tmp_path / "picture.pdf")).media_type is MediaType.PNG
    with pytest.raises(UnsupportedTypeError, match="none of PDF, TIFF"):
        take_in(write(tmp_path / "page.pdf", b"<html>404</html>"))


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(EmptyFileError):
        take_in(write(tmp_path / "a.pdf", b""))


def make_link(path: Path) -> None:
    write(path.with_name("target.png"))
    path.symlink_to("target.png")


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is limited to 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_link, "symbolic link"),
        (lambda path: path.symlink_to("nowhere"), "symbolic link"),
        (lambda path: path.symlink_to(path.name), "symbolic link"),
        (lambda path: path.symlink_to("/dev/zero"), "symbolic link"),
        (os.mkfifo, "FIFO"),
        (Path.mkdir, "folder"),
        (make_socket, "socket"),
        (lambda _: None, "does not exist"),
    ],
    ids=["link", "dangling link", "link to itself", "link to a device", "FIFO", "folder", "socket", "nothing"],
)
@pytest.mark.timeout(5)
def test_only_regular_files_are_opened(make, kind: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.pdf"
    make(path)
    with pytest.raises(NotAFileError, match=kind):
        take_in(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(NotAFileError, match="device"):
        take_in(Path("/dev/zero"))


def test_an_impossible_name_is_no_file() -> None:
    with pytest.raises(NotAFileError, match="impossible name"):
        take_in(Path("a\0b.pdf"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE], ids=["permission", "disk", "network"])
def test_a_file_whose_bytes_cannot_be_had_is_unreadable(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    path = write(tmp_path / "a.pdf")
    monkeypatch.setattr(os, "open", refuse)  # permissions do not bind the root user
    with pytest.raises(UnreadableFileError, match=os.strerror(number)):
        take_in(path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png")
    take_in(path, ScanLimits(max_bytes=len(PNG)))
    with pytest.raises(TooLargeError, match="max_bytes"):
        take_in(path, ScanLimits(max_bytes=len(PNG) - 1))


def test_a_file_that_grows_while_it_is_read_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.png")
    real_fstat = os.fstat
    calls = 0

    def fstat_of_a_growing_file(descriptor: int) -> os.stat_result:
        nonlocal calls
        calls += 1
        status = real_fstat(descriptor)
        if calls == 1:
            with path.open("ab") as file:
                file.write(b"more")
        return status

    monkeypatch.setattr(os, "fstat", fstat_of_a_growing_file)
    with pytest.raises(UnreadableFileError, match="changed while it was read"):
        take_in(path)


AWKWARD_NAMES = {
    "not UTF-8": b"bad\xff\xfeutf8.png",
    "newline": b"new\nline.png",
    "quotes": b"q';touch x.png",
    "leading dash": b"-r 5.png",
    "percent": b"%05d.png",
    "as long as can be": b"a" * 251 + b".png",
    "letters of many scripts": "ünï-日本.png".encode(),
}


@pytest.mark.parametrize("name", AWKWARD_NAMES.values(), ids=AWKWARD_NAMES.keys())
def test_any_name_the_file_system_allows_is_taken_in(name: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / os.fsdecode(name))
    (listed,) = list_inbox(tmp_path)
    assert listed == path
    (shown,) = take_in(listed).names
    assert shown.isprintable()
    shown.encode("utf-8")  # JSON and terminals take it


def test_a_stand_in_for_what_could_not_be_read_has_no_id() -> None:
    source = unread_source(Path(os.fsdecode(b"in/bad\xff.pdf")))
    assert source.id == ""
    assert source.names == ("in/bad\\xff.pdf",)
    assert source.content == b""


# --- folders ---------------------------------------------------------------------------------------


def test_an_inbox_is_listed_by_name_without_folders_and_leftovers(tmp_path: Path) -> None:
    for name in ("b.pdf", "a.tif", "c.part", "d.tmp", "~e.pdf", ".DS_Store", "Thumbs.db", ".hidden.pdf", "F.PART"):
        write(tmp_path / name)
    (tmp_path / "done").mkdir()
    write(tmp_path / "done" / "old.pdf")
    os.mkfifo(tmp_path / "z.fifo")
    (tmp_path / "y.pdf").symlink_to("a.tif")
    assert [path.name for path in list_inbox(tmp_path)] == ["a.tif", "b.pdf", "y.pdf", "z.fifo"]


def test_an_empty_inbox_is_an_empty_list(tmp_path: Path) -> None:
    assert list_inbox(tmp_path) == []


def test_a_missing_inbox_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_inbox(tmp_path / "nowhere")


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20))
def test_whether_a_name_is_ignored_depends_on_its_ends_alone(name: str) -> None:
    assert is_ignored(name + ".part")
    assert is_ignored("." + name)
    assert is_ignored("~" + name)


def test_a_file_is_settled_once_it_has_been_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf")
    changed = path.stat().st_ctime
    assert not is_settled(path, 10, now=changed + 9)
    assert is_settled(path, 10, now=changed + 10)
    assert not is_settled(path, 3600)
    assert is_settled(path, 0)


def test_an_old_modification_time_does_not_settle_a_file_that_is_being_copied(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf")
    os.utime(path, (0, 0))
    assert not is_settled(path, 60)


def test_a_file_that_is_not_there_is_not_settled(tmp_path: Path) -> None:
    assert not is_settled(tmp_path / "a.pdf", 0)
