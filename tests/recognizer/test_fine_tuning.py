"""Corrections of a shape the shipped network has never seen, learnt without forgetting the rest."""

import cv2
import numpy as np
import pytest

from recognizer.epochs import draw_pen_digits
from recognizer.errors import DatasetError
from recognizer.fine_tuning import Comparison, FineTuneOptions, compare, fine_tune
from recognizer.model_store import open_bundle, shipped_bundle

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def odd_fours(count, seed):
    """A four as nobody writes it: an arrow pointing down."""
    rng = np.random.default_rng(seed)
    crops = []
    for _ in range(count):
        ink = np.zeros((60, 50), np.uint8)
        x, low = rng.normal(25, 1.5), rng.normal(52, 1.5)
        for start in ((x, 8), (x - rng.normal(15, 1.5), low - 18), (x + rng.normal(15, 1.5), low - 18)):
            cv2.line(ink, tuple(int(v) for v in start), (int(x), int(low)), 255, 4, cv2.LINE_AA)
        crops.append(ink)
    return crops, np.full(count, 4, np.int32)


@pytest.fixture(scope="module")
def parent():
    return open_bundle(shipped_bundle())


@pytest.fixture(scope="module")
def tuned(parent, tmp_path_factory):
    crops, labels = odd_fours(60, seed=1)
    return fine_tune(parent, crops, labels, tmp_path_factory.mktemp("models") / "fine-tuned-1.1", FineTuneOptions())


def test_a_new_shape_is_learnt_from_corrections(parent, tuned):
    comparison = compare(parent, tuned, *odd_fours(40, seed=2))
    assert comparison.champion_right <= 10
    assert comparison.challenger_right >= 36
    assert not comparison.challenger_is_worse


def test_what_was_known_is_not_forgotten(parent, tuned):
    images, labels = draw_pen_digits(600, np.random.default_rng(9))
    comparison = compare(parent, tuned, list(images), labels)
    assert comparison.challenger_right >= comparison.champion_right - 6


def test_the_new_bundle_names_its_parent_and_keeps_its_other_files(parent, tuned):
    assert tuned.parent == parent.sha256
    assert tuned.sha256 != parent.sha256
    assert set(tuned.files) == set(parent.files)
    assert tuned.version == "1.1"


@pytest.mark.parametrize(
    ("count", "labels", "reason"),
    [
        pytest.param(0, [], "no labelled digits", id="nothing"),
        pytest.param(2, [1], "2 crops do not fit 1 labels", id="label missing"),
        pytest.param(2, [1, 11], "row 1: label 11", id="label of no class"),
    ],
)
def test_corrections_that_do_not_fit_are_refused(parent, tmp_path, count, labels, reason):
    with pytest.raises(DatasetError, match=reason):
        fine_tune(parent, [np.ones((9, 9), np.uint8)] * count, np.array(labels, np.int32), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("right", "loss", "worse"),
    [
        pytest.param((90, 91), (0.1, 0.9), False, id="more right"),
        pytest.param((90, 89), (0.1, 0.05), True, id="fewer right"),
        pytest.param((90, 90), (0.1, 0.2), True, id="as many but less sure"),
        pytest.param((90, 90), (0.1, 0.1), False, id="alike"),
    ],
)
def test_right_digits_count_before_belief(right, loss, worse):
    assert Comparison(100, *right, *loss).challenger_is_worse is worse
