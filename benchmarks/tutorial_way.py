"""The MNIST tutorials' way to read a field: Otsu, outer contours left to right, resize to 28 x 28, 10-class CNN.

This is what one gets by following the usual tutorial to its end, written with care (inverted to light on dark, boxes
sorted, specks dropped by height) so that the comparison is fair.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CACHE = Path(os.environ.get("FIELDREADER_BENCH_CACHE", "runs/bench"))
EPOCHS = 5
SEED = 1


def load_or_train_tutorial_network(root: Path) -> Any:
    """The tutorials' Conv32-Pool-Conv64-Pool-Dense128 network, trained on MNIST (about two minutes on two cores)."""
    import keras

    path = CACHE / "tutorial.keras"
    if path.exists():
        return keras.models.load_model(path)
    from recognizer.network import build_network

    with np.load(root / "mnist.npz") as data:
        x, y = data["x_train"], data["y_train"]
    keras.utils.set_random_seed(SEED)
    network = build_network("tutorial-conv2-dense128")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    network.fit(x[..., None].astype(np.float32) / 255, y, batch_size=128, epochs=EPOCHS, verbose=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    network.save(path)
    return network


def contour_crops(gray: np.ndarray) -> list[np.ndarray]:
    """Pictures of what stands alone in a field, left to right: (28, 28) uint8, light on dark."""
    _, binary = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = sorted(cv2.boundingRect(contour) for contour in contours if cv2.contourArea(contour) > 8)
    highest = max((box[3] for box in boxes), default=0)
    return [cv2.resize(binary[y : y + h, x : x + w], (28, 28)) for x, y, w, h in boxes if h > 0.55 * highest]


def read_the_tutorials_way(paths: Sequence[Path], network: Any) -> list[str]:
    """Digits of every picture; empty where no contour was found."""
    pictures = [cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE) for path in paths]
    crops = [contour_crops(picture) for picture in pictures]
    flat = [crop for field in crops for crop in field]
    if not flat:
        return ["" for _ in paths]
    digits = network.predict(np.array(flat, np.float32)[..., None] / 255, verbose=0).argmax(axis=1)
    answers, start = [], 0
    for field in crops:
        answers.append("".join(str(d) for d in digits[start : start + len(field)]))
        start += len(field)
    return answers
