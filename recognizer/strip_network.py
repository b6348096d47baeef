"""The strip network: fully convolutional, one column of evidence every four pixels."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from recognizer.strip_decode import OUTPUTS
from recognizer.strip_views import STRIP_HEIGHT

LOGITS = "logits"
"""Name of the layer with the scores, (N, 1, W / 4, 11): exported without the reshaping behind it, which LiteRT's fast
kernels cannot follow when the width changes."""


@dataclass(frozen=True, slots=True)
class StripNetworkOptions:
    """Sizes of the strip network.

    Attributes:
        width: factor on the number of channels; 1.0 gives about 0.9 million parameters.
        dropout: share of features dropped before the output.
    """

    width: float = 1.0
    dropout: float = 0.1


def build_strip_network(options: StripNetworkOptions = StripNetworkOptions()) -> keras.Model:
    """Build the network: (N, 32, W, 1) float32 normalised strips -> (N, W / 4, 11) logits, blank last.

    Two-dimensional layers look at shapes, one-dimensional ones at neighbours: about 20 columns, two digits each way.
    """

    def channels(count: int) -> int:
        return max(8, int(count * options.width) // 8 * 8)

    strip = keras.Input((STRIP_HEIGHT, None, 1), name="strip")
    x = _convolve(strip, channels(24), (5, 5), strides=2)
    x = _convolve(x, channels(40), (3, 3))
    x = layers.MaxPooling2D((2, 2))(x)
    x = _convolve(x, channels(64), (3, 3))
    x = _residual(x, channels(64), (3, 3))
    x = layers.MaxPooling2D((2, 1))(x)
    x = _convolve(x, channels(112), (3, 3))
    x = _residual(x, channels(112), (3, 3))
    x = _convolve(x, channels(208), (4, 1), padding="valid")
    for dilation in (1, 2, 1):
        x = _residual(x, channels(208), (1, 5), dilation=dilation)
    x = layers.Dropout(options.dropout)(x)
    logits = layers.Conv2D(OUTPUTS, 1, dtype="float32", name=LOGITS)(x)
    return keras.Model(strip, layers.Reshape((-1, OUTPUTS), dtype="float32")(logits), name="strips")


def _convolve(
    x: keras.KerasTensor, filters: int, kernel: tuple[int, int], *, strides: int = 1, padding: str = "same"
) -> keras.KerasTensor:
    x = layers.Conv2D(
        filters, kernel, strides=strides, padding=padding, use_bias=False, kernel_initializer="he_normal"
    )(x)
    return layers.Activation("relu")(layers.BatchNormalization(momentum=0.95)(x))


def _residual(x: keras.KerasTensor, filters: int, kernel: tuple[int, int], *, dilation: int = 1) -> keras.KerasTensor:
    y = layers.Conv2D(
        filters,
        kernel,
        padding="same",
        dilation_rate=(1, dilation),
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    y = layers.Activation("relu")(layers.BatchNormalization(momentum=0.95)(y))
    return layers.Add()([x, y])
