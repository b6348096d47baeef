import numpy as np
import pytest

from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, open_bundle, write_bundle
from recognizer.calibration import Calibration
from recognizer.errors import ModelError
from recognizer.model_store import shipped_bundle
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer, read_images
from recognizer.readings import CLASS_COUNT, NOT_A_DIGIT


@pytest.fixture(scope="module")
def digits_only(tmp_path_factory):
    """The shipped digit network in a bundle of its own."""
    shipped = open_bundle(shipped_bundle())
    files = {name: shipped.file(name) for name in (DIGITS_MASTER, DIGITS_INT8, DIGITS_CALIBRATION)}
    folder = tmp_path_factory.mktemp("models") / "digits-1"
    return write_bundle(folder, name="digits", version="1", files=files, metrics={})


@pytest.fixture(scope="module")
def recognizer(digits_only):
    return load_recognizer(digits_only, "cpu")


def crops(count, seed=3):
    rng = np.random.default_rng(seed)
    hand = random_hand(rng)
    return [draw_digit(digit % 10, hand, rng, height_px=20 + 3 * digit) for digit in range(count)]


def test_nothing_to_read_gives_empty_readings(recognizer):
    assert recognizer.read_digits([]).probabilities.shape == (0, CLASS_COUNT)
    assert len(recognizer.read_strips([])) == 0


def test_crops_of_any_size_are_read_in_order(recognizer):
    readings = recognizer.read_digits(crops(10))
    assert (readings.probabilities.argmax(axis=1) == np.arange(10)).sum() >= 9
    assert readings.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("crop", [np.zeros((30, 20), np.uint8), np.zeros((0, 0), np.uint8)], ids=["blank", "no pixels"])
def test_a_blank_is_not_a_digit(recognizer, crop):
    assert recognizer.read_digits([crop]).probabilities[0, NOT_A_DIGIT] > 0.9


@pytest.mark.parametrize(
    "crop",
    [
        pytest.param(np.full((30, 30), 255, np.uint8), id="all ink"),
        pytest.param(np.pad(np.full((5, 40), 255, np.uint8), 10), id="dash"),
        pytest.param(
            np.pad(np.full((24, 24), 255, np.uint8) - np.pad(np.full((18, 18), 255, np.uint8), 3), 4), id="box"
        ),
    ],
)
def test_what_is_no_digit_is_not_believed_to_be_one(recognizer, crop):
    assert recognizer.read_digits([crop]).probabilities[0, :NOT_A_DIGIT].max() < 0.8


def test_two_digits_in_one_crop_are_not_read_as_one(recognizer):
    left, right = (crops(10)[digit][:29, :] for digit in (3, 5))
    height = max(len(left), len(right))
    joined = np.hstack([np.pad(ink, ((0, height - len(ink)), (0, 0))) for ink in (left, right)])
    assert recognizer.read_digits([joined]).probabilities.argmax() == NOT_A_DIGIT


def test_strips_need_a_strip_network(recognizer):
    with pytest.raises(ModelError, match="no strip network"):
        recognizer.read_strips([np.full((32, 90), 255, np.uint8)])


def test_a_bundle_without_a_digit_network_is_refused(tmp_path):
    shipped = open_bundle(shipped_bundle())
    bundle = write_bundle(
        tmp_path / "m", name="m", version="1", files={DIGITS_MASTER: shipped.file(DIGITS_MASTER)}, metrics={}
    )
    with pytest.raises(ModelError, match=r"has no digits\.tflite"):
        load_recognizer(bundle, "cpu")


def test_a_gpu_that_is_not_there_is_refused_with_the_way_out(digits_only, monkeypatch):
    monkeypatch.setattr("recognizer.reader.gpu_is_visible", lambda: False)
    with pytest.raises(ModelError, match="--device cpu"):
        load_recognizer(digits_only, "gpu")
    assert load_recognizer(digits_only, "auto").device == "cpu"


def test_ten_classes_are_widened_by_an_eleventh_of_no_probability():
    class TenClasses:
        def logits(self, images):
            return np.zeros((len(images), 10), np.float32)

    probabilities = read_images(TenClasses(), Calibration(), np.zeros((2, 28, 28), np.uint8))
    assert probabilities.shape == (2, CLASS_COUNT)
    assert (probabilities[:, NOT_A_DIGIT] == 0).all()
