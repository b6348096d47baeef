from __future__ import annotations

import numpy as np
import pytest

from pipeline.storage import picture_spool
from pipeline.storage.picture_spool import PictureSpool


def picture(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (int(random.integers(1, 60)), int(random.integers(1, 90))), np.uint8)


@pytest.mark.parametrize("in_memory", [1 << 20, 100], ids=["in memory", "on the disk"])
def test_pictures_come_back_as_they_were_in_any_order(in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_spool, "IN_MEMORY_BYTES", in_memory)
    spool = PictureSpool()
    for number in range(40):
        spool[number // 2, f"field{number % 2}"] = picture(number)
    for number in reversed(range(40)):
        np.testing.assert_array_equal(spool[number // 2, f"field{number % 2}"], picture(number))
    spool[3, "field1"] = picture(99)
    np.testing.assert_array_equal(spool[3, "field1"], picture(99))
    assert len(spool) == len(list(spool)) == 40
    spool.close()


def test_what_is_not_there_is_a_key_error() -> None:
    spool = PictureSpool()
    spool[1, "a"] = picture(1)
    del spool[1, "a"]
    with pytest.raises(KeyError):
        spool[1, "a"]
    spool.close()
