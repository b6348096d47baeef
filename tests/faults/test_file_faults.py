"""Whatever is wrong with a file ends in its own error, in bounded time and memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UnreadableFileError
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from tests.faults.made_faults import FAULTS, HUNGRY_FAULTS, SLOW_FAULTS, SOUND, TIGHT, Fault, slow_among_sound
from tests.faults.watched import read_watched
from tests.storage import made_pdfs as made

SLACK_S = 30.0
"""Beyond the time-out, for a machine that is busy with other tests: bombs take minutes and more."""

GROWTH_MB = 60.0


@pytest.mark.parametrize("fault", [*FAULTS, *SLOW_FAULTS, *HUNGRY_FAULTS], ids=lambda fault: fault.name)
def test_every_fault_has_its_code_in_bounded_time_and_memory(fault: Fault, tmp_path: Path) -> None:
    path = tmp_path / "fault.pdf"
    path.write_bytes(fault.make())
    seen = read_watched(path, fault.limits)
    assert len(seen.said) == 1, seen.said
    assert seen.said[0] in fault.code.split("|"), (seen.said, seen.errors)
    assert seen.seconds < fault.limits.page_timeout_s + SLACK_S
    assert seen.grown_mb < GROWTH_MB


def cuts(content: bytes) -> list[int]:
    """Places to cut a file at: the first bytes, the last ones, and evenly between."""
    return sorted({*range(9, 40, 10), *np.linspace(40, len(content) - 1, 24).astype(int).tolist(), len(content) - 2})


@pytest.mark.parametrize("name", SOUND, ids=str)
def test_a_file_cut_anywhere_is_whole_or_damaged_never_wrecked(name: str, tmp_path: Path) -> None:
    content = SOUND[name]()
    path = tmp_path / "cut"
    path.write_bytes(content)
    whole = read_watched(path, TIGHT)
    assert set(whole.said) == {"page"}
    for cut in cuts(content):
        path.write_bytes(content[:cut])
        seen = read_watched(path, TIGHT)
        assert set(seen.said) <= {"page", "damaged_file", "unsupported_type"}, (cut, seen.errors)
        for page in seen.pages:
            np.testing.assert_array_equal(page.gray, whole.pages[page.number - 1].gray, err_msg=f"cut at {cut}")
        if len(seen.pages) < len(whole.pages):
            assert seen.errors, cut


def test_a_file_changed_while_it_is_decoded_says_so(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(SOUND["scanned PDF"]())
    pages = open_pages(take_in(path))
    next(pages)
    with path.open("ab") as file:
        file.write(b"more")
    next(pages)
    with pytest.raises(UnreadableFileError, match="changed while it was read"):
        next(pages)
    assert list(pages) == []


def test_a_file_cut_short_while_it_is_decoded_says_so_and_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(made.pdf_bytes(*[made.PdfPage([made.flate_picture(noise(number))]) for number in range(60)]))
    source = take_in(path)
    pages = open_pages(source)
    next(pages)
    os.truncate(path, 4096)
    with pytest.raises(UnreadableFileError, match="changed while it was read"):
        list(pages)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (420, 330), np.uint8)


def test_a_page_that_takes_too_long_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "one.pdf"
    path.write_bytes(slow_among_sound(slow=1, sound=3))
    seen = read_watched(path, TIGHT)
    assert seen.said == ("decoder_timeout", "page", "page", "page")
    assert seen.errors[0].page == 1
    assert [page.number for page in seen.pages] == [2, 3, 4]


@pytest.mark.slow
def test_a_file_of_pages_that_take_too_long_is_given_up_at_the_second(tmp_path: Path) -> None:
    path = tmp_path / "all.pdf"
    path.write_bytes(slow_among_sound(slow=3, sound=3))
    seen = read_watched(path, TIGHT)
    assert seen.said == ("decoder_timeout", "page", "decoder_timeout")
    assert seen.errors[-1].page is None
    assert "those after it are left out" in str(seen.errors[-1])
