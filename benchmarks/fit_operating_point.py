"""Fit the operating point that ships with the model.

    FIELDREADER_DATA=... python -m benchmarks.fit_operating_point --bundle recognizer/weights/fieldreader-1

Combs: drawn fields, digits inside, touching and crossing their cells, by one half of MNIST's test writers, whom no
network learnt from, and by fresh hands of our own pen; the other half of the writers reports. Free lines: tune halves
of the real sets; a few numbers are fitted on them, no weights. Thresholds come from fields whose hands the fit had not
seen. The point is marked `estimated`: it says nothing certain about anybody's own documents.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.fields import draw_comb, pen_hand
from benchmarks.drawn.glyphs import unseen_hands
from benchmarks.field_pool import ANY_CONFIDENCE, CROSSING_MM, FEATURES, MAX_DIGITS, UNCALIBRATED
from benchmarks.real_fields import SETS, load_crops
from pipeline.confidence.calibrate import FieldReadings, fit_reader
from pipeline.confidence.operating_point import FILE_NAME, OperatingPoint, ReaderCalibration, to_json
from pipeline.document import Decision, FieldKind, FieldRegion, FieldSpec
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import COMB, FREE, decode_field
from pipeline.stages.field_crop import regions_of_crops
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from pipeline.values.grammar import digits_of
from recognizer.bundle import add_files, open_bundle
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer

SEED = 7
CHUNK = 64
NAME = "drawn-combs-and-real-lines-2"
SHOWN_BUDGETS = (0.05, 0.01, 0.001)


@dataclass(frozen=True)
class LabelledField:
    """A field, the digits in it, and a number that fields of one hand share."""

    region: FieldRegion
    truth: str
    hand: int


def drawn(count: int, data: Path) -> Iterator[LabelledField]:
    """Comb fields; two in three by MNIST writers unseen by the networks, one by our own pen with a hand of its own."""
    rng = np.random.default_rng(SEED)
    hands = unseen_hands(data, "tune")
    for index in range(count):
        length = int(rng.integers(1, MAX_DIGITS + 1))
        if index % 3 == 0:
            writer, source, digits = len(hands) + index, pen_hand(rng), "".join(map(str, rng.integers(0, 10, length)))
        else:
            writer = int(rng.integers(len(hands)))
            source, digits = hands[writer], hands[writer].choose(length, rng)
        field = draw_comb(digits, source, rng, crossing_mm=float(rng.choice(CROSSING_MM)))
        yield LabelledField(field.region, field.truth, writer)


def doubtful_labels() -> frozenset[str]:
    """Files of the tune halves whose label plainly is not what a person sees written; looked at one by one."""
    with (Path(__file__).parent / "doubtful_labels.csv").open(newline="", encoding="utf-8") as table:
        return frozenset(row["file"] for row in csv.DictReader(table))


def real(data: Path, recognizer: Recognizer, part: str = "tune") -> Iterator[tuple[str, LabelledField]]:
    """One half of the real sets: the batch each field was captured in, and the field; each by a hand of its own.

    Fields whose label is in doubt are left out: one in seventy on the cheques, and the surest readings are wrong there.
    """
    number, doubtful = 0, doubtful_labels()
    for dataset, kind in SETS.items():
        for crop in load_crops(data, dataset):
            if crop.part == part and crop.path.name not in doubtful:
                gray = cv2.imdecode(np.frombuffer(crop.path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
                spec = FieldSpec(crop.path.stem, FieldKind(kind))
                (region,) = regions_of_crops([np.asarray(gray, np.uint8)], [spec], recognizer)
                yield batch_of(crop.path.stem), LabelledField(region, crop.label, number)
                number += 1


def batch_of(stem: str) -> str:
    """When and how a real field was captured, by its file's name: `amounts`, `scan`, `wa0711`, `wa0712`."""
    return next((batch for batch in ("scan", "wa0711", "wa0712") if f"_{batch}_" in stem), "amounts")


def read_labelled(fields: Iterator[LabelledField], recognizer: Recognizer, reader: str) -> tuple[FieldReadings, int]:
    """Best readings of the fields that one reader read and that could be accepted; and how many it read in all."""
    features, is_right, hand, seen = [], [], [], 0
    while chunk := list(islice(fields, CHUNK)):
        segmentations = [segment_field(field.region) for field in chunk]
        for field, segmentation, evidence in zip(
            chunk, segmentations, read_fields(segmentations, recognizer), strict=True
        ):
            decoded = decode_field(segmentation, evidence, UNCALIBRATED)
            if decoded.reader != reader or not decoded.readings:
                continue
            seen += 1
            if decide_field(segmentation, decoded, ANY_CONFIDENCE, DecideOptions()).decision is Decision.ACCEPTED:
                features.append(decoded.readings[0].features)
                is_right.append(digits_of(decoded.readings[0].raw) == field.truth)
                hand.append(field.hand)
    return FieldReadings(features, np.array(is_right, bool), np.array(hand, np.int64)), seen


def report(name: str, readings: FieldReadings, seen: int, fitted: ReaderCalibration) -> None:
    """Print what was fitted and what it promises."""
    print(
        f"{name}: {len(readings)} of {seen} fields could be accepted, {100 * readings.is_right.mean():.2f} % of them "
        f"exact, weights {dict(fitted.weights)}"
    )
    for point in fitted.points:
        if point.max_error in SHOWN_BUDGETS:
            print(
                f"  budget {point.max_error}: threshold {point.threshold:.4f}, accepted {point.accepted} "
                f"({100 * point.accepted / seen:.1f} %), {point.errors} wrong, at most {100 * point.upper_bound:.2f} % "
                f"{'proven on these' if point.is_proven else 'estimated'}"
            )


def main() -> None:
    """Read the labelled fields, fit both readers, write the operating point into the bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--fields", type=int, default=6000, help="drawn comb fields")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    recognizer = load_recognizer(open_bundle(arguments.bundle), "cpu")
    sources = {COMB: drawn(arguments.fields, data), FREE: (field for _, field in real(data, recognizer))}
    readers = {}
    for name, fields in sources.items():
        readings, seen = read_labelled(fields, recognizer, name)
        readers[name] = fit_reader(readings, FEATURES[name])
        report(name, readings, seen, readers[name])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE_NAME
        point = OperatingPoint(NAME, False, readers)
        file.write_text(json.dumps(to_json(point), indent=1) + "\n", encoding="utf-8")
        add_files(arguments.bundle, {FILE_NAME: file})


if __name__ == "__main__":
    main()
