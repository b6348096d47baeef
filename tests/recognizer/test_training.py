"""Whole training runs on a few drawn digits; what they learn is not asked here, only that it is learnt and kept."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.bundle import DIGITS_INT8, MODEL_CARD, open_bundle
from recognizer.epochs import draw_pen_digits
from recognizer.errors import DatasetError
from recognizer.reader import load_recognizer
from recognizer.training_options import Backbone, Classes, TrainingOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.usefixtures("few_non_digits"),
]


@pytest.fixture(scope="module")
def options(drawn_data):
    return TrainingOptions(
        out=drawn_data / "unused", data=drawn_data, answer_sheets=drawn_data / "sheets.npz", epochs=3, averaging=0.9,
        batch_size=32, command="fieldreader train",
    )  # fmt: skip


class KilledError(Exception):
    """Stands for whatever ends a run in its midst."""


@pytest.fixture(scope="module")
def run(options, tmp_path_factory):
    """A run of three epochs that was killed in the third and resumed; what it reported before, and after."""
    from recognizer.training import train

    before, after = [], []

    def kill(progress):
        before.append(progress)
        if progress.epoch == 3:
            raise KilledError

    begun = replace(options, out=tmp_path_factory.mktemp("runs") / "killed")
    with pytest.raises(KilledError):
        train(begun, kill)
    return train(replace(begun, resume=True), after.append), before, after


def test_a_run_learns_and_leaves_everything_behind(run):
    result, _, _ = run
    assert result.history[-1].validation_accuracy > 0.8
    assert {path.name for path in result.folder.iterdir()} == {
        "config.json", "metrics.csv", "curves.png", "confusion.png", "worst.png", "best.keras", "checkpoint.keras",
        "bundle",
    }  # fmt: skip
    assert all((result.folder / name).read_bytes().startswith(b"\x89PNG") for name in ("confusion.png", "worst.png"))
    with (result.folder / "metrics.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 3
    config = json.loads((result.folder / "config.json").read_text())
    assert (config["seed"], config["class_names"]) == (1, list("0123456789"))


def test_a_run_reports_how_far_it_is(run):
    result, before, after = run
    seen = [*before, *after]
    assert [progress.epoch for progress in seen if progress.validation_accuracy is not None] == [1, 2, 3]
    assert seen[-1].validation_accuracy == result.history[-1].validation_accuracy
    assert seen[-1].seconds_left == 0


def test_the_bundle_reads_and_says_what_it_was_trained_on(run):
    bundle = open_bundle(run[0].bundle.path)
    card = bundle.file(MODEL_CARD).read_text()
    assert "ODbL" in card
    assert bundle.data_fingerprint in card
    assert "fieldreader train" in card
    assert bundle.metrics["mnist_test_accuracy"] > 0.8
    assert bundle.file(DIGITS_INT8).stat().st_size <= 300_000
    images, labels = draw_pen_digits(50, np.random.default_rng(8))
    read = load_recognizer(bundle, "cpu").read_digits(list(images)).probabilities.argmax(axis=1)
    assert (read == labels).mean() > 0.7


def test_a_killed_run_resumes_after_its_last_whole_epoch(run):
    import keras

    result, _, after = run
    first, second, third = result.history
    assert {progress.epoch for progress in after} == {3}
    # Optimizer, averages and weights go on where they were: begun anew, the third epoch would look like the first.
    checkpoint = keras.saving.load_model(result.folder / "checkpoint.keras")
    assert int(checkpoint.optimizer.iterations) == 3 * after[-1].batches
    assert third.validation_loss < min(first.validation_loss, 1.5 * second.validation_loss)


def test_a_finished_run_that_is_resumed_trains_no_further(options, run):
    from recognizer.training import train

    seen = []
    again = train(replace(options, out=run[0].folder, resume=True), seen.append)
    assert seen == []
    assert again.bundle.files[DIGITS_INT8] == run[0].bundle.files[DIGITS_INT8]


def test_a_tutorial_network_of_ten_classes_trains_as_well(options, tmp_path):
    from recognizer.training import train

    plain = replace(options, out=tmp_path / "run", preset="tutorial-conv2-dense128", augment=False, pen_part=0.0,
                    averaging=0.0, answer_sheets=None, label_smoothing=0.1, epochs=4, patience=3)  # fmt: skip
    result = train(plain)
    assert result.history[-1].validation_accuracy > 0.8
    assert load_recognizer(result.bundle, "cpu").read_digits([np.zeros((9, 9), np.uint8)]).probabilities[0, 10] == 0


def test_a_tutorial_is_trained_on_everything_and_keeps_its_last_epoch(drawn_data, tmp_path):
    from recognizer.network import PRESETS
    from recognizer.recipes import by_recipe
    from recognizer.training import train

    preset = "tutorial-conv2-dense64"
    ours = TrainingOptions(
        out=tmp_path / "run", preset=preset, data=drawn_data, answer_sheets=drawn_data / "sheets.npz"
    )
    result = train(replace(by_recipe(ours, PRESETS[preset].recipe), epochs=6))
    config = json.loads((result.folder / "config.json").read_text())
    assert (config["training_digits"], config["batch_size"], config["optimizer"]) == (720, 128, "adam")
    assert result.best_epoch == 6
    assert "Not calibrated" in result.bundle.file(MODEL_CARD).read_text()


def test_letters_are_learnt_from_a_network_of_digits_and_make_no_bundle(run, tmp_path):
    from recognizer.training import train

    images, labels = draw_pen_digits(200, np.random.default_rng(3))
    for image, name in zip(images, np.array(list("abcdefghij"))[labels], strict=True):
        place = tmp_path / "letters" / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(place / f"{len(list(place.iterdir()))}.png")
    result = train(
        TrainingOptions(out=tmp_path / "run", data=tmp_path / "letters", classes=Classes.OWN,
                        init_from=run[0].bundle.path, freeze=4, epochs=6, batch_size=16, averaging=0.0, l2=1e-4)
    )  # fmt: skip
    assert result.bundle is None
    assert result.metrics["test_accuracy"] > 0.5
    assert json.loads((result.folder / "config.json").read_text())["class_names"] == list("abcdefghij")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"preset": "resnet"}, "no network preset 'resnet'"),
        ({"epochs": 0}, "epochs must be positive"),
        ({"pen_part": 1.5}, "pen_part must lie between"),
        ({"l2": -1.0}, "l2 must not be negative"),
        ({"freeze": 2}, "freeze needs init_from or backbone"),
        ({"backbone": Backbone.RESNET50}, "nothing is ever downloaded"),
        ({"backbone_weights": Path("w.h5")}, "backbone_weights needs backbone"),
        ({"hold_out": False, "patience": 1}, "patience needs hold_out"),
        ({"classes": Classes.OWN, "data": None}, "own classes need data"),
    ],
    ids=[
        "unknown preset",
        "no epochs",
        "share above one",
        "negative penalty",
        "nothing to freeze",
        "no weights",
        "weights of nothing",
        "nothing to wait for",
        "own classes of nothing",
    ],
)
def test_options_that_make_no_sense_are_refused(options, change, reason):
    from recognizer.training import train

    with pytest.raises(ValueError, match=reason):
        train(replace(options, **change))


def test_too_few_digits_are_refused(options, tmp_path):
    from recognizer.training import train

    with pytest.raises(DatasetError, match="too few"):
        train(replace(options, out=tmp_path / "run", limit=20))
