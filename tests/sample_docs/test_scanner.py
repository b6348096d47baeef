"""The scanner: its transform is true, and its conditions do what they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sample_docs.generator.scanner import ScanConditions, ScanImage, ScanMode, scan

DPI = 100


def page_with_dot(x: int = 120, y: int = 60) -> np.ndarray:
    """A white 300 x 200 page with a black square of 9 pixels round the middle of pixel (x, y)."""
    page = np.full((200, 300, 3), 255, np.uint8)
    page[y - 4 : y + 5, x - 4 : x + 5] = 0
    return page


def scanned(page: np.ndarray, conditions: ScanConditions, seed: int = 1) -> ScanImage:
    return scan(page, DPI, conditions, np.random.default_rng(seed)).image


@pytest.mark.parametrize(
    "conditions",
    [
        ScanConditions(noise=0),
        ScanConditions(noise=0, skew_deg=3.5),
        ScanConditions(noise=0, quarter_turns=1),
        ScanConditions(noise=0, quarter_turns=2, skew_deg=-1),
        ScanConditions(noise=0, quarter_turns=3, stretch=1.01),
        ScanConditions(noise=0, shift_mm=(3, -2), margin_mm=5, stretch=0.99),
    ],
    ids=["straight", "skewed", "quarter", "upside down", "three quarters, stretched", "shifted with margin"],
)
def test_the_transform_leads_from_the_page_to_the_scan(conditions: ScanConditions) -> None:
    result = scan(page_with_dot(), DPI, conditions, np.random.default_rng(1))
    dark = 255.0 - result.image.astype(float)
    dark[dark < 60] = 0
    rows, columns = np.indices(dark.shape)
    found = np.array([(columns * dark).sum(), (rows * dark).sum()]) / dark.sum() + 0.5
    told = result.page_to_scan @ np.array([120.5, 60.5, 1.0])
    assert found == pytest.approx(told[:2] / told[2], abs=0.1)


def test_a_quarter_turn_lays_the_page_on_its_side() -> None:
    assert scanned(page_with_dot(), ScanConditions(quarter_turns=1)).shape == (300, 200)


def test_a_bilevel_scan_is_black_and_white_only() -> None:
    image = scanned(page_with_dot(), ScanConditions(ScanMode.BILEVEL, noise=8, specks=5))
    assert set(np.unique(image)) == {0, 255}


def test_a_colour_scan_keeps_its_colours() -> None:
    page = np.full((80, 80, 3), (200, 60, 40), np.uint8)
    image = scanned(page, ScanConditions(ScanMode.COLOR, noise=0, paper_level=255))
    assert image[40, 40] == pytest.approx((200, 60, 40), abs=2)


def test_low_contrast_lifts_ink_towards_the_paper() -> None:
    strong, weak = (int(scanned(page_with_dot(), ScanConditions(noise=0, contrast=c)).min()) for c in (1.0, 0.5))
    assert weak > strong + 80


def test_noise_and_specks_follow_from_the_seed() -> None:
    conditions = ScanConditions(noise=6, specks=10)
    first, again, other = (scanned(page_with_dot(), conditions, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noise_is_as_strong_as_asked() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    image = scanned(page, ScanConditions(noise=6, paper_level=200))
    assert image.std() == pytest.approx(6, rel=0.1)


def test_shading_darkens_one_side() -> None:
    image = scanned(np.full((50, 200, 3), 255, np.uint8), ScanConditions(noise=0, shading=0.3))
    left, right = (float(cv2.mean(image[:, part])[0]) for part in (slice(0, 20), slice(180, 200)))
    assert left - right > 50
