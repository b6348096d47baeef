"""A strip network as LiteRT runs it, at any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

from recognizer.readings import FloatArray
from recognizer.strip_network import LOGITS


def columns_of(model: keras.Model) -> keras.Model | None:
    """A strip network up to its scores, (N, 1, W / 4, 11), as LiteRT can run it at any width; None for another one."""
    if len(model.output_shape) == 2:
        return None
    return keras.Model(model.input, model.get_layer(LOGITS).output)


def convert_strips(columns: keras.Model, samples: Sequence[FloatArray]) -> bytes:
    """LiteRT of what `columns_of` gives, unverified; weights and activations int8 when there are samples (32, W)."""
    converter = tf.lite.TFLiteConverter.from_keras_model(columns)
    if samples:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _calibration(samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    content: bytes = converter.convert()
    return content


def _calibration(samples: Sequence[FloatArray]) -> Iterator[list[FloatArray]]:
    for ink in samples:
        yield [ink[None, :, :, None]]
