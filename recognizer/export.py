"""Export of a digit network to LiteRT, full int8, compared with its master before anything is written."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.calibration import softmax
from recognizer.chatter import without_chatter
from recognizer.classifier import ImageStack, LiteRtEngine
from recognizer.errors import ModelError
from recognizer.network import as_pixels
from recognizer.readings import FloatArray

_MOST_CHANGED = 0.005
"""Share of held-out labels the export may change. Ours changed 0 to 3 of 10,000."""
_FEWEST_CHANGED = 2
"""So many prove nothing where few digits were held out: at a rate of 0.5 %, three of 100 happen once in 70 times."""
_REPRESENTATIVE = 600
"""Images that fix the int8 ranges; 500 were enough in trials."""


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """An export beside its master, on images the ranges were not fitted on.

    Attributes:
        n: images compared.
        labels_changed: of them, those whose likeliest class differs.
        largest_difference: of any probability.
    """

    n: int
    labels_changed: int
    largest_difference: float


def export_int8(model: keras.Model, out: Path, representative: ImageStack, held_out: ImageStack) -> ExportCheck:
    """Write a network as full-int8 LiteRT, unless the result reads otherwise than its master.

    Args:
        model: takes (N, 28, 28, 1) float32 in 0..1 and returns logits.
        out: file to write.
        representative: (N, 28, 28) uint8 images as met in production, to fix the int8 ranges.
        held_out: (M, 28, 28) uint8 images to compare on.

    Raises:
        ModelError: more than 0.5 % of the labels, and more than two, changed; nothing is written then.
    """
    content = convert_int8(model, representative)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / out.name
        trial.write_bytes(content)
        check = compare_logits(master_logits(model, held_out), LiteRtEngine(trial).logits(held_out))
    if check.labels_changed > max(_MOST_CHANGED * check.n, _FEWEST_CHANGED):
        raise ModelError(
            f"the int8 export changes {check.labels_changed} of {check.n} labels and was not written to {out}"
        )
    temporary = out.with_name(f".{out.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(out)
    return check


def compare_logits(master: FloatArray, exported: FloatArray) -> ExportCheck:
    """Labels changed and the largest difference of a probability between two engines on the same images."""
    changed = int((master.argmax(axis=1) != exported.argmax(axis=1)).sum())
    difference = float(np.abs(softmax(master) - softmax(exported)).max(initial=0.0))
    return ExportCheck(len(master), changed, difference)


def master_logits(model: keras.Model, images: ImageStack) -> FloatArray:
    """Logits (N, classes) float32 of a Keras network for (N, 28, 28) uint8 images."""
    return np.asarray(model.predict(as_pixels(images), batch_size=512, verbose=0), np.float32)


def convert_int8(model: keras.Model, representative: ImageStack) -> bytes:
    """A network as full-int8 LiteRT, unverified.

    Args:
        model: takes (N, 28, 28, 1) float32 in 0..1 and returns logits.
        representative: (N, 28, 28) uint8 images as met in production, to fix the int8 ranges.
    """
    import tensorflow as tf  # the converter's own library; everything else here runs on any backend

    representative = representative[:_REPRESENTATIVE]

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        # The extremes must be met, so that a pixel's value is its int8 value.
        for image in (np.zeros_like(representative[0]), np.full_like(representative[0], 255), *representative):
            yield [as_pixels(image[None])]

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), without_chatter():
        warnings.simplefilter("ignore")  # TensorFlow's converter announces its own deprecation
        model.export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        return bytes(converter.convert())
