import csv
from dataclasses import replace

import numpy as np
import pytest

from recognizer.errors import ModelError
from recognizer.pen import draw_digit, random_hand
from recognizer.strip_network import StripNetworkOptions, build_strip_network
from recognizer.strip_training import StripTrainingOptions, train_strips

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder laid out like the training data, with drawn digits in place of collected ones."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    images, labels, writers = [], [], []
    for writer in (1, 2, 13):  # the thirteenth is held out for validation
        hand = random_hand(random)
        for digit in list(range(10)) * 5:
            ink = draw_digit(digit, hand, random, 20)[:28, :28]
            images.append(np.pad(ink, ((0, 28 - ink.shape[0]), (0, 28 - ink.shape[1]))))
            labels.append(digit)
            writers.append(writer)
    np.savez(folder / "mnist.npz", x_train=np.array(images), y_train=np.array(labels))
    np.savez(folder / "mnist_writers.npz", train_writer=np.array(writers))
    (folder / "real").mkdir()
    sheets = folder / "real" / "digits_answer_sheets.npz"
    np.savez(sheets, x=255 - np.array(images), y=np.array(labels), source=np.array(writers).astype(str))
    return folder


@pytest.fixture
def options(data, tmp_path):
    return StripTrainingOptions(
        data=data,
        out=tmp_path / "run",
        minutes=0.25,
        checkpoint_minutes=0.05,
        drawn_hands=2,
        frame_steps=4,
        network=StripNetworkOptions(width=0.25),
    )


class KilledError(Exception):
    pass


def rows_of(path):
    with path.open(newline="") as table:
        return list(csv.DictReader(table))


def test_the_network_is_small_and_gives_a_column_every_four_pixels():
    model = build_strip_network()
    assert model.count_params() <= 1_500_000
    assert model(np.zeros((2, 32, 160, 1), np.float32)).shape == (2, 40, 11)
    assert model(np.zeros((1, 32, 96, 1), np.float32)).shape == (1, 24, 11)


def test_a_killed_run_goes_on_from_its_checkpoint(options):
    def kill_after_the_first_checkpoint(progress):
        if progress.curve is not None:
            raise KilledError

    with pytest.raises(KilledError):
        train_strips(options, kill_after_the_first_checkpoint)
    assert len(rows_of(options.out / "curve.csv")) == 1
    weights = train_strips(options)
    curve = rows_of(options.out / "curve.csv")
    strips = [int(row["strips"]) for row in curve]
    assert weights.exists()
    assert (options.out / "curve.png").exists()
    assert len(curve) >= 2
    assert strips == sorted(set(strips))
    assert float(curve[-1]["seconds"]) >= 60 * options.minutes


def test_a_folder_with_another_run_is_refused(options):
    train_strips(replace(options, minutes=0.01))
    with pytest.raises(ModelError, match="other options"):
        train_strips(options)


def test_weights_that_do_not_fit_are_refused(options, tmp_path):
    wider = tmp_path / "wider.keras"
    build_strip_network(StripNetworkOptions(width=0.5)).save(wider)
    with pytest.raises(ModelError, match="wider"):
        train_strips(replace(options, init_from=wider))
