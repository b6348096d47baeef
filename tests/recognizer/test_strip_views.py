import numpy as np
import pytest

from recognizer.strip_views import MARGIN_PX, MAX_WIDTH_PX, STRIP_HEIGHT, normalize_strip, views_of, whole_view


def bar_on_paper(height=50, width=120, paper=220, ink=60):
    gray = np.full((height, width), paper, np.uint8)
    gray[height // 5 : -height // 5, 50:56] = ink
    return gray


@pytest.mark.parametrize(
    "gray",
    [
        np.full((1, 1), 128, np.uint8),
        np.zeros((1, 40), np.uint8),
        np.zeros((40, 1), np.uint8),
        np.full((40, 100), 255, np.uint8),
        np.zeros((40, 100), np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 700), np.uint8),
        np.full((4, 5000), 200, np.uint8),
        bar_on_paper(),
    ],
    ids=["one pixel", "one row", "one column", "white", "all ink", "noise", "very long", "a digit"],
)
def test_any_strip_gives_views_the_network_takes(gray):
    for view in views_of(gray):
        assert view.ink.dtype == np.float32
        assert view.ink.shape[0] == STRIP_HEIGHT
        assert 2 * MARGIN_PX < view.ink.shape[1] <= MAX_WIDTH_PX + 2 * MARGIN_PX
        assert np.isfinite(view.ink).all()
        assert view.ink.min() >= -1
        assert view.ink.max() <= 2


def test_ink_is_about_one_and_paper_about_zero():
    ink = whole_view(bar_on_paper()).ink
    assert 0.65 < ink[16].max() <= 2
    assert np.median(ink) == pytest.approx(0.0, abs=0.05)


def test_a_darker_scan_of_lower_contrast_looks_the_same():
    bright, dim = whole_view(bar_on_paper()), whole_view(bar_on_paper(paper=140, ink=60))
    assert np.abs(bright.ink - dim.ink).max() < 0.1


def test_a_view_finds_the_way_back_to_the_strip():
    gray = bar_on_paper()
    for view in views_of(gray):
        columns = np.flatnonzero(view.ink[16] > 0.5)
        middle = view.strip_column(float(columns.mean()) + 0.5)
        assert middle == pytest.approx(53, abs=1.5)


def test_plain_paper_shows_no_ink():
    assert np.abs(normalize_strip(np.full((32, 80), 200, np.uint8))).max() == 0
