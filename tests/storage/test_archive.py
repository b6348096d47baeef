from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.storage import archive as archive_module
from pipeline.storage.archive import move_to_archive

CONTENT = b"what stands on a form" * 100
ID = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "inbox" / "a.pdf"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "done"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_original_moves_whole(original, archive):
    assert move_to_archive(original, ID, archive) == archive / "a.pdf"
    assert (archive / "a.pdf").read_bytes() == CONTENT
    assert not original.exists()


def test_another_file_of_the_same_name_is_not_overwritten(original, archive):
    archive.mkdir()
    (archive / "a.pdf").write_bytes(b"of last year")
    assert move_to_archive(original, ID, archive) == archive / f"a-{ID[:8]}.pdf"
    assert (archive / "a.pdf").read_bytes() == b"of last year"
    assert (archive / f"a-{ID[:8]}.pdf").read_bytes() == CONTENT


def test_a_copy_left_by_a_killed_run_is_enough(original, archive):
    archive.mkdir()
    (archive / "a.pdf").write_bytes(CONTENT)
    assert move_to_archive(original, ID, archive) == archive / "a.pdf"
    assert not original.exists()
    assert names(archive) == ["a.pdf"]


def test_a_file_that_holds_other_content_than_was_read_stays(original, archive):
    original.write_bytes(b"scanned anew meanwhile")
    assert move_to_archive(original, ID, archive) is None
    assert original.read_bytes() == b"scanned anew meanwhile"
    assert names(archive) == []


def test_a_file_written_to_while_it_is_copied_stays(original, archive, monkeypatch):
    copy = archive_module._copy

    def copy_and_be_overtaken(descriptor, place, source_id):
        done = copy(descriptor, place, source_id)
        with original.open("ab") as file:
            file.write(b"one page more")
        return done

    monkeypatch.setattr(archive_module, "_copy", copy_and_be_overtaken)
    assert move_to_archive(original, ID, archive) is None
    assert original.read_bytes() == CONTENT + b"one page more"


def test_what_is_gone_or_a_link_by_now_is_left_alone(original, archive, tmp_path):
    real = original.rename(tmp_path / "real.pdf")
    assert move_to_archive(original, ID, archive) is None
    original.symlink_to(real)
    assert move_to_archive(original, ID, archive) is None
    assert real.read_bytes() == CONTENT


def test_an_archive_that_cannot_be_written_stops_with_the_original_in_place(original, archive):
    archive.write_text("in the way")
    with pytest.raises(OutputError, match="to the archive"):
        move_to_archive(original, ID, archive)
    assert original.read_bytes() == CONTENT


def test_names_of_any_bytes_move(tmp_path, archive):
    path = os.fsencode(tmp_path) + b"/\xff a\n.pdf"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(CONTENT)
    moved = move_to_archive(Path(os.fsdecode(path)), ID, archive)
    assert moved is not None
    assert moved.read_bytes() == CONTENT
