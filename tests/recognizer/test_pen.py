"""Our pen model: what it writes stays in its box, follows from the seed, and differs from hand to hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.allographs import ALLOGRAPHS, allograph
from recognizer.letters import LETTER_PATHS
from recognizer.pen import (
    MARKS,
    MAX_WIDTH,
    Hand,
    Tool,
    Touch,
    digit_strokes,
    draw_digit,
    draw_strokes,
    lay_strokes,
    letter_strokes,
    mark_strokes,
    random_hand,
    write_line,
)

EVERY_SHAPE = [(digit, shape.name) for digit, shapes in ALLOGRAPHS.items() for shape in shapes]


def a_hand(seed: int = 1) -> Hand:
    return random_hand(np.random.default_rng(seed))


def hand_with(digit: int, name: str) -> Hand:
    styles = [shapes[0].name for shapes in ALLOGRAPHS.values()]
    styles[digit] = name
    return replace(a_hand(), styles=tuple(styles), constancy=1.0)


@given(seed=st.integers(0, 2**32 - 1), digit=st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_a_digit_just_fills_the_height_and_begins_at_the_left(seed: int, digit: int) -> None:
    rng = np.random.default_rng(seed)
    strokes = np.concatenate(digit_strokes(digit, random_hand(rng), rng))
    assert strokes.min(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert strokes[:, 1].max() == pytest.approx(1.0)
    assert strokes[:, 0].max() <= MAX_WIDTH + 1e-9


@given(seed=st.integers(0, 2**32 - 1), digit=st.integers(0, 9), height_px=st.sampled_from([8, 20, 40, 90, 200]))
@settings(max_examples=60, deadline=None)
def test_ink_keeps_off_the_edge_of_its_picture(seed: int, digit: int, height_px: int) -> None:
    rng = np.random.default_rng(seed)
    ink = draw_digit(digit, random_hand(rng), rng, height_px)
    frame = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    assert ink.dtype == np.uint8
    assert frame.max() <= 8


@pytest.mark.parametrize(("digit", "name"), EVERY_SHAPE, ids=[f"{digit}-{name}" for digit, name in EVERY_SHAPE])
def test_every_shape_leaves_ink_of_about_the_height_asked(digit: int, name: str) -> None:
    ink = draw_digit(digit, hand_with(digit, name), np.random.default_rng(3), height_px=60)
    rows = np.flatnonzero(ink.max(axis=1) > 40)
    assert 50 <= rows[-1] - rows[0] + 1 <= 68
    assert (ink > 128).mean() > 0.03


@pytest.mark.parametrize("digit", range(10))
def test_shape_names_are_unique_within_a_digit_and_weights_positive(digit: int) -> None:
    shapes = ALLOGRAPHS[digit]
    assert len({shape.name for shape in shapes}) == len(shapes) >= 6
    assert all(shape.american > 0 and shape.continental > 0 for shape in shapes)


def test_an_unknown_shape_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="crossed"):
        allograph(7, "dotted")


def test_the_same_seed_draws_the_same_picture() -> None:
    pictures = [draw_digit(5, a_hand(7), np.random.default_rng(9)) for _ in range(2)]
    assert np.array_equal(*pictures)


def test_two_digits_of_one_hand_are_alike_but_not_equal() -> None:
    rng, hand = np.random.default_rng(0), hand_with(8, "from_top")
    first, second = (draw_digit(8, hand, rng) for _ in range(2))
    assert first.shape != second.shape or not np.array_equal(first, second)
    assert abs(first.shape[1] - second.shape[1]) <= 14


def test_hands_differ_in_slant_width_pen_and_shapes() -> None:
    rng = np.random.default_rng(4)
    hands = [random_hand(rng) for _ in range(200)]
    assert np.std([hand.slant for hand in hands]) > 0.1
    assert np.std([hand.width for hand in hands]) > 0.08
    assert {hand.touch.tool for hand in hands} == set(Tool)
    for digit in range(10):
        assert len({hand.styles[digit] for hand in hands}) >= 6


def test_slant_moves_the_top_to_the_right() -> None:
    upright, leaning = (replace(hand_with(1, "plain"), slant=slant) for slant in (0.0, 0.5))
    tops = [digit_strokes(1, hand, np.random.default_rng(2))[0] for hand in (upright, leaning)]
    lean = [float(stroke[0, 0] - stroke[-1, 0]) for stroke in tops]
    assert lean[1] - lean[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_leaves_ink_and_is_no_wider_than_asked(mark: str) -> None:
    strokes = mark_strokes(mark, a_hand(), np.random.default_rng(1), width=2.0)
    assert draw_strokes(strokes, 40, 3).max() > 200
    assert np.concatenate(strokes)[:, 0].max() <= 2.4


def test_marks_sit_where_they_are_written() -> None:
    rng, hand = np.random.default_rng(1), a_hand()
    assert np.concatenate(mark_strokes(".", hand, rng))[:, 1].min() > 0.8
    assert np.concatenate(mark_strokes(",", hand, rng))[:, 1].max() > 1.0
    dash = np.concatenate(mark_strokes("-", hand, rng))
    assert np.ptp(dash[:, 1]) < 0.3 < np.ptp(dash[:, 0])


def test_an_unknown_mark_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="scribble"):
        mark_strokes("?", a_hand(), np.random.default_rng(0))


@pytest.mark.parametrize("letter", LETTER_PATHS)
def test_every_letter_stands_on_the_line_of_the_digits_and_is_about_as_high(letter: str) -> None:
    for seed in range(6):
        points = np.concatenate(letter_strokes(letter, a_hand(seed), np.random.default_rng(seed)))
        assert points[:, 0].min() == 0.0
        assert -0.3 < points[:, 1].min() < 0.6
        assert 0.8 < points[:, 1].max() < 1.3


def test_a_line_has_one_span_a_character_in_reading_order() -> None:
    line = write_line("12.345,00", replace(a_hand(), spacing=0.2), np.random.default_rng(5))
    lefts = [left for left, _ in line.spans]
    assert len(lefts) == 9
    assert lefts == sorted(lefts)
    assert all(right > left for left, right in line.spans)


def test_an_empty_line_has_no_strokes() -> None:
    line = write_line("", a_hand(), np.random.default_rng(5))
    assert line.strokes == ()
    assert line.spans == ()


def test_a_connected_hand_joins_zeros() -> None:
    joined = replace(a_hand(), connectedness=1.0)
    lifted = replace(joined, connectedness=0.0)
    counts = [len(write_line("000", hand, np.random.default_rng(8)).strokes) for hand in (joined, lifted)]
    assert counts == [5, 3]


def test_no_strokes_draw_an_empty_picture() -> None:
    picture, place = lay_strokes((), 40, 3)
    assert picture.shape == (1, 1)
    assert picture.max() == 0
    assert place == (0, 0)


@pytest.mark.parametrize(("height_px", "pen_px"), [(0, 3), (40, 0), (-1, 3)], ids=["no height", "no pen", "negative"])
def test_a_pen_or_height_of_nothing_is_refused(height_px: float, pen_px: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        draw_strokes((np.array([[0.0, 0.0], [1.0, 1.0]]),), height_px, pen_px)


def test_the_place_of_a_picture_is_where_the_strokes_are() -> None:
    stroke = np.array([[1.0, 2.0], [2.0, 2.0]])
    ink, (left, top) = lay_strokes((stroke,), 20, 4)
    rows, columns = np.nonzero(ink > 128)
    assert rows.mean() + top == pytest.approx(40, abs=1.0)
    assert columns.mean() + left == pytest.approx(30, abs=1.0)


def a_straight_line(touch: Touch) -> np.ndarray:
    stroke = (np.stack([np.linspace(0, 3, 40), np.zeros(40)], axis=1),)
    return draw_strokes(stroke, 40, 8, touch, np.random.default_rng(1))


@pytest.mark.parametrize("tool", list(Tool))
def test_ink_darkens_with_the_touch(tool: Tool) -> None:
    dark, light = (a_straight_line(Touch(tool=tool, darkness=darkness)) for darkness in (1.0, 0.5))
    assert int(dark.max()) > 1.6 * int(light.max())


def test_pencil_is_grainier_than_gel() -> None:
    grain = {tool: a_straight_line(Touch(tool=tool))[6:8, 20:-20].std() for tool in (Tool.PENCIL, Tool.GEL)}
    assert grain[Tool.PENCIL] > 1.5 * grain[Tool.GEL]
