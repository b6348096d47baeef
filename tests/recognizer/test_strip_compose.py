import numpy as np
import pytest

from recognizer.errors import DatasetError
from recognizer.strip_batches import BUCKETS, batch_strips
from recognizer.strip_compose import StripComposer
from recognizer.strip_decode import BLANK, COLUMN_PX
from recognizer.strip_glyphs import GlyphBank, HandGlyphs, drawn_hands, load_glyphs, tight_ink

SHAPES = [(96, 5), (160, 8), (288, 14)]
SHAPE_IDS = ["short", "middle", "long"]


@pytest.fixture(scope="module")
def bank():
    return GlyphBank(written=drawn_hands(4, seed=1), sheets=(), drawn=drawn_hands(4, seed=2))


def bars_growing_with_the_digit():
    """A hand whose digits are solid bars, the wider the higher the digit: labels can be checked against widths."""
    bars = []
    for digit in range(10):
        bar = np.zeros((22, 6 + 3 * digit), np.uint8)
        bar[1:-1, 1:-1] = 255
        bars.append((bar,))
    return GlyphBank(written=(HandGlyphs(tuple(bars), "mnist"),), sheets=())


@pytest.mark.parametrize(("width", "most"), SHAPES, ids=SHAPE_IDS)
def test_every_digit_has_its_place_from_left_to_right(bank, width, most):
    composer = StripComposer(bank, seed=3)
    for _ in range(25):
        strip = composer.compose(width, most)
        assert strip.gray.dtype == np.uint8
        assert strip.gray.shape[0] == 32
        assert strip.gray.shape[1] <= width
        assert 1 <= len(strip.digits) <= most
        assert len(strip.digits) == len(strip.centres) == len(strip.half_widths)
        assert list(strip.centres) == sorted(strip.centres)
        assert strip.centres[0] >= 0
        assert strip.centres[-1] <= strip.gray.shape[1]


def test_labels_stand_in_the_order_of_the_shapes_drawn():
    composer = StripComposer(bars_growing_with_the_digit(), seed=4)
    compared = 0
    for _ in range(60):
        strip = composer.compose(288, 8)
        for digit, half in zip(strip.digits, strip.half_widths, strict=True):
            for other, other_half in zip(strip.digits, strip.half_widths, strict=True):
                if digit - other >= 6 and other > 0:  # a zero may be written small
                    assert half > other_half
                    compared += 1
    assert compared > 20


def test_the_same_seed_composes_the_same_strips(bank):
    first, again = StripComposer(bank, seed=9), StripComposer(bank, seed=9)
    for _ in range(5):
        one, other = first.compose(160, 8), again.compose(160, 8)
        assert one.digits == other.digits
        assert np.array_equal(one.gray, other.gray)


def test_all_digits_and_many_lengths_are_composed(bank):
    composer = StripComposer(bank, seed=5)
    strips = [composer.compose(288, 14) for _ in range(150)]
    assert {digit for strip in strips for digit in strip.digits} == set(range(10))
    assert {len(strip.digits) for strip in strips} >= set(range(1, 12))


def test_a_batch_shows_each_strips_digits_in_its_columns(bank):
    composer = StripComposer(bank, seed=6)
    bucket = BUCKETS[1]
    strips = [composer.compose(bucket.width, bucket.most_digits) for _ in range(12)]
    batch = batch_strips(strips, bucket.width, np.random.default_rng(0))
    assert batch.ink.shape == (12, 32, bucket.width, 1)
    assert batch.frames.shape == batch.frame_weights.shape == (12, bucket.width // COLUMN_PX)
    for row, strip in enumerate(strips):
        assert tuple(batch.labels[row, : batch.lengths[row]]) == strip.digits
        assert set(batch.frames[row]) - {BLANK} <= set(strip.digits)
        shown = batch.frames[row][batch.frames[row] != BLANK]
        runs = [digit for k, digit in enumerate(shown) if k == 0 or shown[k - 1] != digit]
        merged = [digit for k, digit in enumerate(strip.digits) if k == 0 or strip.digits[k - 1] != digit]
        assert len(runs) <= len(merged)


def test_missing_training_data_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"mnist\.npz"):
        load_glyphs(tmp_path)


def test_an_empty_picture_has_no_ink():
    assert tight_ink(np.zeros((28, 28), np.uint8)) is None
