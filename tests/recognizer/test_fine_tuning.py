"""Corrections of a shape the shipped network has never seen, learnt without forgetting the rest."""

import cv2
import keras
import numpy as np
import pytest

from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_MASTER, OPERATING_POINT, open_bundle
from recognizer.calibration import load_calibration
from recognizer.comparison import compare
from recognizer.epochs import draw_pen_digits
from recognizer.errors import DatasetError
from recognizer.fine_tuning import Beside, FineTuneOptions, fine_tune, replay_for
from recognizer.model_store import shipped_bundle
from recognizer.replay import likeness_loss, mixed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


OPTIONS = FineTuneOptions(fewest_steps=150, known=2000, kept=600)


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
def outcome(parent, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "point.json").write_text("thresholds of its own")
    known = draw_pen_digits(300, np.random.default_rng(5))
    beside = Beside(
        (list(known[0]), known[1]), {"odd": odd_fours(20, 3)}, {OPERATING_POINT: folder / "point.json"}, "v"
    )
    return fine_tune(parent, *odd_fours(60, seed=1), folder / "fine-tuned-1.1", OPTIONS, beside)


@pytest.fixture(scope="module")
def tuned(outcome):
    return outcome.bundle


def test_a_new_shape_is_learnt_from_corrections(parent, tuned):
    comparison = compare(parent, tuned, *odd_fours(40, seed=2))
    assert comparison.champion_right <= 10
    assert comparison.challenger_right >= 36


def test_the_curve_shows_the_new_shape_being_learnt(outcome):
    first, last = outcome.curve[0], outcome.curve[-1]
    assert (first.step, first.loss) == (0, None)
    assert last.step >= 40
    assert last.loss is not None
    assert first.right["odd"] <= 0.3 < 0.8 <= last.right["odd"]


def test_calibration_is_fitted_anew_and_given_files_replace_the_parents(tuned):
    assert load_calibration(tuned.file(DIGITS_CALIBRATION)).n == 300
    assert tuned.file(OPERATING_POINT).read_text() == "thresholds of its own"
    assert tuned.data_fingerprint == "v"


def test_what_was_known_is_not_forgotten(parent, tuned):
    images, labels = draw_pen_digits(600, np.random.default_rng(9))
    comparison = compare(parent, tuned, list(images), labels)
    assert comparison.challenger_right >= comparison.champion_right - 6


def test_a_challenger_goes_back_towards_its_parent_until_it_forgets_next_to_nothing(parent):
    """One whose last layer answers 3 to everything has to go all the way that it may; its parent itself, none."""
    replay = replay_for(parent, OPTIONS)
    before, after = (keras.saving.load_model(parent.file(DIGITS_MASTER), compile=False) for _ in range(2))
    assert mixed(after, before, replay) == 1.0
    kernel, bias = after.layers[-1].get_weights()
    after.layers[-1].set_weights([kernel, bias + 200 * np.eye(len(bias))[3]])
    assert mixed(after, before, replay, shares=(1.0, 0.5, 0.0)) == 0.0
    np.testing.assert_array_equal(after.get_weights()[-1], bias)


def test_known_digits_pull_towards_the_parents_logits_and_labelled_ones_to_their_labels():
    logits = np.array([[4.0, 0.0], [4.0, 0.0]], np.float32)
    labelled, known = [0.0, 1.0, 0.0], [3.0, 1.0, 1.0]
    loss = np.asarray(likeness_loss(2.0)(keras.ops.array([labelled, known]), keras.ops.array(logits)))
    assert loss == pytest.approx([np.log1p(np.exp(4.0)), 2.0])


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
