from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.storage.dpi import believed_dpi, with_square_pixels


@pytest.mark.parametrize("claimed", [100, 150, 200, 204, 240, 300, 400, 600, 1200])
def test_a_scanners_resolution_is_believed(claimed: float) -> None:
    assert believed_dpi(claimed, 1000, 1000) == (claimed, False)


@pytest.mark.parametrize("claimed", [None, 0, 1, 72, 96, -300, 1e9, math.inf, math.nan], ids=str)
def test_anything_else_is_a_doubtful_guess(claimed: float | None) -> None:
    assert believed_dpi(claimed, 1000, 1000) == (300, True)


@pytest.mark.parametrize(
    ("size", "dpi"),
    [
        ((2480, 3508), 300),
        ((3508, 2480), 300),
        ((2475, 3500), 300),
        ((1654, 2339), 200),
        ((4960, 7016), 600),
        ((1240, 1754), 150),
        ((2550, 3300), 300),
        ((1700, 2200), 200),
        ((1234, 5678), 300),
        ((1, 1), 300),
    ],
    ids=str,
)
def test_a_guess_goes_by_common_paper(size: tuple[int, int], dpi: float) -> None:
    assert believed_dpi(None, *size) == (dpi, True)


PAGE = np.arange(200, dtype=np.uint8).reshape(10, 20)


def test_a_fax_is_stretched_to_its_finer_axis() -> None:
    square, dpi = with_square_pixels(PAGE, (204, 98))
    assert dpi == 204
    assert square.shape == (21, 20)
    assert square.dtype == np.uint8


def test_rounded_and_unbelievable_axes_are_left_alone() -> None:
    for dpi in ((300, 299.7), (300, 300), (72, 300), (300, 1), (math.nan, 300), (0, 0)):
        square, across = with_square_pixels(PAGE, dpi)
        assert square is PAGE
        assert across == dpi[0] or math.isnan(across)
