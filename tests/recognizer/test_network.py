"""Every network that can be asked for by name: it is built, learns, and is described."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from recognizer.training_options import SHIPPED_PRESET, Optimizer

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

DOCS = Path(__file__).parents[2] / "docs"


def presets():
    from recognizer.network import PRESETS

    return PRESETS


def test_every_preset_trains_a_step_and_learns_from_it():
    import keras

    from recognizer.network import build_network

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    pixels = rng.random((16, 28, 28, 1), np.float32)
    for name, preset in presets().items():
        model = build_network(name)
        assert model.output_shape == (None, preset.classes)
        before = model.get_weights()
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
        loss = model.train_on_batch(pixels, np.arange(16) % 10)
        assert np.isfinite(loss), name
        moved = [not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)]
        assert all(moved), f"{name}: some weights do not learn"


def test_the_shipped_preset_is_one_of_them_and_unknown_ones_are_named():
    from recognizer.network import build_network

    assert SHIPPED_PRESET in presets()
    with pytest.raises(ValueError, match="there are fieldreader"):
        build_network("unknown")


def test_the_five_tutorials_carry_their_own_recipes():
    recipes = {name: preset.recipe for name, preset in presets().items() if preset.recipe}
    assert len(recipes) == 5
    assert all(name.startswith("tutorial-") for name in recipes)
    assert [name for name, recipe in recipes.items() if recipe.optimizer is Optimizer.RMSPROP] == [
        "tutorial-conv3-dense64"
    ]


def test_the_table_of_presets_in_the_docs_is_right():
    from recognizer.network import build_network

    text = (DOCS / "training.md").read_text(encoding="utf-8")
    described = dict(re.findall(r"^\| `([a-z0-9-]+)` \| [^|]+ \| ([\d,]+) \|", text, re.MULTILINE))
    assert described == {name: f"{build_network(name).count_params():,}" for name in presets()}
