"""Fit how the two readers of a free line add up to one answer: the `FITTED` of `pipeline/confidence/combiner.py`.

    FIELDREADER_DATA=... python -m benchmarks.fit_combiner [--fields 1024] [--seed 601] [--every 1]

Fields: the tune halves of the real sets, and drawn strings with touching digits by hands that neither network learnt
from: MNIST's unseen writers and fresh ones of our pen.
Exactness is that of five folds: every field is read with weights that other fields gave.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.fields import pen_hand
from benchmarks.drawn.glyphs import unseen_hands
from benchmarks.drawn.lines import draw_line
from benchmarks.fit_operating_point import LabelledField, real
from benchmarks.segmentation import TOUCHING_SHARE
from pipeline.confidence.combiner import FITTED, PRIOR, Candidate, Combiner, fit_combiner
from pipeline.document import FieldKind, FieldSpec
from pipeline.stages.decode import line_candidates
from pipeline.stages.field_crop import regions_of_crops
from pipeline.stages.paths import best_paths
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.bundle import open_bundle
from recognizer.model_store import shipped_bundle
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer

FOLDS = 5


@dataclass(frozen=True)
class LabelledLine:
    """What both readers propose for one line, what is written there, and where the line comes from."""

    candidates: tuple[Candidate, ...]
    truth: str
    source: str


def drawn(count: int, seed: int, data: Path, recognizer: Recognizer) -> Iterator[tuple[str, LabelledField]]:
    """Strings of two to six digits, by MNIST's unseen writers and by hands of our pen in turn."""
    rng = np.random.default_rng(seed)
    hands = unseen_hands(data, "tune")
    spec = FieldSpec("line", FieldKind.DIGITS)
    for index in range(count):
        length = int(rng.integers(2, 7))
        writer = int(rng.integers(len(hands)))
        if index % 2:
            line = draw_line("".join(map(str, rng.integers(0, 10, length))), pen_hand(rng), rng, TOUCHING_SHARE)
        else:
            line = draw_line(hands[writer].choose(length, rng), hands[writer], rng, TOUCHING_SHARE)
        (region,) = regions_of_crops([line.image], [spec], recognizer)
        yield "pen" if index % 2 else "unseen writers", LabelledField(region, line.truth, index)


def propose(fields: Iterator[tuple[str, LabelledField]], recognizer: Recognizer) -> Iterator[LabelledLine]:
    """What the readers propose for the fields that are lines with ink."""
    for source, field in fields:
        segmentation = segment_field(field.region)
        if segmentation.line is None or segmentation.is_blank:
            continue
        (evidence,) = read_fields([segmentation], recognizer)
        paths = [path.digits for path in best_paths(segmentation.line.lattice, evidence.digits) if path.digits]
        candidates = line_candidates(segmentation.line, evidence, paths)
        if candidates:
            yield LabelledLine(candidates, field.truth, source)


def fit(lines: Sequence[LabelledLine]) -> Combiner:
    """Weights under which the truths of these lines are likeliest."""
    return fit_combiner([line.candidates for line in lines], [line.truth for line in lines])


def is_exact(line: LabelledLine, combiner: Combiner) -> bool:
    """Whether the likeliest candidate is the truth."""
    best = int(np.argmax(combiner.log_probabilities(line.candidates)))
    return line.candidates[best].text == line.truth


def report(lines: Sequence[LabelledLine]) -> Iterator[str]:
    """A row for every source: how many of its lines are read exactly, by fitted, kept and prior weights."""
    folds = [fit([line for i, line in enumerate(lines) if i % FOLDS != fold]) for fold in range(FOLDS)]
    by_fit = np.array([is_exact(line, folds[i % FOLDS]) for i, line in enumerate(lines)])
    kept = np.array([is_exact(line, FITTED) for line in lines])
    prior = np.array([is_exact(line, Combiner(PRIOR)) for line in lines])
    sources = np.array([line.source for line in lines])
    for source in sorted(set(sources)):
        own = sources == source
        shares = " | ".join(f"{100 * one[own].mean():.1f} %" for one in (by_fit, kept, prior))
        yield f"| {source} | {own.sum()} | {shares} |"


def main() -> None:
    """Print the exactness of five folds and the weights fitted on all fields."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=shipped_bundle())
    parser.add_argument("--fields", type=int, default=1024, help="drawn strings")
    parser.add_argument("--seed", type=int, default=601)
    parser.add_argument("--every", type=int, default=1, help="take every so manieth real field")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    recognizer = load_recognizer(open_bundle(arguments.bundle), "cpu")
    strings = drawn(arguments.fields, arguments.seed, data, recognizer)
    lines = [
        *propose(strings, recognizer),
        *propose(islice(real(data, recognizer), 0, None, arguments.every), recognizer),
    ]
    print("| fields | n | fitted, five folds | kept | prior |\n| --- | --- | --- | --- | --- |")
    print("\n".join(report(lines)))
    print({name: round(weight, 3) for name, weight in fit(lines).weights.items()})


if __name__ == "__main__":
    main()
