"""Pictures of what a trained network still gets wrong, on digits it was not trained on; the test set stays unseen."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from recognizer.calibration import softmax
from recognizer.evaluation_plots import Picture, draw_counts, draw_pictures
from recognizer.export import master_logits
from recognizer.training_data import TrainingData

_WORST = 36
_COLUMNS = 6


def draw_run(folder: Path, model: keras.Model, data: TrainingData) -> None:
    """Write `confusion.png` and `worst.png`: how the validation digits of a run are read."""
    labels = data.validation.labels
    probabilities = softmax(master_logits(model, data.validation.images))
    names = (*data.classes, "?")[: probabilities.shape[1]]
    read_as, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    confusion = np.zeros((len(data.classes), len(names)), np.int64)
    np.add.at(confusion, (labels, read_as), 1)
    (folder / "confusion.png").write_bytes(draw_counts(confusion, names))
    wrong = np.flatnonzero(read_as != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:_WORST]
    pictures = [
        Picture(data.validation.images[row], names[labels[row]], names[read_as[row]], float(confidence[row]))
        for row in worst
    ]
    (folder / "worst.png").write_bytes(draw_pictures(pictures, columns=_COLUMNS))
