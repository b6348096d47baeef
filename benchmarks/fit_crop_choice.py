"""Fit how much each piece of evidence counts when a way to see a picture of one field is chosen.

    FIELDREADER_DATA=... python -m benchmarks.fit_crop_choice [--every 4] [--each 10]

Prints the weights for `pipeline.stages.crop_choice`, and how many fields are read exactly by the strip network in the
view that is chosen: with these weights, and with weights fitted without the batch the field belongs to. Batches: the
tune halves of the real sets by capture batch, and drawn designs with digits of MNIST writers who validate.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn.crops import CropDesign, draw_crop
from benchmarks.field_crops import hand_of, hands_of
from benchmarks.fit_operating_point import batch_of
from benchmarks.machine import describe_machine
from benchmarks.real_fields import SETS, load_crops
from pipeline.document import FieldKind, FieldSpec
from pipeline.reading_model import open_model
from pipeline.stages.crop_choice import WEIGHTS
from pipeline.stages.field_crop import read_views, see_crop
from recognizer.reader import load_recognizer
from recognizer.readings import GrayImage, Recognizer

SPREADS: Mapping[str, float] = {"score": 3.0, "digits": 2.5, "margin": 2.5}
"""By how much evidence usually differs between views; 0.3 for shares and yes or no."""
PULL = 0.1
"""Strength that holds the weights near the present ones: of 0.01 to 0.3 the best on batches left out."""
STEPS, RATE, MOMENTUM = 800, 0.05, 0.9


@dataclass(frozen=True)
class Choice:
    """The views of one field: (views, features) evidence, and whether each was read exactly."""

    batch: str
    evidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]

    @property
    def tells(self) -> bool:
        """Whether it can teach anything: some views right, some wrong."""
        return bool(self.is_right.any() and not self.is_right.all())


def crops_of(data: Path, every: int, each: int) -> Iterator[tuple[str, GrayImage, FieldKind, str]]:
    """Batch, picture, kind and label of every field to fit on."""
    for dataset, kind in SETS.items():
        for crop in [crop for crop in load_crops(data, dataset) if crop.part == "tune"][::every]:
            gray = cv2.imdecode(np.frombuffer(crop.path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
            yield batch_of(crop.path.stem), np.asarray(gray, np.uint8), FieldKind(kind), crop.label
    hands = hands_of(data, "tune")
    for design in CropDesign:
        for seed in range(each):
            drawn = draw_crop(seed, design, hand_of(seed, hands))
            yield "drawn", drawn.image, drawn.kind, drawn.truth


def choices_of(data: Path, every: int, each: int, recognizer: Recognizer) -> list[Choice]:
    """All fields with their views read."""
    found = []
    for batch, image, kind, label in crops_of(data, every, each):
        (views,) = read_views([see_crop(image, FieldSpec("crop", kind))], recognizer)
        evidence = [[view.features.get(name, 0.0) for name in WEIGHTS] for view in views]
        is_right = [bool(view.strings) and view.strings[0][0] == label for view in views]
        found.append(Choice(batch, np.array(evidence), np.array(is_right)))
    return found


def fit_weights(choices: Sequence[Choice]) -> NDArray[np.float64]:
    """Conditional logit by gradient ascent; every batch counts by the root of its size."""
    telling = [choice for choice in choices if choice.tells]
    spread = np.array([SPREADS.get(name, 0.3) for name in WEIGHTS])
    present = np.array(list(WEIGHTS.values())) * spread
    size = {batch: sum(choice.batch == batch for choice in telling) for batch in {c.batch for c in telling}}
    shares = np.array([size[choice.batch] ** -0.5 for choice in telling])
    shares /= shares.sum()
    weights, speed = present.copy(), np.zeros_like(present)
    for _ in range(STEPS):
        pull = sum(
            share * _gradient(choice.evidence / spread, choice.is_right, weights)
            for share, choice in zip(shares, telling, strict=True)
        )
        speed = MOMENTUM * speed + pull - PULL * (weights - present)
        weights = weights + RATE * speed
    return np.asarray(weights / spread)


def _gradient(
    evidence: NDArray[np.float64], is_right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    scores = evidence @ weights
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    wanted = chances * is_right
    return np.asarray((wanted / (wanted.sum() + 1e-12) - chances) @ evidence)


def share_right(choices: Sequence[Choice], weights: NDArray[np.float64]) -> float:
    """Share of fields whose chosen view was read exactly."""
    return float(np.mean([choice.is_right[int((choice.evidence @ weights).argmax())] for choice in choices]))


def main() -> None:
    """Read, fit, leave each batch out, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=4, help="take every so manieth real field")
    parser.add_argument("--each", type=int, default=10, help="pictures of each drawn design")
    arguments = parser.parse_args()
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    recognizer = load_recognizer(open_model(None).bundle, "cpu")
    choices = choices_of(data, arguments.every, arguments.each, recognizer)
    weights = fit_weights(choices)
    print(f"{describe_machine()}\n")
    print("| batch | n | any view right | weights as they are | fitted on all | fitted without the batch |")
    print("|---|---|---|---|---|---|")
    present = np.array(list(WEIGHTS.values()))
    for batch in sorted({choice.batch for choice in choices}):
        mine = [choice for choice in choices if choice.batch == batch]
        without = fit_weights([choice for choice in choices if choice.batch != batch])
        shares = [float(np.mean([c.is_right.any() for c in mine]))]
        shares += [share_right(mine, w) for w in (present, weights, without)]
        print(f"| {batch} | {len(mine)} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |", flush=True)
    print("\n" + ", ".join(f'"{name}": {weight:.2f}' for name, weight in zip(WEIGHTS, weights, strict=True)))


if __name__ == "__main__":
    main()
