"""Cut and read drawn fields whose ink touches: boxes touched and crossed, digits that touch each other.

    FIELDREADER_DATA=... python -m benchmarks.segmentation [--fields 1000] [--seed 1] [--half tune|report]

One of MNIST's test writers writes each field. Accepted shares are those of the best threshold on these very fields
(an oracle's): they say how well confidence ranks, not what an operating point fitted elsewhere would accept. The half
`tune` is for development; the figures that count are those of the half `report`, on a seed nothing was looked at with.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.boxed import Style, draw_boxed
from benchmarks.drawn.glyphs import WriterHand, unseen_hands
from benchmarks.drawn.lines import draw_line
from benchmarks.machine import describe_machine
from pipeline.confidence.operating_point import FILE_NAME, OperatingPoint, Threshold, load_operating_point
from pipeline.document import Decision, FieldKind, FieldReading, FieldRegion, FieldSpec
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.field_crop import regions_of_crops
from pipeline.stages.read import Evidence, read_fields
from pipeline.stages.segment import Segmentation, segment_field
from pipeline.values.grammar import digits_of
from recognizer.bundle import open_bundle
from recognizer.evaluation import coverage_at_error
from recognizer.model_store import shipped_bundle
from recognizer.proportions import wilson_interval
from recognizer.reader import load_recognizer
from recognizer.readings import GrayImage, Recognizer

BOX_DIGITS = 5
TOUCHING_SHARE = 0.3
CHUNK = 64
BUDGETS = (0.01, 0.001)
ANY_CONFIDENCE = Threshold(value=0.0, is_certified=False)


@dataclass(frozen=True)
class FieldOutcome:
    """How one field was read.

    Attributes:
        confidence: 0 where anything but a low confidence sends the field to a person.
    """

    is_right: bool
    confidence: float


@dataclass(frozen=True)
class Milliseconds:
    """Processor time a field."""

    segmenting: float
    reading: float
    deciding: float


Drawing = Callable[[WriterHand, np.random.Generator], tuple[FieldRegion | GrayImage, str]]
"""Draws one field, placed on its page or cut out of it, and says what was written in it."""


def boxed(crossing_px: int, style: Style | None = None) -> Drawing:
    """Boxed fields whose digits reach so far beyond their boxes."""

    def draw(hand: WriterHand, rng: np.random.Generator) -> tuple[FieldRegion, str]:
        field = draw_boxed(hand.choose(BOX_DIGITS, rng), hand, rng, crossing_px, style)
        return field.region, field.truth

    return draw


def line(touching_share: float) -> Drawing:
    """Strings of two to six digits, cut out of their page."""

    def draw(hand: WriterHand, rng: np.random.Generator) -> tuple[GrayImage, str]:
        drawn = draw_line(hand.choose(int(rng.integers(2, 7)), rng), hand, rng, touching_share)
        return drawn.image, drawn.truth

    return draw


CONDITIONS: dict[str, Drawing] = {
    "boxes, no printed line": boxed(4, Style.DROP_OUT),
    "boxes touched": boxed(0),
    "boxes crossed by 4 px": boxed(4),
    "strings, no pair touching": line(0.0),
    "strings, 30 % of pairs touching": line(TOUCHING_SHARE),
}


def measure(
    draw: Drawing,
    hands: Sequence[WriterHand],
    count: int,
    rng: np.random.Generator,
    recognizer: Recognizer,
    operating_point: OperatingPoint,
) -> tuple[list[FieldOutcome], Milliseconds]:
    """Draw `count` fields and read them as the pipeline does."""
    outcomes: list[FieldOutcome] = []
    spent = np.zeros(3)
    while len(outcomes) < count:
        drawn = [draw(hands[int(rng.integers(len(hands)))], rng) for _ in range(min(CHUNK, count - len(outcomes)))]
        ticks = [time.process_time()]
        fields = [segment_field(region) for region in _placed([picture for picture, _ in drawn], recognizer)]
        ticks.append(time.process_time())
        evidence = read_fields(fields, recognizer)
        ticks.append(time.process_time())
        readings = [_decided(field, answer, operating_point) for field, answer in zip(fields, evidence, strict=True)]
        ticks.append(time.process_time())
        spent += np.diff(ticks)
        outcomes.extend(
            FieldOutcome(
                digits_of(reading.raw or "") == truth,
                reading.confidence if reading.decision is Decision.ACCEPTED else 0.0,
            )
            for reading, (_, truth) in zip(readings, drawn, strict=True)
        )
    return outcomes, Milliseconds(*(1000 * spent / count))


def _placed(drawn: Sequence[FieldRegion | GrayImage], recognizer: Recognizer) -> Sequence[FieldRegion]:
    """Regions as they are, pictures as `fieldreader read` takes them."""
    regions = [one for one in drawn if isinstance(one, FieldRegion)]
    pictures = [one for one in drawn if not isinstance(one, FieldRegion)]
    spec = FieldSpec("line", FieldKind.DIGITS)
    return [*regions, *regions_of_crops(pictures, [spec] * len(pictures), recognizer)]


def _decided(field: Segmentation, answer: Evidence, operating_point: OperatingPoint) -> FieldReading:
    return decide_field(field, decode_field(field, answer, operating_point), ANY_CONFIDENCE, DecideOptions())


def _row(name: str, outcomes: Sequence[FieldOutcome], spent: Milliseconds) -> str:
    is_right = np.array([outcome.is_right for outcome in outcomes])
    confidence = np.array([outcome.confidence for outcome in outcomes])
    low, high = wilson_interval(int(is_right.sum()), len(outcomes))
    accepted = " | ".join(f"{100 * coverage_at_error(confidence, is_right, budget):.1f} %" for budget in BUDGETS)
    return (
        f"| {name} | {len(outcomes)} | {100 * is_right.mean():.1f} % ({100 * low:.1f}-{100 * high:.1f}) | {accepted} "
        f"| {spent.segmenting:.1f} + {spent.reading:.1f} + {spent.deciding:.1f} |"
    )


def main() -> None:
    """Print one row for each condition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=shipped_bundle())
    parser.add_argument("--fields", type=int, default=1000, help="fields a row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="of MNIST's test writers")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = open_bundle(arguments.bundle)
    hands = unseen_hands(Path(os.environ.get("FIELDREADER_DATA", "")), arguments.half)
    recognizer = load_recognizer(bundle, "cpu")
    operating_point = load_operating_point(bundle.file(FILE_NAME))
    print(f"{describe_machine()}\n{len(hands)} writers, half {arguments.half}, seed {arguments.seed}\n")
    print("| fields | n | exact | accepted at 1 % error | at 0.1 % | ms: cut + read + decide |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, draw in CONDITIONS.items():
        rng = np.random.default_rng([arguments.seed, *name.encode()])
        outcomes, spent = measure(draw, hands, arguments.fields, rng, recognizer, operating_point)
        print(_row(name, outcomes, spent), flush=True)


if __name__ == "__main__":
    main()
