"""Filling forms in: where things lie, what stays empty, other people's digits, and that a seed fixes it all."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.pen import Hand, random_hand
from sample_docs.generator.design import FormDesign, blank_form
from sample_docs.generator.fill import BLACK_INK, BLUE_INK, Entry, FilledForm, Treatment, draw_form
from sample_docs.generator.giro import GIRO
from sample_docs.generator.samples import DESIGNS
from sample_docs.generator.survey import SURVEY

DPI = 100


def a_hand() -> Hand:
    return random_hand(np.random.default_rng([2026, 202]))


def filled(values: dict[str, Entry], design: FormDesign = GIRO, seed: int = 5, **options: object) -> FilledForm:
    return draw_form(design, values, a_hand(), np.random.default_rng(seed), DPI, **options)  # type: ignore[arg-type]


def darkening(form: FilledForm, box: tuple[float, float, float, float], design: FormDesign = GIRO) -> float:
    left, top, right, bottom = (round(side) for side in box)
    before = blank_form(design, DPI)[top:bottom, left:right].astype(float)
    return float((before - form.image[top:bottom, left:right]).mean())


def test_a_form_without_values_is_the_blank_form() -> None:
    assert np.array_equal(filled({}).image, blank_form(GIRO, DPI))


def test_the_same_seed_draws_the_same_form_and_another_does_not() -> None:
    values = {"amount": Entry("  125050")}
    first, again, other = (filled(values, seed=seed).image for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_every_form_can_be_filled_in_and_every_field_has_its_place(design: FormDesign) -> None:
    form = filled({item.name: Entry("12") for item in design.fields}, design)
    scale = DPI / 25.4
    for item, place in zip(design.fields, form.fields, strict=True):
        left, top, right, bottom = place.box
        assert (left, top) == pytest.approx((item.left * scale, item.top * scale))
        assert 0 <= left < right <= form.image.shape[1] and 0 <= top < bottom <= form.image.shape[0]  # noqa: PT018
        assert len(place.cells) == (item.cells or 0)
        assert darkening(form, place.box, design) > 0.5


def test_digits_lie_in_their_cells_and_spaces_leave_cells_empty() -> None:
    place = {place.name: place for place in filled({"amount": Entry("  125050")}).fields}["amount"]
    assert [ink is None for ink in place.ink] == [True, True, *[False] * 6]
    for ink, cell in zip(place.ink, place.cells, strict=True):
        if ink is not None:
            assert cell[0] < (ink[0] + ink[2]) / 2 < cell[2]
            assert cell[1] < (ink[1] + ink[3]) / 2 < cell[3]


def test_a_tidy_hand_keeps_within_the_cells_and_a_crowding_one_does_not() -> None:
    def beyond(crowding: float) -> int:
        places = filled({"postal_code_home": Entry("85281", crowding)}, SURVEY).fields
        (place,) = (place for place in places if place.name == "postal_code_home")
        pairs = zip(place.ink, place.cells, strict=True)
        return sum(ink is not None and (ink[1] < cell[1] or ink[3] > cell[3]) for ink, cell in pairs)

    assert beyond(0.0) == 0
    assert beyond(1.0) >= 3


def test_ink_has_the_colour_asked_for() -> None:
    def blueness(ink: tuple[int, int, int]) -> float:
        form = filled({"account": Entry("8888888888")}, ink=ink)
        left, top, right, bottom = (round(side) for side in form.fields[0].box)
        field = form.image[top:bottom, left:right]
        darkest = field[field.sum(axis=2) < 330]
        return float((darkest[:, 2].astype(int) - darkest[:, 0]).mean())

    assert blueness(BLUE_INK) > blueness(BLACK_INK) + 20


@pytest.mark.parametrize("treatment", [Treatment.STRUCK_OUT, Treatment.SCRIBBLED])
def test_crossing_out_leaves_more_ink_than_writing(treatment: Treatment) -> None:
    plain, crossed = (filled({"account": Entry("1234567890", 0.0, how)}) for how in (Treatment.PLAIN, treatment))
    assert darkening(crossed, crossed.fields[0].box) > 1.15 * darkening(plain, plain.fields[0].box)


def test_a_struck_line_runs_over_the_gaps_between_cells() -> None:
    form = filled({"account": Entry("1111111111", 0.0, Treatment.STRUCK_OUT)})
    left, top, right, bottom = (round(side) for side in form.fields[0].box)
    ink = blank_form(GIRO, DPI)[top:bottom, left:right].astype(int) - form.image[top:bottom, left:right]
    assert (ink.max(axis=(0, 2)) > 60).mean() > 0.85


def test_unknown_fields_are_refused_by_name() -> None:
    with pytest.raises(KeyError, match="iban"):
        filled({"iban": Entry("1")})


def test_more_characters_than_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="8 cells of amount"):
        filled({"amount": Entry("123456789")})


class SquareDigits:
    """Digits that are plain squares, to see whose digits are on the page."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def draw(self, digit: int, height_px: float, rng: np.random.Generator) -> np.ndarray:
        self.asked.append(digit)
        return np.full((round(height_px), round(0.6 * height_px)), 255, np.uint8)


@pytest.mark.parametrize(
    ("design", "field", "text", "digits"),
    [("giro", "account", "1234567890", [*range(1, 10), 0]), ("cheque", "amount", "3,22,000/-", [3, 2, 2, 0, 0, 0])],
    ids=["comb", "line"],
)
def test_digits_of_another_source_are_used(design: str, field: str, text: str, digits: list[int]) -> None:
    source = SquareDigits()
    form = filled({field: Entry(text)}, next(d for d in DESIGNS if d.name == design), digits=source)
    (place,) = (place for place in form.fields if place.name == field)
    assert source.asked == digits
    assert len(place.ink) == len(text)
    centres = [(ink[0] + ink[2]) / 2 for ink in place.ink if ink is not None]
    assert centres == sorted(centres)
