"""Trains a challenger, and stand-ins for it: what learns from corrections, and who reads those it learnt from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.confidence.operating_point import OperatingPoint, to_json
from pipeline.learning.gathering import Gathered
from pipeline.training_sample import NEVER_TRAINS, PARTS, Digits, Sample, digits_of_samples
from recognizer.bundle import OPERATING_POINT, Bundle
from recognizer.fine_tuning import Beside, FineTuned, FineTuneOptions, fine_tune, replay_for

CHALLENGER_NAME = "fine-tuned"
WATCHED = 1000
"""Benchmark digits that are read along the way, for the curve; the gate reads them all."""


@dataclass(frozen=True)
class Turn:
    """Samples that judge, and a model that has not learnt from their documents."""

    samples: tuple[Sample, ...]
    reader: Bundle


@dataclass(frozen=True, slots=True)
class LearningProgress:
    """How far a round has come.

    Attributes:
        stand_in: number of the one that learns, from 1; 0 for the challenger itself, which comes first.
        stand_ins: how many there will be.
        step, steps: of this network.
    """

    stand_in: int
    stand_ins: int
    step: int
    steps: int


OnProgress = Callable[[LearningProgress], None]


@dataclass(frozen=True)
class Challengers:
    """A challenger, and the turns in which all that judges is read.

    The documents that never train are read by the challenger itself. Those it learnt from are read part by part by
    stand-ins, made as it was from the same parent, but without the part they read: their readings say what the
    challenger makes of documents it does not know, and so every correction counts as proof, not one in four.
    """

    tuned: FineTuned
    turns: tuple[Turn, ...]


def train_challengers(
    parent: Bundle,
    place: tuple[str, Path],
    work: Path,
    gathered: Gathered,
    benchmark: Digits,
    point: OperatingPoint,
    options: FineTuneOptions,
    on_progress: OnProgress = lambda progress: None,
) -> Challengers:
    """Train and calibrate them, with the champion's thresholds as estimates: nothing certifies them for another model.

    Args:
        place: version and folder of the challenger.
        work: folder for the stand-ins; they are needed as long as the turns are.
        benchmark: calibrates, and is watched in part.

    Raises:
        ModelError: the parent cannot be used, or a network is so undecided that its export reads differently.
    """
    version, folder = place
    tuning = replace(options, name=CHALLENGER_NAME, version=version)
    file = work / OPERATING_POINT
    own_point = replace(point, name=f"{CHALLENGER_NAME}-{version}", is_certified=False)
    file.write_text(json.dumps(to_json(own_point), indent=1) + "\n", encoding="utf-8")
    plain = Beside(
        calibrate_on=benchmark,
        files={OPERATING_POINT: file},
        data_fingerprint=gathered.version,
        replay=replay_for(parent, tuning),
    )
    crops, labels = benchmark
    rows = np.linspace(0, len(labels) - 1, min(WATCHED, len(labels))).round().astype(int)
    watching = replace(
        plain,
        watched={
            "held-out corrections": digits_of_samples(gathered.held_out),
            "benchmark": ([crops[row] for row in rows], labels[rows]),
        },
    )
    parts = list(_parts(gathered))

    def telling(stand_in: int, beside: Beside) -> Beside:
        def on_step(step: int, steps: int) -> None:
            on_progress(LearningProgress(stand_in, len(parts), step, steps))

        return replace(beside, on_step=on_step)

    tuned = fine_tune(parent, *digits_of_samples(gathered.training), folder, tuning, telling(0, watching))
    turns = [Turn(gathered.held_out, tuned.bundle)]
    for number, (judging, learning) in enumerate(parts, start=1):
        own = work / f"stand-in-{number}"
        stand_in = fine_tune(parent, *digits_of_samples(learning), own, tuning, telling(number, plain))
        turns.append(Turn(judging, stand_in.bundle))
    return Challengers(tuned, tuple(turns))


def _parts(gathered: Gathered) -> Iterator[tuple[tuple[Sample, ...], Sequence[Sample]]]:
    """For each part that trains and may judge: its samples that judge, and those of the others to learn from."""
    for part in range(PARTS):
        judging = tuple(sample for sample in gathered.judging if sample.part == part)
        learning = [sample for sample in gathered.training if sample.part != part]
        if part != NEVER_TRAINS and judging and learning:
            yield judging, learning
