"""Exports a trained strip network to LiteRT and checks that the export reads as the original does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf

from recognizer.errors import ModelError
from recognizer.readings import FloatArray
from recognizer.strip_decode import COLUMN_PX, greedy_text, log_softmax
from recognizer.strip_network import LOGITS
from recognizer.strip_reader import StripReader
from recognizer.strip_views import View


@dataclass(frozen=True, slots=True)
class StripExport:
    """What an export changed.

    Attributes:
        strips: how many were compared.
        texts_changed: strips whose greedy string differs from the original's.
        largest_difference: between two probabilities of one column.
    """

    strips: int
    texts_changed: int
    largest_difference: float


def export_strips(model_path: Path, out: Path, samples: Sequence[FloatArray], *, int8: bool = False) -> StripExport:
    """Write a `.keras` strip network as a `.tflite` of any width, once it is known to read alike.

    Args:
        model_path: `strips.keras`.
        out: file to write; replaced whole.
        samples: (32, W) normalised strips, to calibrate int8 with and to compare on.
        int8: quantise weights and activations; floats go in and come out either way.

    Raises:
        ModelError: the export reads more than one strip in fifty differently; nothing is written.
    """
    model = keras.models.load_model(model_path, compile=False)
    columns = columns_of(model)
    if columns is None:
        raise ModelError(f"{model_path} is no strip network")
    content = convert_strips(columns, samples if int8 else ())
    with TemporaryDirectory() as folder:
        trial = Path(folder) / out.name
        trial.write_bytes(content)
        export = _compare(model, StripReader(trial), samples)
    if export.texts_changed > 0.02 * export.strips:
        raise ModelError(f"{out}: not written, {export.texts_changed} of {export.strips} strips read differently")
    partial = out.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(out)
    return export


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


def _compare(model: keras.Model, reader: StripReader, samples: Sequence[FloatArray]) -> StripExport:
    changed, largest = 0, 0.0
    for ink in samples:
        whole = np.pad(ink, ((0, 0), (0, -ink.shape[1] % COLUMN_PX)))
        original = log_softmax(np.asarray(model(whole[None, :, :, None], training=False))[0])
        exported = reader.evidence(View(ink, 1.0, 0.0))
        changed += greedy_text(original) != greedy_text(exported)
        largest = max(largest, float(np.abs(np.exp(original) - np.exp(exported)).max()))
    return StripExport(len(samples), changed, largest)
