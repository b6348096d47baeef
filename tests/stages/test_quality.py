"""Flawed pages are told by the measurement that belongs to the flaw; whatever reads well has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import FormTemplate, Page, Registration, RegistrationStatus, TemplateIdentity
from pipeline.stages.plane import mm_to_pixels, shift
from pipeline.stages.quality import Flaw, QualityOptions, find_flaws, measure_quality
from recognizer.readings import GrayImage

DPI = 200
PX_PER_MM = DPI / 25.4
NO_FORM = Registration(RegistrationStatus.NOT_NEEDED)


def form(width_mm: float = 150.0, height_mm: float = 100.0) -> GrayImage:
    """A framed page with rules and rows of strokes, 8 mm of margin all round."""
    height, width = round(height_mm * PX_PER_MM), round(width_mm * PX_PER_MM)
    page = np.full((height, width), 240, np.uint8)
    margin = round(8 * PX_PER_MM)
    cv2.rectangle(page, (margin, margin), (width - margin, height - margin), 30, 2)
    for row in range(margin + 40, height - margin - 40, 60):
        cv2.line(page, (margin, row), (width - margin, row), 60, 2)
        for left in range(margin + 20, width - margin - 20, 25):
            cv2.line(page, (left, row - 30), (left + 8, row - 8), 40, 4)
    return page


def flaws(gray: GrayImage, registration: Registration = NO_FORM) -> tuple[Flaw, ...]:
    return find_flaws(measure_quality(Page(1, gray, DPI), registration))


def placed(left_mm: float = 0.0, top_mm: float = 0.0, size_mm: tuple[float, float] = (150.0, 100.0)) -> Registration:
    """A form of this size whose corner lies here on the page."""
    template = FormTemplate(TemplateIdentity("form", "1", "0" * 64), size_mm, (), ())
    matrix = shift(left_mm * PX_PER_MM, top_mm * PX_PER_MM) @ mm_to_pixels(PX_PER_MM)
    return Registration(RegistrationStatus.OK, template, mm_to_page=matrix)


def with_noise(gray: GrayImage, sigma: float = 6.0) -> GrayImage:
    noise = np.random.default_rng(0).normal(0, sigma, gray.shape)
    return np.asarray(np.clip(gray + noise, 0, 255), np.uint8)


def blurred(sigma: float) -> GrayImage:
    return np.asarray(cv2.GaussianBlur(form(), (0, 0), sigma), np.uint8)


def levels(gray: GrayImage, black: int, white: int) -> GrayImage:
    return (black + gray.astype(np.float32) * (white - black) / 255).astype(np.uint8)


def streaked(gray: GrayImage, level: int, width: int = 4) -> GrayImage:
    page = gray.copy()
    for left in (300, 333, 710):
        page[:, left : left + width] = level
    return page


def ruled(gray: GrayImage) -> GrayImage:
    page = gray.copy()
    page[400:403] = 90
    return page


def beside(gray: GrayImage, other: GrayImage) -> GrayImage:
    return np.vstack([gray, np.full((40, gray.shape[1]), 245, np.uint8), other])


FLAWED: dict[str, tuple[Callable[[], GrayImage], Registration, Flaw]] = {
    "dark": (lambda: levels(form(), 0, 80), NO_FORM, Flaw.DARK),
    "light": (lambda: levels(form(), 225, 255), NO_FORM, Flaw.LIGHT),
    "out of focus": (lambda: blurred(6.0), NO_FORM, Flaw.BLURRED),
    "a third of the form is missing": (lambda: form()[:, : -round(50 * PX_PER_MM)], placed(), Flaw.CUT_EDGE),
    "dirt on the glass": (lambda: streaked(form(), 90), NO_FORM, Flaw.STREAK),
    "dead pixels": (lambda: streaked(levels(form(), 0, 200), 255, 3), NO_FORM, Flaw.STREAK),
    "dirt along the other side": (lambda: streaked(form(), 90).T.copy(), NO_FORM, Flaw.STREAK),
    "a second form below": (lambda: beside(form(), form()), placed(), Flaw.PIGGYBACK),
    "a thumbnail": (lambda: np.asarray(cv2.resize(form(), (150, 100)), np.uint8), NO_FORM, Flaw.TINY),
}


@pytest.mark.parametrize(("draw", "registration", "flaw"), FLAWED.values(), ids=FLAWED.keys())
def test_a_flaw_is_found(draw: Callable[[], GrayImage], registration: Registration, flaw: Flaw) -> None:
    assert flaw in flaws(draw(), registration)


SOUND: dict[str, tuple[Callable[[], GrayImage], Registration]] = {
    "clean": (form, placed()),
    "grain": (lambda: with_noise(form()), placed()),
    "empty": (lambda: np.full((800, 1200), 235, np.uint8), NO_FORM),
    "empty with grain": (lambda: with_noise(np.full((800, 1200), 235, np.uint8)), NO_FORM),
    "gray paper": (lambda: levels(form(), 30, 170), placed()),
    "pale ink": (lambda: levels(form(), 170, 255), placed()),
    "a little soft": (lambda: blurred(2.5), placed()),
    "two colours": (lambda: np.where(form() > 127, 255, 0).astype(np.uint8), placed()),
    "cut margins": (lambda: form()[20:-20, 20:-20], placed(-2.5, -2.5)),
    "a line across, as printed": (lambda: ruled(form()), placed()),
    "on a dark bed": (lambda: np.pad(form(), ((0, 300), (0, 300)), constant_values=20), placed()),
    "on a larger sheet": (lambda: np.pad(form(), ((0, 600), (0, 0)), constant_values=250), placed()),
}


@pytest.mark.parametrize(("draw", "registration"), SOUND.values(), ids=SOUND.keys())
def test_what_reads_well_has_no_flaw(draw: Callable[[], GrayImage], registration: Registration) -> None:
    assert flaws(draw(), registration) == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 7), (200, 10)], ids=str)
@pytest.mark.parametrize("level", [0, 255])
def test_a_page_of_any_shape_can_be_measured(shape: tuple[int, int], level: int) -> None:
    assert Flaw.TINY in flaws(np.full(shape, level, np.uint8))


@given(st.integers(0, 2**32 - 1))
def test_measures_lie_in_their_ranges(seed: int) -> None:
    random = np.random.default_rng(seed)
    gray = random.integers(0, 256, (int(random.integers(1, 90)), int(random.integers(1, 90))), np.uint8)
    quality = measure_quality(Page(1, gray, DPI), placed(size_mm=(5.0, 5.0)))
    assert 0 <= quality.contrast <= quality.paper <= 255
    assert quality.sharpness is None or 0 <= quality.sharpness <= 1
    assert quality.off_page is not None
    assert 0 <= quality.off_page <= 1
    assert quality.foreign_ink is None or 0 <= quality.foreign_ink <= 1


def test_thresholds_decide() -> None:
    quality = measure_quality(Page(1, form(), DPI), placed())
    strict = replace(QualityOptions(), min_paper=250, min_sharpness=1.1)
    assert find_flaws(quality, strict) == (Flaw.DARK, Flaw.BLURRED)
