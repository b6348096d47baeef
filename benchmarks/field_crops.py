"""Exact match on drawn pictures of single fields, by how the field is printed: box, comb, caption, rule, neighbours.

    FIELDREADER_DATA=... python -m benchmarks.field_crops [--each 40] [--seed 0] [--half tune|report]

Digits are those of MNIST's test writers, whom no network has seen, of one half or the other. Every seed draws another
form. Seeds from 100000 on are for reporting only.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.drawn.crops import CropDesign, DrawnCrop, draw_crop
from benchmarks.drawn.glyphs import Half, WriterHand, unseen_hands
from benchmarks.machine import describe_machine
from pipeline.confidence.operating_point import OperatingPoint
from pipeline.document import FieldSpec
from pipeline.process import read_crop
from pipeline.reading_model import open_model
from pipeline.values.grammar import digits_of
from recognizer.proportions import wilson_interval
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer


def hands_of(data: Path, half: Half) -> list[WriterHand]:
    """Writers of a half who left every digit."""
    return [hand for hand in unseen_hands(data, half) if len(hand.by_digit) == 10]


def hand_of(seed: int, hands: Sequence[WriterHand]) -> WriterHand:
    """The writer of a seed."""
    return hands[int(np.random.default_rng([seed, 77]).integers(len(hands)))]


def measure(
    design: CropDesign, crops: Sequence[DrawnCrop], recognizer: Recognizer, operating_point: OperatingPoint
) -> tuple[str, int]:
    """A line of the table, and how many were read exactly."""
    start = time.process_time()
    readings = [read_crop(crop.image, FieldSpec("crop", crop.kind), recognizer, operating_point) for crop in crops]
    spent = 1000 * (time.process_time() - start) / len(crops)
    exact = sum(digits_of(reading.raw or "") == crop.truth for reading, crop in zip(readings, crops, strict=True))
    return row_of(design, exact, len(crops), f"{spent:.0f}"), exact


def row_of(name: str, exact: int, n: int, spent: str) -> str:
    """A line of the table."""
    low, high = wilson_interval(exact, n)
    return f"| {name} | {n} | {100 * exact / n:.1f} % ({100 * low:.1f}-{100 * high:.1f}) | {spent} |"


def main() -> None:
    """Draw, read and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=40, help="pictures of each design")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="whose digits are used")
    arguments = parser.parse_args()
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    hands = hands_of(data, arguments.half)
    model = open_model(None)
    recognizer = load_recognizer(model.bundle, "cpu")
    seeds = range(arguments.seed, arguments.seed + arguments.each)
    print(f"{describe_machine()}\n")
    print("| design | n | exact (95 % interval) | ms a field |\n|---|---|---|---|")
    total = 0
    for design in CropDesign:
        line, exact = measure(
            design, [draw_crop(seed, design, hand_of(seed, hands)) for seed in seeds], recognizer, model.operating_point
        )
        total += exact
        print(line, flush=True)
    print(row_of("all", total, arguments.each * len(CropDesign), ""))


if __name__ == "__main__":
    main()
