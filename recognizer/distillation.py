"""Distillation: a small network learns what larger ones, alone or together, make of each image.

Source: Hinton, Vinyals & Dean 2015, Distilling the knowledge in a neural network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.calibration import softmax
from recognizer.compression import CompressionOptions, Loss, OnEpoch, learn, load_data, load_master, one_hot, pack
from recognizer.dataset import IntArray
from recognizer.network import build_network
from recognizer.readings import FloatArray


@dataclass(frozen=True, slots=True)
class DistillationOptions:
    """Who learns, and how much from whom.

    Attributes:
        preset: architecture of the student, a key of `network.PRESETS`; None: that of the first teacher, narrower.
        width: share of the first teacher's channels that such a student has, 0 to 1.
        temperature: by which logits of teachers and student are divided, so that the unlikely classes count.
        teachers_part: weight of the teachers' word against that of the labels, 0 to 1.
    """

    preset: str | None = None
    width: float = 0.5
    temperature: float = 3.0
    teachers_part: float = 0.8


def distill(
    teachers: Sequence[Bundle],
    options: CompressionOptions,
    distillation: DistillationOptions = DistillationOptions(),
    on_epoch: OnEpoch = lambda _: None,
) -> Bundle:
    """Train a student on what teachers say, and write a bundle with it and the first teacher's strip network.

    Args:
        teachers: bundles; the mean of their probabilities is learnt. At least one.
        options: how to train.
        distillation: who learns, and how.
        on_epoch: called after each epoch.

    Raises:
        ValueError: an option makes no sense, or teachers and student do not have the same classes.
        ModelError: a teacher cannot be used, or the int8 export reads otherwise than its master.
        DatasetError: training data cannot be used.
    """
    _check(distillation)
    keras.utils.set_random_seed(options.seed)
    masters = [load_master(teacher) for teacher in teachers]
    student = build_network(distillation.preset) if distillation.preset else narrower(masters[0], distillation.width)
    classes = int(student.output_shape[-1])
    if any(master.output_shape[-1] != classes for master in masters):
        raise ValueError(f"preset: the student knows {classes} classes, and not every teacher knows as many")
    data = load_data(options)

    def targets(pixels: FloatArray, labels: IntArray) -> NDArray[np.float32]:
        said = [softmax(master.predict_on_batch(pixels), distillation.temperature) for master in masters]
        return np.concatenate([np.mean(said, axis=0), one_hot(labels, classes)], axis=1)

    learn(student, data, options, targets, _loss(distillation, classes), on_epoch=on_epoch)
    names = ", ".join(f"{teacher.name} {teacher.version} (sha256 `{teacher.sha256}`)" for teacher in teachers)
    return pack(student, teachers[0], data, options, "distilled", f"what was said of each image by {names}")


def narrower(model: keras.Model, width: float) -> keras.Model:
    """An untrained network of the same layers with a share of the channels; the logits stay as many."""
    last = model.layers[-1].name

    def narrowed(layer: keras.Layer) -> keras.Layer:
        config: dict[str, Any] = layer.get_config()
        if layer.name != last:
            for key in ("filters", "units"):
                if key in config:
                    config[key] = max(4, round(config[key] * width))
        return layer.__class__.from_config(config)

    clone = keras.models.clone_model(model, clone_function=narrowed)
    return keras.Model(clone.input, clone.output, name=f"{model.name}-width-{width:g}")


def _loss(distillation: DistillationOptions, classes: int) -> Loss:
    """Cross-entropy against teachers and against labels, of targets that hold both side by side."""
    temperature, part = distillation.temperature, distillation.teachers_part

    def loss(targets: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        said, labelled = targets[:, :classes], targets[:, classes:]
        # Soft gradients shrink with the square of the temperature.
        soft = ops.categorical_crossentropy(said, logits / temperature, from_logits=True) * temperature**2
        hard = ops.categorical_crossentropy(labelled, logits, from_logits=True)
        return part * soft + (1 - part) * hard

    return loss


def _check(distillation: DistillationOptions) -> None:
    if not 0 < distillation.width <= 1:
        raise ValueError(f"width must lie between 0 and 1, not {distillation.width}")
    if not 0 <= distillation.teachers_part <= 1:
        raise ValueError(f"teachers_part must lie between 0 and 1, not {distillation.teachers_part}")
    if distillation.temperature <= 0:
        raise ValueError(f"temperature must be positive, not {distillation.temperature}")
