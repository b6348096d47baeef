import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognizer.normalize import INNER_PX, SIDE_PX, ink_of_picture, normalize_digits


def seven(height_px: int, pen_px: int = 4, level: int = 255) -> np.ndarray:
    """A seven, ink bright on zero, with room around it."""
    side = round(height_px * 1.6)
    ink = np.zeros((side, side), np.uint8)
    low, high = side // 5, side - side // 5
    cv2.polylines(ink, [np.array([(low, low), (high, low), (side // 2, high)])], False, level, pen_px, cv2.LINE_AA)
    return ink


def on_paper(ink: np.ndarray, paper: np.ndarray) -> np.ndarray:
    return np.clip(paper * (1 - 0.7 * ink / 255), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "crop",
    [
        pytest.param(np.zeros((0, 0), np.uint8), id="no pixels"),
        pytest.param(np.zeros((0, 7), np.uint8), id="no rows"),
        pytest.param(np.zeros((1, 1), np.uint8), id="one empty pixel"),
        pytest.param(np.zeros((300, 5), np.uint8), id="empty column"),
        pytest.param(np.diag([255] + [0] * 998 + [255]).astype(np.uint8), id="two specks, a thousand pixels apart"),
        pytest.param(np.diag([1] + [0] * 40 + [1]).astype(np.uint8), id="two faint specks"),
    ],
)
def test_a_crop_without_ink_or_with_next_to_none_becomes_zeros(crop):
    assert not normalize_digits([crop]).any()


def test_no_crops_give_no_images():
    assert normalize_digits([]).shape == (0, SIDE_PX, SIDE_PX)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70))))
@settings(max_examples=60, deadline=None)
def test_ink_fills_twenty_pixels_in_its_longer_direction_and_its_darkest_is_full(crop):
    image = normalize_digits([crop])[0]
    if crop.max() > 6:  # a fainter speck may be shrunk to nothing
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= INNER_PX
        assert image.max() == 255


@pytest.mark.parametrize("height_px", [12, 20, 47, 160])
def test_place_and_darkness_do_not_matter(height_px):
    crop = seven(height_px)
    moved = np.pad(crop, ((31, 2), (0, 17)))
    faint = (crop // 3).astype(np.uint8)
    plain, elsewhere, pencil = normalize_digits([crop, moved, faint]).astype(int)
    assert np.array_equal(plain, elsewhere)
    assert np.abs(plain - pencil).max() <= 6


def test_centre_of_mass_lies_where_mnist_has_it():
    image = normalize_digits([seven(60)])[0].astype(float)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    assert (rows * image).sum() / image.sum() == pytest.approx(14, abs=0.6)
    assert (columns * image).sum() / image.sum() == pytest.approx(14, abs=0.6)


def test_a_wide_mark_keeps_its_proportions():
    dash = np.zeros((40, 80), np.uint8)
    dash[18:22, 10:70] = 255
    image = normalize_digits([dash])[0]
    assert np.count_nonzero(image.any(axis=0)) == INNER_PX
    assert np.count_nonzero(image.any(axis=1)) <= 2


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8)], ids=["float", "colour"]
)
def test_what_is_no_gray_image_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        normalize_digits([wrong])
    with pytest.raises(ValueError, match="uint8"):
        ink_of_picture(wrong)


PAPERS = {
    "white": lambda side: np.full((side, side), 255.0),
    "gray": lambda side: np.full((side, side), 190.0),
    "shaded": lambda side: np.linspace(120, 250, side)[None, :] * np.ones((side, 1)),
    "grainy": lambda side: 225 + 5 * np.random.default_rng(1).standard_normal((side, side)),
}


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
@pytest.mark.parametrize("inverted", [False, True], ids=["dark on light", "light on dark"])
@pytest.mark.parametrize("height_px", [20, 90, 400])
def test_ink_is_lifted_off_any_paper_in_either_polarity(paper, inverted, height_px):
    ink = seven(height_px, pen_px=max(3, height_px // 9))
    picture = on_paper(ink, paper(len(ink)))
    picture = 255 - picture if inverted else picture
    got, wanted = normalize_digits([ink_of_picture(picture), ink]).astype(float)
    assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_empty_paper_has_no_ink(paper):
    assert not ink_of_picture(np.clip(paper(80), 0, 255).astype(np.uint8)).any()


@pytest.mark.parametrize(
    ("across_px", "edge", "least_share"),
    [pytest.param(6, cv2.LINE_8, 1 / 2, id="half"), pytest.param(5, cv2.LINE_AA, 3 / 4, id="three quarters")],
)
def test_a_digit_that_fills_its_picture_is_not_taken_for_grain(across_px, edge, least_share):
    ring = np.zeros((16, 16), np.uint8)
    cv2.ellipse(ring, (8, 8), (across_px, across_px), 0, 0, 360, 255, 4, edge)
    assert np.count_nonzero(ring) > least_share * ring.size
    assert np.count_nonzero(ink_of_picture(ring) > 128) > ring.size // 3


def test_dirt_beside_the_digit_is_dropped():
    ink = seven(60)
    ink[2:4, 2:4] = 255
    assert not ink_of_picture(255 - ink)[:6, :6].any()


def test_bright_digit_on_black_passes_unchanged():
    image = normalize_digits([seven(20, pen_px=3)])[0]
    assert np.abs(ink_of_picture(image).astype(int) - image).mean() < 2
