"""Sound files damaged by chance: each is read or refused by name; nothing crashes, hangs or meets a defect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.mutations import mutated
from tests.faults.made_faults import SOUND, TIGHT
from tests.faults.watched import read_watched

EXPECTED = {
    "page", "damaged_file", "unsupported_type", "too_large", "no_pages", "encrypted_pdf", "empty_file",
    "too_much_memory", "decoder_timeout", "decoder_died",
}  # fmt: skip
"""Everything but `internal_error`, which stands for a defect."""


@pytest.mark.parametrize("times", [6, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SOUND, ids=str)
def test_a_mutated_file_is_read_or_refused_by_name(name: str, times: int, tmp_path: Path) -> None:
    content = SOUND[name]()
    path = tmp_path / "mutated"
    for seed in range(times):
        path.write_bytes(mutated(content, np.random.default_rng([seed, *name.encode()])))
        seen = read_watched(path, TIGHT)
        assert seen.said, seed
        assert set(seen.said) <= EXPECTED, (seed, seen.errors)
        assert seen.seconds < 2 * TIGHT.page_timeout_s + 30, seed
