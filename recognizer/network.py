"""Architectures by name. Only `keras` layers and operations, so every Keras backend trains and runs them.

Networks take (N, 28, 28, 1) float32 in 0..1, ink bright, and return logits; softmax belongs to calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from recognizer.normalize import SIDE_PX
from recognizer.readings import CLASS_COUNT, DIGIT_COUNT
from recognizer.training_options import SHIPPED_PRESET


@dataclass(frozen=True, slots=True)
class Preset:
    """One architecture.

    Attributes:
        summary: one line for `--help` and model cards.
        classes: 11 with 'not one digit', 10 without.
        body: from the input tensor to the features before the last dense layer.
    """

    summary: str
    classes: int
    body: Callable[[keras.KerasTensor], keras.KerasTensor]


def build_network(preset: str) -> keras.Model:
    """Build an untrained network.

    Raises:
        ValueError: no preset of this name; the message lists them.
    """
    if preset not in PRESETS:
        raise ValueError(f"no network preset {preset!r}; there are {', '.join(PRESETS)}")
    chosen = PRESETS[preset]
    pixels = layers.Input((SIDE_PX, SIDE_PX, 1), name="pixels")
    logits = layers.Dense(chosen.classes, name="logits")(chosen.body(pixels))
    return keras.Model(pixels, logits, name=preset)


def as_pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalised images (N, 28, 28) uint8 as networks take them: (N, 28, 28, 1) float32 in 0..1."""
    return images[..., None].astype(np.float32) / np.float32(255)


def _conv_norm(x: keras.KerasTensor, filters: int, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu")(x)


def _shipped_body(x: keras.KerasTensor) -> keras.KerasTensor:
    """28 -> 14 by stride, then 7 and 3 by pooling: most work at 14 x 14 and below, which is what keeps it fast."""
    x = _conv_norm(x, 16)
    x = _conv_norm(x, 32, strides=2)
    x = _conv_norm(x, 64)
    x = layers.MaxPooling2D(2)(x)
    x = _conv_norm(x, 96)
    x = _conv_norm(x, 112)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    return layers.Dropout(0.3)(x)


def _tutorial_body(x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    return layers.Dense(128, activation="relu")(x)


PRESETS: Mapping[str, Preset] = {
    SHIPPED_PRESET: Preset("five BatchNorm convolutions, ten digits and 'not one digit'", CLASS_COUNT, _shipped_body),
    "tutorial-conv2-dense128": Preset("Conv32-Pool-Conv64-Pool-Dense128, ten digits", DIGIT_COUNT, _tutorial_body),
}
