from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.errors import TooLargeError
from pipeline.storage.dpi import believed_dpi, with_square_pixels
from pipeline.storage.limits import DEFAULT_LIMITS, ScanLimits


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
    square, dpi = with_square_pixels(PAGE, (204, 98), DEFAULT_LIMITS, 1)
    assert dpi == 204
    assert square.shape == (21, 20)
    assert square.dtype == np.uint8


def test_rounded_and_unbelievable_axes_are_left_alone() -> None:
    for dpi in ((300, 299.7), (300, 300), (72, 300), (300, 1), (math.nan, 300), (0, 0)):
        square, across = with_square_pixels(PAGE, dpi, DEFAULT_LIMITS, 1)
        assert across is not None
        assert square is PAGE
        assert across == dpi[0] or math.isnan(across)


def test_pixels_more_oblong_than_any_scanners_are_not_believed() -> None:
    square, dpi = with_square_pixels(PAGE, (90, 2300), DEFAULT_LIMITS, 1)
    assert square is PAGE
    assert dpi is None


def test_square_pixels_may_be_too_many() -> None:
    with pytest.raises(TooLargeError, match="page 3 is 20 x 21 pixels"):
        with_square_pixels(PAGE, (204, 98), ScanLimits(max_page_pixels=419), 3)
