"""Floors for the digit network that is shipped, on data that is not part of the repository."""

import numpy as np
import pytest

from recognizer.augment import rescan
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, MODEL_CARD, open_bundle
from recognizer.calibration import load_calibration
from recognizer.classifier import LiteRtEngine
from recognizer.dataset import load_answer_sheets, load_digits, load_mnist
from recognizer.evaluation import accepted_above, report_digits
from recognizer.model_store import shipped_bundle
from recognizer.non_digit_writing import pen_capital, pen_letter
from recognizer.normalize import normalize_digits
from recognizer.not_a_digit import HELD_OUT_KINDS, draw_non_digits
from recognizer.reader import read_images

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def read():
    bundle = open_bundle(shipped_bundle())
    engine = LiteRtEngine(bundle.file(DIGITS_INT8))
    calibration = load_calibration(bundle.file(DIGITS_CALIBRATION))
    return lambda images: read_images(engine, calibration, images)


def test_mnist(read, real_data):
    _, test = load_mnist(real_data)
    report = report_digits(read(normalize_digits(list(test.images))), test.labels)
    assert report.accuracy >= 0.995
    assert report.ece <= 0.01
    assert report.rejected <= 0.003 * report.n


@pytest.mark.parametrize(
    ("file", "floor"), [("digits_usps.npz", 0.97), ("digits_answer_sheets.npz", 0.97)], ids=["envelopes", "sheets"]
)
def test_pens_and_scanners_of_others(read, real_data, file, floor):
    path = real_data / "real" / file
    digits = load_answer_sheets(path)[1] if "sheets" in file else load_digits(path, file)
    assert report_digits(read(digits.images), digits.labels).accuracy >= floor


def test_kinds_of_non_digits_that_were_never_trained_on(read, real_data):
    _, test = load_mnist(real_data)
    images = draw_non_digits(2000, np.random.default_rng(21), test.images, HELD_OUT_KINDS)
    assert accepted_above(read(images), 0.99).mean() <= 0.01


@pytest.mark.parametrize("state", ["as drawn", "scanned"])
def test_letters_in_many_hands(read, state):
    rng = np.random.default_rng(22)
    images = draw_non_digits(1000, rng, np.zeros((1, 28, 28), np.uint8), {"a": pen_capital, "b": pen_letter})
    if state == "scanned":
        images = rescan(images, rng)
    assert accepted_above(read(images), 0.9).mean() <= 0.02


def test_the_card_names_the_attribution_its_data_asks_for():
    assert "Open Database License" in open_bundle(shipped_bundle()).file(MODEL_CARD).read_text()
