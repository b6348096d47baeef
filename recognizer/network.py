"""Networks by name. Only `keras` layers and operations, so every Keras backend trains and runs them.

Networks take (N, 28, 28, 1) float32 in 0..1, ink bright, and return logits; softmax belongs to calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from recognizer import architectures as bodies
from recognizer.normalize import SIDE_PX
from recognizer.readings import CLASS_COUNT, DIGIT_COUNT
from recognizer.recipes import Recipe
from recognizer.training_options import SHIPPED_PRESET, Optimizer


@dataclass(frozen=True, slots=True)
class Preset:
    """One architecture.

    Attributes:
        summary: one line for `--help` and model cards.
        classes: 11 with 'not one digit', 10 without.
        body: from the input tensor to the features before the last dense layer.
        recipe: how the tutorial trains it that it comes from; None for networks of our own.
    """

    summary: str
    classes: int
    body: Callable[[keras.KerasTensor], keras.KerasTensor]
    recipe: Recipe | None = None


def preset_named(name: str) -> Preset:
    """A preset.

    Raises:
        ValueError: there is none of this name; the message lists them.
    """
    if name not in PRESETS:
        raise ValueError(f"no network preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def build_network(preset: str, classes: int | None = None) -> keras.Model:
    """Build an untrained network.

    Args:
        preset: a key of `PRESETS`.
        classes: number of logits; None: as many as the preset has.

    Raises:
        ValueError: no preset of this name; the message lists them.
    """
    chosen = preset_named(preset)
    pixels = layers.Input((SIDE_PX, SIDE_PX, 1), name="pixels")
    logits = layers.Dense(classes or chosen.classes, name="logits")(chosen.body(pixels))
    return keras.Model(pixels, logits, name=preset)


def as_pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalised images (N, 28, 28) uint8 as networks take them: (N, 28, 28, 1) float32 in 0..1."""
    return images[..., None].astype(np.float32) / np.float32(255)


PRESETS: Mapping[str, Preset] = {
    SHIPPED_PRESET: Preset("five BatchNorm convolutions, ten digits and 'not one digit'", CLASS_COUNT, bodies.shipped),
    "tutorial-conv2-dense128": Preset(
        "Conv32-Pool-Conv64-Pool-Dense128",
        DIGIT_COUNT,
        bodies.conv32_conv64_dense128,
        Recipe(Optimizer.ADAM, batch_size=128, epochs=10),
    ),
    "tutorial-conv2-dense128-dropout": Preset(
        "Conv32-Pool-Conv64-Pool-Dense128-Dropout 0.5",
        DIGIT_COUNT,
        bodies.conv32_conv64_dense128_dropout,
        Recipe(Optimizer.ADAM, batch_size=64, epochs=10),
    ),
    "tutorial-conv2-dense64": Preset(
        "Conv32-Pool-Conv64-Pool-Dense64",
        DIGIT_COUNT,
        bodies.conv32_conv64_dense64,
        Recipe(Optimizer.ADAM, batch_size=128, epochs=10),
    ),
    "tutorial-conv1-dense128": Preset(
        "Conv28-Pool-Dense128-Dropout 0.2",
        DIGIT_COUNT,
        bodies.conv28_dense128,
        Recipe(Optimizer.ADAM, batch_size=32, epochs=10),
    ),
    "tutorial-conv3-dense64": Preset(
        "Conv32-Pool-Conv64-Pool-Conv64-Dense64",
        DIGIT_COUNT,
        bodies.conv32_conv64_conv64_dense64,
        Recipe(Optimizer.RMSPROP, batch_size=32, epochs=5),
    ),
    "batchnorm-dropout": Preset(
        "six BatchNorm convolutions in three widths, dropout after each pair", CLASS_COUNT, bodies.batchnorm_dropout
    ),
    "residual": Preset("three stages of two residual blocks each", CLASS_COUNT, bodies.residual),
    "depthwise": Preset("depthwise separable convolutions, for small devices", CLASS_COUNT, bodies.depthwise),
}
