from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.document import Box, CharacterReading, FieldKind, FieldSpec
from pipeline.learning.labelling import align_digits, frame_of, label_digits, written_forms
from pipeline.stages.decide import on_page
from pipeline.stages.form_print import MARGIN_MM
from pipeline.stages.ink import find_ink
from pipeline.stages.lattice import build_lattice
from pipeline.stages.plane import map_points, rotation, scaling, shift
from pipeline.stages.segment import segment_field
from pipeline.storage.review_item import ItemState, ReviewItem
from recognizer.pen import draw_digit, random_hand
from recognizer.readings import CLASS_COUNT, NOT_A_DIGIT, DigitReadings
from tests.stages.drawing import CELL_W, MARGIN, comb_region, paper, region
from tests.stages.scripted import ScriptedRecognizer, row


def write_in_cells(text, printed=True):
    """A comb with digits of one hand in it; a space leaves its cell empty."""
    rng = np.random.default_rng(3)
    hand = random_hand(rng)
    comb = comb_region(len(text), printed=printed)
    for index, char in enumerate(text):
        if char != " ":
            ink = draw_digit(int(char), hand, rng, height_px=44)[:60, :44]
            top, left = MARGIN + 12, MARGIN + index * CELL_W + 4
            window = comb.image[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.minimum(window, 240 - (ink * 0.8).astype(np.uint8), out=window)
    return comb


def item_of(field, value, characters, region_to_page, kind=FieldKind.DIGITS, machine="0"):
    inner = field.inner
    corners = [
        (inner.left, inner.top),
        (inner.right, inner.top),
        (inner.right, inner.bottom),
        (inner.left, inner.bottom),
    ]
    polygon = tuple((float(x), float(y)) for x, y in map_points(region_to_page, np.array(corners, np.float64)))
    return ReviewItem(
        "i", ItemState.CORRECTED, "", "s", (), 1, 1, None, FieldSpec("f", kind), polygon, machine, machine, 0.5, 0.9,
        ("low_confidence",), (), characters, "fp", None, value, "ann", "",
    )  # fmt: skip


def read_comb(field, machine, region_to_page):
    """Characters as the pipeline reports them, on the page that the field was cut from."""
    placed = replace(field, region_to_page=region_to_page)
    filled = [cell for cell in segment_field(placed).comb.cells if cell is not None]
    return tuple(
        CharacterReading(char, 0.9, on_page(cell.box, placed)) for char, cell in zip(machine, filled, strict=True)
    )


PLACES = {
    "as scanned": np.eye(3),
    "page of half the resolution": shift(300, 900) @ scaling(0.5),
    "upside down": shift(1500, 2000) @ rotation(180),
    "on its side": shift(1500, 200) @ rotation(90),
    "skewed by two degrees": shift(400, 300) @ rotation(2) @ scaling(0.8),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("printed", [True, False], ids=["printed cells", "no lines"])
def test_digits_are_cut_by_the_machines_boxes_however_the_page_lay(place, printed):
    field = write_in_cells("40871", printed)
    item = item_of(field, "46871", read_comb(field, "40871", place), place)

    digits = label_digits(item, field.image, ScriptedRecognizer())

    assert [digit.digit for digit in digits] == [4, 6, 8, 7, 1]
    cells = [cell for cell in segment_field(field).comb.cells if cell is not None]
    for digit, cell in zip(digits, cells, strict=True):
        assert digit.ink.shape == pytest.approx(cell.ink.shape, abs=4)


def test_empty_cells_give_no_digit():
    field = write_in_cells("  42")
    item = item_of(field, "43", read_comb(field, "42", np.eye(3)), np.eye(3))
    assert [digit.digit for digit in label_digits(item, field.image, ScriptedRecognizer())] == [4, 3]


def test_boxes_beside_the_ink_give_nothing():
    field = write_in_cells("40871")
    aside = tuple(replace(c, box_px=c.box_px.shifted(25, 30)) for c in read_comb(field, "40871", np.eye(3)))
    item = item_of(field, "46871", aside, np.eye(3))
    assert label_digits(item, field.image, ScriptedRecognizer()) == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"human_value": None}, id="nobody could read it"),
        pytest.param({"human_value": "408711"}, id="more digits than written"),
        pytest.param({"human_value": "4087"}, id="fewer digits than written"),
        pytest.param({"reasons": ("registration_failed",)}, id="picture of a whole page"),
    ],
)
def test_answers_that_do_not_fit_the_ink_give_nothing(change):
    field = write_in_cells("40871")
    item = item_of(field, "46871", read_comb(field, "40871", np.eye(3)), np.eye(3))
    assert label_digits(replace(item, **change), field.image, ScriptedRecognizer()) == ()


def test_empty_picture_gives_nothing():
    field = region(paper(110, 290), Box(20, 20, 270, 90), (), None)
    assert label_digits(item_of(field, "12", (), np.eye(3)), field.image, ScriptedRecognizer()) == ()


def line_of(count):
    """A free line with so many upright strokes, well apart."""
    image = paper(110, 60 + 60 * count)
    for index in range(count):
        cv2.line(image, (60 + 60 * index, 30), (60 + 60 * index, 80), 30, 6, cv2.LINE_AA)
    return region(image, Box(10, 10, image.shape[1] - 10, 100), (), FieldSpec("a", FieldKind.AMOUNT))


class KnowsByPlace:
    """Reads the n-th upright stroke as the n-th digit, and runs of several strokes as no digit."""

    def __init__(self, text):
        self.text = text

    def read_digits(self, crops):
        singles = iter(self.text)
        rows = [row(int(next(singles))) if crop.shape[1] < 30 else row(NOT_A_DIGIT) for crop in crops]
        return DigitReadings(np.array(rows, np.float32).reshape(len(crops), CLASS_COUNT))

    def read_strips(self, strips):
        raise AssertionError("aligning needs no strips")

    read_combs = read_strips


@pytest.mark.parametrize(
    ("written", "value", "labels"),
    [
        pytest.param("1258", "1258.00", [1, 2, 5, 8], id="cents left out"),
        pytest.param("125800", "1258.00", [1, 2, 5, 8, 0, 0], id="cents written"),
        pytest.param("1258", "1268.00", [1, 2, 6, 8], id="one digit corrected"),
        pytest.param("1258", "9768.00", [], id="another value altogether"),
    ],
)
def test_digits_of_a_free_line_are_aligned_to_the_answer(written, value, labels):
    field = line_of(len(written))
    item = item_of(field, value, (), np.eye(3), FieldKind.AMOUNT)
    found = label_digits(item, field.image, KnowsByPlace(written))
    assert [digit.digit for digit in found] == labels


def test_marks_cost_nothing_and_missing_pieces_cannot_be_aligned():
    image = line_of(3).image
    cv2.circle(image, (150, 80), 5, 30, -1)
    ink = find_ink(image, 8.0)
    lattice = build_lattice(ink, ink.mask, 10.0)
    names = iter("123")
    rows = [
        row(int(next(names)), 0.9) if crop.box.height > 40 and crop.box.width < 30 else row(NOT_A_DIGIT)
        for crop in lattice.candidates
    ]
    scores = np.array(rows, np.float32)

    score, chosen = align_digits(lattice, scores, "123")

    assert score == pytest.approx(3 * np.log(0.9), abs=1e-3)
    assert len(chosen) == 3
    assert align_digits(lattice, scores, "1234567890123") is None


@pytest.mark.parametrize(
    ("kind", "value", "forms"),
    [
        pytest.param(FieldKind.DIGITS, "007", ("007",), id="digits"),
        pytest.param(FieldKind.AMOUNT, "12.50", ("1250",), id="amount with cents"),
        pytest.param(FieldKind.AMOUNT, "1200.00", ("120000", "1200"), id="whole amount"),
        pytest.param(FieldKind.DATE, "2026-03-09", ("09032026", "090326"), id="date"),
    ],
)
def test_forms_in_which_a_value_may_be_written(kind, value, forms):
    assert written_forms(value, FieldSpec("f", kind)) == forms


def test_margin_and_resolution_are_found_from_the_corners_on_the_page():
    field = write_in_cells("40871")
    frame = frame_of(item_of(field, "1", (), PLACES["upside down"]).polygon_px, field.image)
    assert frame.margin == pytest.approx(MARGIN, abs=0.01)
    assert frame.px_per_mm == pytest.approx(MARGIN / MARGIN_MM, rel=0.01)


def test_square_field_is_taken_to_have_the_scale_of_its_page():
    square = ((5.0, 5.0), (55.0, 5.0), (55.0, 55.0), (5.0, 55.0))
    assert frame_of(square, paper(90, 90)).margin == pytest.approx(20)


def test_corners_that_do_not_belong_to_the_picture_are_noticed():
    wide = ((0.0, 0.0), (500.0, 0.0), (500.0, 50.0), (0.0, 50.0))
    assert frame_of(wide, paper(500, 90)) is None
