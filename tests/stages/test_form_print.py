"""Print of a form's combs, worked out once and laid under every page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.stages.comb import find_print
from pipeline.stages.form_print import blank_field
from pipeline.stages.locate import locate_fields
from pipeline.stages.plane import halved
from pipeline.stages.register import register_page
from tests.stages.forms import blank_form, scan, template

FORM = template(0)


@pytest.mark.parametrize("dpi", [150, 200, 290, 300, 310, 600])
def test_print_lies_where_the_blank_form_of_the_page_has_it(dpi: float) -> None:
    page, _ = scan(blank_form(0), dpi=dpi)
    account = locate_fields(page, register_page(page, [FORM]))[0]
    assert account.printed is not None
    assert account.background is not None
    expected = find_print(account.background, account.cells, account.px_per_mm).ink
    assert account.printed.ink.shape == expected.shape == account.image.shape
    assert expected.any()
    for one, other in ((account.printed.ink, expected), (expected, account.printed.ink)):
        assert not (one & ~_widened(other)).any(), "to a pixel or two"


def _widened(mask: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((5, 5), np.uint8)) > 0)


def test_a_line_has_no_print_of_its_own() -> None:
    assert blank_field(FORM, FORM.fields[1], 11.75).printed is None


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (2, 2)])
def test_halved_pictures_are_means_of_four_pixels(shape: tuple[int, int]) -> None:
    gray = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    small = halved(gray)
    assert small.shape == (shape[0] // 2, shape[1] // 2)
    assert small[-1, -1] == pytest.approx(gray[: shape[0] // 2 * 2, : shape[1] // 2 * 2][-2:, -2:].mean(), abs=0.51)
