"""Fit the operating point that ships with the model.

    FIELDREADER_DATA=... python -m benchmarks.fit_operating_point --bundle recognizer/weights/fieldreader-1

Combs: drawn fields of MNIST writers who validate (not in training, not in the test set) and of fresh hands of our own
pen, digits inside, touching and crossing their cells. Free lines: the tune halves of the real sets; four numbers are
fitted on them, no weights. The point is marked `estimated`: it says nothing certain about anybody's own documents.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.fields import DigitSource, draw_comb, mnist_hand, pen_hand
from benchmarks.real_fields import SETS, load_crops
from pipeline.calibrate import fit_reader
from pipeline.document import FieldKind, FieldRegion, FieldSpec
from pipeline.grammar import digits_of
from pipeline.operating_point import FILE_NAME, OperatingPoint, ReaderCalibration, to_json
from pipeline.stages.decode import COMB, FREE, decode_field
from pipeline.stages.field_crop import field_of_crop
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.dataset import load_mnist, split_by_writer
from recognizer.model_store import add_files, open_bundle
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer

SEED = 7
CHUNK = 64
FEATURES = {COMB: ("logit", "digits"), FREE: ("logit", "digits", "string_score", "agree")}
UNCALIBRATED = OperatingPoint(
    "none", False, {name: ReaderCalibration(0.0, {"logit": 1.0}, (), 1.0) for name in FEATURES}
)


@dataclass(frozen=True)
class Labelled:
    """The best reading of one labelled field: what the calibration weighs, and whether it is right."""

    features: Mapping[str, float]
    is_right: bool


def writers(data: Path) -> list[DigitSource]:
    """Hands of the validation writers who left every digit."""
    _, validation = split_by_writer(load_mnist(data)[0])
    hands = []
    for writer in np.unique(validation.writers):
        mine = validation.writers == writer
        by_digit = {d: validation.images[mine & (validation.labels == d)] for d in range(10)}
        if all(len(pictures) for pictures in by_digit.values()):
            hands.append(mnist_hand(by_digit))
    return hands


def drawn(count: int, data: Path) -> Iterator[tuple[FieldRegion, str]]:
    """Comb fields with what was written in them; two in three by MNIST writers, one by our own pen."""
    rng = np.random.default_rng(SEED)
    hands = writers(data)
    for index in range(count):
        source = pen_hand(rng) if index % 3 == 0 else hands[rng.integers(len(hands))]
        digits = "".join(str(d) for d in rng.integers(0, 10, rng.integers(1, 11)))
        field = draw_comb(digits, source, rng, crossing_mm=float(rng.choice([0.0, 0.2, 0.4])))
        yield field.region, field.truth


def real(data: Path) -> Iterator[tuple[FieldRegion, str]]:
    """Tune halves of the real sets."""
    for dataset, kind in SETS.items():
        for crop in load_crops(data, dataset):
            if crop.part == "tune":
                gray = cv2.imdecode(np.frombuffer(crop.path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
                yield field_of_crop(gray, FieldSpec(crop.path.stem, FieldKind(kind))), crop.label


def read_labelled(fields: Iterator[tuple[FieldRegion, str]], recognizer: Recognizer) -> dict[str, list[Labelled]]:
    """Best readings by reader; fields without any reading are left out, as nothing is accepted of them."""
    found: dict[str, list[Labelled]] = {name: [] for name in FEATURES}
    for chunk in _chunks(fields):
        segmentations = [segment_field(region) for region, _ in chunk]
        evidence = read_fields(segmentations, recognizer)
        for segmentation, answer, (_, truth) in zip(segmentations, evidence, chunk, strict=True):
            decoded = decode_field(segmentation, answer, UNCALIBRATED)
            if decoded.readings:
                best = decoded.readings[0]
                found[decoded.reader].append(Labelled(best.features, digits_of(best.raw) == truth))
    return found


def _chunks(fields: Iterator[tuple[FieldRegion, str]]) -> Iterator[Sequence[tuple[FieldRegion, str]]]:
    chunk: list[tuple[FieldRegion, str]] = []
    for field in fields:
        chunk.append(field)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def main() -> None:
    """Read the labelled fields, fit both readers, write the operating point into the bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--fields", type=int, default=6000, help="drawn comb fields")
    arguments = parser.parse_args()
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    recognizer = load_recognizer(open_bundle(arguments.bundle), "cpu")
    labelled = {
        COMB: read_labelled(drawn(arguments.fields, data), recognizer)[COMB],
        FREE: read_labelled(real(data), recognizer)[FREE],
    }
    readers = {}
    for name, fields in labelled.items():
        right = [field.is_right for field in fields]
        readers[name] = fit_reader([field.features for field in fields], right, FEATURES[name])
        point = OperatingPoint(name, False, readers)
        print(
            f"{name}: {len(fields)} fields, {100 * np.mean(right):.2f} % exact, weights {dict(readers[name].weights)}"
        )
        for budget in (0.05, 0.01, 0.001):
            threshold = point.threshold(name, budget)
            taken = max((p.accepted for p in readers[name].curve if p.threshold >= threshold.value), default=0)
            print(f"  budget {budget}: threshold {threshold.value:.4f}, accepted {100 * taken / len(fields):.1f} %")
    point = OperatingPoint("drawn-combs-and-real-lines-1", False, readers)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE_NAME
        file.write_text(json.dumps(to_json(point), indent=1) + "\n", encoding="utf-8")
        add_files(arguments.bundle, {FILE_NAME: file})


if __name__ == "__main__":
    main()
