from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.names import MAX_STEM_BYTES, display_name, safe_stem

ANY_NAME = st.binary(min_size=1, max_size=300).map(os.fsdecode)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("inbox/a.pdf", "inbox/a.pdf"),
        ("ünï 日本.pdf", "ünï 日本.pdf"),
        (os.fsdecode(b"bad\xff\xfe.pdf"), "bad\\xff\\xfe.pdf"),
        ("new\nline\t.pdf", "new\\x0aline\\x09.pdf"),
        ("\ud800.pdf", "\\ud800.pdf"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
    ],
)
def test_names_are_shown_as_they_are_but_for_what_cannot_be_printed(name: str, shown: str) -> None:
    assert display_name(name) == shown


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("inbox/scan 01.pdf", "scan_01"),
        ("inbox/a.b.pdf", "a.b"),
        ("ünï-日本.pdf", "ünï-日本"),
        ("-r.pdf", "r"),
        ("...pdf", "document"),
        ("q';rm x.pdf", "q__rm_x"),
        ("..", "document"),
        ("a" * 300 + ".pdf", "a" * MAX_STEM_BYTES),
        ("日" * 100, "日" * (MAX_STEM_BYTES // 3)),
        ("", "document"),
    ],
)
def test_stems_keep_letters_digits_and_a_few_marks(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


@given(ANY_NAME | st.text())
def test_a_shown_name_is_printable_and_stays_as_it_is(name: str) -> None:
    shown = display_name(name)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert display_name(shown) == shown


@given(ANY_NAME | st.text())
def test_a_stem_is_a_harmless_file_name_and_the_same_from_the_shown_name(name: str) -> None:
    stem = safe_stem(name)
    assert stem == safe_stem(display_name(name))
    assert 0 < len(stem.encode()) <= MAX_STEM_BYTES
    assert all(char.isalnum() or char in "-_." for char in stem)
    assert stem[0] not in "-."
