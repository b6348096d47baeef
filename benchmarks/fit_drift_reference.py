"""Make the drift reference that ships with the model, and put it into the bundle.

    python -m benchmarks.fit_drift_reference --bundle recognizer/weights/fieldreader-1

Combs of five digits by fresh hands of our own pen, every digit alike. How many fields are left blank depends on the
form alone, so the reference leaves that signal out. Offices that read free lines, whose confidence is lower, make a
reference of their own from results that they trust.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.fields import draw_comb, pen_hand
from pipeline.confidence.drift import profile_of_fields
from pipeline.confidence.operating_point import OperatingPoint, load_operating_point
from pipeline.document import FieldReading
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.bundle import OPERATING_POINT, add_files, open_bundle
from recognizer.drift import DRIFT_REFERENCE, ReadingProfile, profile_to_json
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer

SEED = 31
FIELDS_A_HAND = 4
MAX_ERROR = 0.01


def drawn_readings(hands: int, recognizer: Recognizer, point: OperatingPoint) -> Iterator[FieldReading]:
    """Fields of drawn hands as the pipeline reads them."""
    rng = np.random.default_rng(SEED)
    for _ in range(hands):
        hand = pen_hand(rng)
        texts = ["".join(map(str, rng.integers(0, 10, 5))) for _ in range(FIELDS_A_HAND)]
        fields = [segment_field(draw_comb(text, hand, rng).region) for text in texts]
        for field, evidence in zip(fields, read_fields(fields, recognizer), strict=True):
            decoded = decode_field(field, evidence, point)
            yield decide_field(field, decoded, point.threshold(decoded.reader, MAX_ERROR), DecideOptions())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--hands", type=int, default=250)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = open_bundle(asked.bundle)
    point = load_operating_point(bundle.file(OPERATING_POINT))
    seen = profile_of_fields(drawn_readings(asked.hands, load_recognizer(bundle, "cpu"), point))
    reference = ReadingProfile({name: counts for name, counts in seen.counts.items() if name != "blank"})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / DRIFT_REFERENCE
        file.write_text(profile_to_json(reference), encoding="utf-8")
        add_files(asked.bundle, {DRIFT_REFERENCE: file})
    print(reference.counts)


if __name__ == "__main__":
    main()
