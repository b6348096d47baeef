"""Bodies of the digit networks: from pixels (N, 28, 28, 1) to the features before the last dense layer."""

from __future__ import annotations

import keras
from keras import layers

# --- ours ----------------------------------------------------------------------------------------


def shipped(x: keras.KerasTensor) -> keras.KerasTensor:
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


def batchnorm_dropout(x: keras.KerasTensor) -> keras.KerasTensor:
    """Pairs of convolutions at 28, 14 and 7 pixels; dropout grows towards the head, where parameters are most."""
    for filters, rate in ((32, 0.1), (64, 0.2), (128, 0.3)):
        x = _conv_norm(x, filters)
        x = _conv_norm(x, filters)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(rate)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Activation("relu")(x)
    return layers.Dropout(0.5)(x)


def residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """Source: He et al. 2016, Identity mappings in deep residual networks; strides halve 28 to 14 to 7."""
    x = _conv_norm(x, 16)
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        x = _residual_block(x, filters, strides)
        x = _residual_block(x, filters, 1)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(0.2)(x)


def depthwise(x: keras.KerasTensor) -> keras.KerasTensor:
    """Each channel filtered on its own, then mixed point by point: a tenth of the usual weights.

    Source: Howard et al. 2017, MobileNets.
    """
    x = _conv_norm(x, 16, strides=2)
    for filters, strides in ((32, 1), (48, 2), (48, 1), (96, 2), (96, 1)):
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("relu")(x)
        x = _conv_norm(x, filters, size=1)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(0.2)(x)


def _conv_norm(x: keras.KerasTensor, filters: int, strides: int = 1, size: int = 3) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu")(x)


def _residual_block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, strides=strides, use_bias=False, kernel_initializer="he_normal")(x)
        shortcut = layers.BatchNormalization(momentum=0.9)(shortcut)
    x = _conv_norm(x, filters, strides=strides)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu")(layers.Add()([x, shortcut]))


# --- the tutorials' ------------------------------------------------------------------------------


def conv32_conv64_dense128(x: keras.KerasTensor) -> keras.KerasTensor:
    """Conv32-Pool-Conv64-Pool-Dense128."""
    x = layers.Flatten()(_conv32_conv64(x))
    return layers.Dense(128, activation="relu")(x)


def conv32_conv64_dense128_dropout(x: keras.KerasTensor) -> keras.KerasTensor:
    """The same with dropout 0.5 before the head."""
    return layers.Dropout(0.5)(conv32_conv64_dense128(x))


def conv32_conv64_dense64(x: keras.KerasTensor) -> keras.KerasTensor:
    """The same as the first with half the dense units."""
    x = layers.Flatten()(_conv32_conv64(x))
    return layers.Dense(64, activation="relu")(x)


def conv28_dense128(x: keras.KerasTensor) -> keras.KerasTensor:
    """Conv28-Pool-Dense128-Dropout 0.2. As published, its convolution has no activation."""
    x = layers.Conv2D(28, 3)(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    return layers.Dropout(0.2)(x)


def conv32_conv64_conv64_dense64(x: keras.KerasTensor) -> keras.KerasTensor:
    """Conv32-Pool-Conv64-Pool-Conv64-Dense64."""
    x = layers.Conv2D(64, 3, activation="relu")(_conv32_conv64(x))
    x = layers.Flatten()(x)
    return layers.Dense(64, activation="relu")(x)


def _conv32_conv64(x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    return layers.MaxPooling2D(2)(x)
