"""Starting from a trained network or a backbone: what is kept, what is new, what is frozen."""

from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import ModelError
from recognizer.model_store import shipped_bundle
from recognizer.training_options import ALL_BUT_HEAD, Backbone, TrainingOptions

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SHIPPED = TrainingOptions(out=Path("run"), init_from=shipped_bundle())


def start(options, own_classes=None):
    from recognizer.starting_network import starting_network

    return starting_network(options, own_classes)


def changed(**changes):
    from dataclasses import replace

    return replace(SHIPPED, **changes)


def one_step(model, options=SHIPPED):
    from recognizer.optimizing import compile_network

    compile_network(model, options, 10)
    rng = np.random.default_rng(1)
    targets = np.eye(model.output_shape[-1], dtype=np.float32)[np.arange(8) % model.output_shape[-1]]
    return model.train_on_batch(rng.random((8, 28, 28, 1), np.float32), targets)


def test_digits_go_on_from_the_whole_network():
    import keras

    shipped = keras.saving.load_model(shipped_bundle() / "digits.keras", compile=False)
    pixels = np.random.default_rng(1).random((4, 28, 28, 1), np.float32)
    assert np.array_equal(start(SHIPPED).predict(pixels, verbose=0), shipped.predict(pixels, verbose=0))


def test_other_classes_get_a_head_of_their_own_and_all_else_stays_frozen():
    model = start(changed(freeze=ALL_BUT_HEAD), own_classes=26)
    assert model.output_shape == (None, 26)
    before = model.get_weights()
    one_step(model)
    moved = [not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)]
    assert moved == [False] * (len(moved) - 2) + [True, True]


def test_so_many_layers_stay_as_they_are():
    model = start(changed(freeze=3))
    weighted = [layer.trainable for layer in model.layers if layer.weights]
    assert weighted == [False] * 3 + [True] * (len(weighted) - 3)


def test_freezing_everything_is_refused():
    with pytest.raises(ValueError, match="leave none to train"):
        start(changed(freeze=99))


def test_the_penalty_is_part_of_the_loss_and_survives_saving(tmp_path):
    import keras

    heavy = start(changed(l2=0.1))
    penalty = sum(float(loss) for loss in heavy.losses)
    assert penalty > 1
    assert start(SHIPPED).losses == []
    heavy.save(tmp_path / "heavy.keras")
    again = keras.saving.load_model(tmp_path / "heavy.keras")
    assert sum(float(loss) for loss in again.losses) == pytest.approx(penalty)


def test_what_is_no_network_of_digits_is_refused(tmp_path):
    (tmp_path / "text.keras").write_text("no network")
    with pytest.raises(ModelError, match=r"text\.keras cannot be loaded"):
        start(changed(init_from=tmp_path / "text.keras"))


def test_a_backbone_takes_its_weights_from_a_file_and_only_the_head_learns(tmp_path):
    import keras

    source = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    source.save_weights(tmp_path / "mobilenet.weights.h5")
    options = changed(init_from=None, backbone=Backbone.MOBILENET_V2, freeze=ALL_BUT_HEAD,
                      backbone_weights=tmp_path / "mobilenet.weights.h5")  # fmt: skip
    model = start(options)
    assert model.output_shape == (None, 11)
    assert all(
        np.array_equal(mine, theirs) for mine, theirs in zip(model.get_weights(), source.get_weights(), strict=False)
    )
    assert np.isfinite(one_step(model, options)[0])
    with pytest.raises(ModelError, match="holds no weights of resnet50"):
        start(changed(init_from=None, backbone=Backbone.RESNET50, backbone_weights=options.backbone_weights))


def test_weights_that_are_missing_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.h5 of resnet50 do not exist"):
        start(changed(init_from=None, backbone=Backbone.RESNET50, backbone_weights=tmp_path / "none.h5"))
