"""Registration: finds the form however it lies, and says so when it does not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.drawn.scanning import DARK, TABLE, Degradation, Trouble, degrade, draw_degradation
from pipeline.document import FormTemplate, Page, Registration, RegistrationStatus
from pipeline.stages.plane import map_points, mm_to_pixels, shift
from pipeline.stages.prepared import prepare_template
from pipeline.stages.register import RegisterOptions, register_page
from tests.stages.forms import (
    AMOUNT_MM,
    COMB_MM,
    DPI,
    PX_PER_MM,
    SIZE_MM,
    blank_form,
    draw_comb,
    scan,
    template,
)

FORM, OTHER = template(0), template(1)
CORNERS_MM = np.array([(20, 30), (62, 30), (130, 39), (20, 95), (140, 95)], np.float64)


def shift_px(registration: Registration, truth: np.ndarray) -> float:
    """Greatest distance between found and true places, page pixels."""
    assert registration.mm_to_page is not None
    return float(np.abs(map_points(registration.mm_to_page, CORNERS_MM) - map_points(truth, CORNERS_MM)).max())


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_every_quarter_turn_is_found(turn: int) -> None:
    page, truth = scan(blank_form(0), turn)
    registration = register_page(page, [FORM])
    assert registration.status is RegistrationStatus.OK
    assert registration.rotation_deg == turn
    assert shift_px(registration, truth) < 1.0


@pytest.mark.parametrize("skew_deg", [-10.0, -3.2, 0.4, 7.5, 10.0])
def test_skew_is_measured_and_undone(skew_deg: float) -> None:
    page, truth = scan(blank_form(0), 0, skew_deg, border=120)
    registration = register_page(page, [FORM])
    assert registration.skew_deg == pytest.approx(skew_deg, abs=0.1)
    assert shift_px(registration, truth) < 1.0


@pytest.mark.parametrize(("dpi", "scale"), [(150, 1.0), (200, 0.9), (300, 1.1), (400, 0.97)])
def test_any_usual_resolution_and_print_size_is_found(dpi: float, scale: float) -> None:
    page, truth = scan(blank_form(0), 0, 1.3, scale, dpi, border=60)
    registration = register_page(page, [FORM])
    assert shift_px(registration, truth) < 1.5 * dpi / 150


def test_a_doubtful_resolution_is_made_up_for_by_the_size_of_the_page() -> None:
    page, truth = scan(blank_form(0), border=0)
    registration = register_page(Page(1, page.gray, 96, is_dpi_doubtful=True), [FORM])
    assert shift_px(registration, truth) < 1.0


def test_the_right_one_of_several_forms_is_named() -> None:
    page, _ = scan(blank_form(1), 180, 2.0)
    registration = register_page(page, [FORM, OTHER])
    assert registration.template is OTHER
    assert registration.score > 0.8


def test_a_lost_corner_and_a_shadow_do_not_shift_the_form() -> None:
    page, truth = scan(blank_form(0), 0, 2.0)
    gray = page.gray.copy()
    cv2.fillPoly(gray, [np.array([(0, 0), (260, 0), (0, 200)], np.int32)], 10)
    shaded = (gray * np.linspace(1, 0.6, gray.shape[1])).astype(np.uint8)
    registration = register_page(Page(1, shaded, DPI), [FORM])
    assert shift_px(registration, truth) < 1.0


@pytest.mark.parametrize("towards_deg", [0.0, 75.0, 200.0])
@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_page_photographed_at_a_lean_is_straightened(turns: int, towards_deg: float) -> None:
    lean = Degradation(
        seed=turns, quarter_turns=turns, dpi=220, margin_mm=9, surround=TABLE, tilt_deg=14,
        tilt_towards_deg=towards_deg, shading=0.3, is_dpi_known=False,
    )  # fmt: skip
    picture = degrade(blank_form(0), DPI, lean)
    registration = register_page(picture.as_page(), [FORM, OTHER])
    assert registration.template is FORM
    assert registration.rotation_deg == 90 * turns
    assert shift_px(registration, picture.page_to_picture @ mm_to_pixels(PX_PER_MM)) < 2.5


def bare_template() -> FormTemplate:
    """Two boxes and four corner marks, nothing else."""
    form = np.full_like(blank_form(0), 245)
    for x, y in ((30, 30), (850, 30), (30, 580), (850, 580)):
        cv2.rectangle(form, (x, y), (x + 20, y + 20), 20, -1)
    draw_comb(form, COMB_MM, 6)
    draw_comb(form, AMOUNT_MM, 1)
    return replace(FORM, references=(form,))


@pytest.mark.parametrize("trouble", [Trouble.SKEWED, Trouble.RESIZED, Trouble.SHADED, Trouble.POOR], ids=str)
def test_a_form_with_nothing_but_boxes_and_marks_is_placed_by_them(trouble: Trouble) -> None:
    bare = bare_template()
    picture = degrade(bare.references[0], DPI, draw_degradation(3, trouble))
    registration = register_page(picture.as_page(), [bare, FORM])
    assert registration.template is bare
    assert shift_px(registration, picture.page_to_picture @ mm_to_pixels(PX_PER_MM)) < 2.5 * picture.dpi / 150


def test_a_form_that_looks_the_same_upside_down_is_refused() -> None:
    form = bare_template().references[0]
    twofold = np.minimum(form, form[::-1, ::-1])
    page, _ = scan(twofold)
    assert register_page(page, [replace(FORM, references=(twofold,))]).status is RegistrationStatus.FAILED


def test_a_table_is_not_taken_for_itself_shifted_by_a_row() -> None:
    form = np.full_like(blank_form(0), 245)
    for y in range(60, 600, 48):
        cv2.line(form, (40, y), (860, y), 60, 1)
    cv2.line(form, (200, 60), (200, 588), 60, 1)
    table = replace(FORM, references=(form,))
    shifted = np.full_like(form, 245)
    shifted[48:] = form[:-48]
    for gray in (form, shifted):
        page, truth = scan(gray)
        registration = register_page(page, [table])
        if registration.status is RegistrationStatus.OK:
            moved = truth @ shift(0, 48 / PX_PER_MM) if gray is shifted else truth
            assert shift_px(registration, moved) < 1.5


def test_a_strip_of_a_dark_lid_and_a_noisy_sensor_do_not_hide_a_form() -> None:
    dark_rim = Degradation(seed=4, dpi=200, shift_mm=(1.8, -1.2), surround=DARK, noise=13, contrast=0.6)
    picture = degrade(blank_form(0), DPI, dark_rim)
    registration = register_page(picture.as_page(), [FORM, OTHER])
    assert registration.template is FORM
    assert shift_px(registration, picture.page_to_picture @ mm_to_pixels(PX_PER_MM)) < 2.0


def half_size() -> np.ndarray:
    page = np.full_like(blank_form(0), 245)
    small = cv2.resize(blank_form(0), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    page[: small.shape[0], : small.shape[1]] = small
    return page


@pytest.mark.parametrize(
    "gray",
    [
        pytest.param(blank_form(1), id="another form"),
        pytest.param(blank_form(0)[:, ::-1].copy(), id="mirrored"),
        pytest.param(half_size(), id="printed at half size"),
        pytest.param(np.full((630, 900), 245, np.uint8), id="blank page"),
        pytest.param(np.zeros((630, 900), np.uint8), id="black page"),
        pytest.param(np.random.default_rng(0).integers(0, 255, (630, 900), dtype=np.uint8), id="noise"),
        pytest.param(np.full((1, 1), 128, np.uint8), id="one pixel"),
        pytest.param(np.full((3, 900), 128, np.uint8), id="sliver"),
    ],
)
def test_what_is_not_the_form_fails_and_is_never_shifted(gray: np.ndarray) -> None:
    registration = register_page(Page(1, gray, DPI), [FORM])
    assert registration.status is RegistrationStatus.FAILED
    assert registration.mm_to_page is None
    assert registration.template is None


def test_without_templates_registering_is_not_needed_but_skew_is_told() -> None:
    page, _ = scan(blank_form(0), 0, 3.0)
    registration = register_page(page, [])
    assert registration.status is RegistrationStatus.NOT_NEEDED
    assert registration.skew_deg == pytest.approx(3.0, abs=0.3)


def test_forms_that_cannot_be_told_apart_are_refused() -> None:
    page, _ = scan(blank_form(0))
    assert register_page(page, [FORM, template(0)]).status is RegistrationStatus.FAILED


def test_a_residual_beyond_the_limit_is_a_failure() -> None:
    page, _ = scan(blank_form(0), 0, 1.0)
    strict = RegisterOptions(max_residual_mm=0.0)
    assert register_page(page, [FORM], strict).status is RegistrationStatus.FAILED


def test_a_form_of_two_pages_tells_which_page_it_is() -> None:
    both = template(0)
    both = type(both)(both.identity, both.page_size_mm, both.fields, (blank_form(0), blank_form(1)))
    page, _ = scan(blank_form(1))
    assert register_page(page, [both]).template_page == 2


def test_a_form_is_prepared_once_and_its_anchors_keep_clear_of_fields() -> None:
    prepared = prepare_template(FORM)
    assert prepare_template(FORM) is prepared
    page = prepared.pages[0]
    assert len(page.anchors) >= 6
    for anchor in page.anchors:
        (x, y) = map_points(page.work_to_mm, np.array([anchor.middle]))[0]
        assert not (18 <= x <= 64 and 28 <= y <= 39)


@settings(max_examples=12, deadline=None)
@given(
    turn=st.sampled_from([0, 90, 180, 270]),
    skew_deg=st.floats(-8, 8),
    scale=st.floats(0.92, 1.08),
    dpi=st.sampled_from([150, 200, 300]),
)
def test_a_page_is_placed_within_a_third_of_a_millimetre_or_refused(
    turn: int, skew_deg: float, scale: float, dpi: float
) -> None:
    page, truth = scan(blank_form(0), turn, skew_deg, scale, dpi, border=round(0.6 * dpi))
    registration = register_page(page, [FORM, OTHER])
    assert registration.status is RegistrationStatus.OK
    assert registration.template is FORM
    assert shift_px(registration, truth) < dpi / 25.4 / 3
    assert registration.residual_px is not None
    assert registration.template.page_size_mm == SIZE_MM
