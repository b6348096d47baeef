"""Drawn comb fields read once and kept, so that calibrations can be drawn from them again and again.

Chunks are files of their own: an interrupted reading goes on where it was, and a larger pool begins with the smaller.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn.fields import draw_comb
from benchmarks.drawn.glyphs import WriterHand
from pipeline.confidence.calibrate import FieldReadings
from pipeline.confidence.operating_point import OperatingPoint, ReaderCalibration, Threshold
from pipeline.document import Decision
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import COMB, FREE, decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from pipeline.values.grammar import digits_of
from recognizer.readings import GrayImage, Recognizer

CHUNK = 500
FEATURES = {
    COMB: ("logit", "weakest"),
    FREE: ("logit", "weakest", "weakest_cut_out", "lead", "left_out", "same_pen", "more_read"),
}
"""What the probability of a field is made of, by reader."""
UNCALIBRATED = OperatingPoint(
    "none", False, {name: ReaderCalibration(0.0, {"logit": 1.0}, (), 1.0) for name in FEATURES}
)
ANY_CONFIDENCE = Threshold(0.0, True)
CROSSING_MM = (0.0, 0.2, 0.4)
MAX_DIGITS = 10

Wear = Callable[[GrayImage, np.random.Generator], GrayImage]
"""Makes a picture worse."""


@dataclass(frozen=True)
class Pool:
    """Fields that could be accepted, read.

    Attributes:
        readings: the features of the best reading of each, whether it is right, and which hand wrote it.
        drawn: how many were drawn; the others go to a person however sure their reading is.
    """

    readings: FieldReadings
    drawn: int


def read_pool(
    folder: Path, count: int, hands: Sequence[WriterHand], recognizer: Recognizer, wear: Wear | None = None
) -> Pool:
    """Draw and read fields in chunks, taking those that lie in the folder already.

    Args:
        folder: of the chunks of this pool; made when missing.
        count: fields to draw, rounded up to whole chunks.
        hands: the writers; each field is written by one of them.
        recognizer: reads them.
        wear: done to the picture of every field.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = []
    for number in range(-(-count // CHUNK)):
        file = folder / f"{number:04d}.npy"
        if not file.is_file():
            print(f"{folder.name}: chunk {number + 1} of {-(-count // CHUNK)}", file=sys.stderr, flush=True)
            rng = np.random.default_rng([number, *folder.name.encode()])
            part = file.with_suffix(".part")
            with part.open("wb") as stream:
                np.save(stream, _read_chunk(rng, hands, recognizer, wear))
            part.replace(file)
        tables.append(np.load(file))
    return _pool_of(np.concatenate(tables))


def _read_chunk(
    rng: np.random.Generator, hands: Sequence[WriterHand], recognizer: Recognizer, wear: Wear | None
) -> NDArray[np.float64]:
    """(CHUNK, 3 + features): hand, right, acceptable, features; features of unread fields are NaN."""
    names = FEATURES[COMB]
    writers = rng.integers(len(hands), size=CHUNK)
    table = np.full((CHUNK, 3 + len(names)), np.nan)
    fields, truths = [], []
    for writer in writers:
        digits = hands[writer].choose(int(rng.integers(1, MAX_DIGITS + 1)), rng)
        field = draw_comb(digits, hands[writer], rng, crossing_mm=float(rng.choice(CROSSING_MM)))
        image = wear(field.region.image, rng) if wear else field.region.image
        fields.append(segment_field(replace(field.region, image=image)))
        truths.append(field.truth)
    for row, (segmentation, evidence) in enumerate(zip(fields, read_fields(fields, recognizer), strict=True)):
        decoded = decode_field(segmentation, evidence, UNCALIBRATED)
        reading = decide_field(segmentation, decoded, ANY_CONFIDENCE, DecideOptions())
        is_right = digits_of(reading.raw or "") == truths[row]
        table[row, :3] = writers[row], is_right, reading.decision is Decision.ACCEPTED
        if decoded.readings:
            table[row, 3:] = [decoded.readings[0].features[name] for name in names]
    return table


def _pool_of(table: NDArray[np.float64]) -> Pool:
    kept = table[table[:, 2] > 0]
    features = [dict(zip(FEATURES[COMB], map(float, row), strict=True)) for row in kept[:, 3:]]
    return Pool(FieldReadings(features, kept[:, 1] > 0, kept[:, 0].astype(np.int64)), len(table))
