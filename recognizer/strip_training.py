"""Trains the strip network on composed strips: frame labels first, then connectionist temporal classification.

The weights kept are a running average of those trained, with batch statistics measured afresh for them. A run killed
midway goes on from its last checkpoint when it is started again with the same folder.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path

import keras
import numpy as np

from recognizer.errors import ModelError
from recognizer.strip_batches import StripBatch, StripSource, batch_workers, compose_batches
from recognizer.strip_curve import CurvePoint, draw_curve, measure_exact
from recognizer.strip_run import StripRun, StripTrainingOptions
from recognizer.strip_watch import LabelledStrip, load_amounts

__all__ = ["StripProgress", "StripTrainingOptions", "train_strips"]

_STATISTICS_BATCHES = 40
_VALIDATION_BATCHES = 12
_REPORT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class StripProgress:
    """Where a run stands; losses are means since the last report.

    Attributes:
        seconds: trained so far, earlier starts of the run included.
        strips: learnt from so far.
        waiting: share of the time spent waiting for composed strips.
    """

    seconds: float
    steps: int
    strips: int
    learning_rate: float
    frame_loss: float
    ctc_loss: float
    strips_per_s: float
    waiting: float
    curve: CurvePoint | None = None


def train_strips(
    options: StripTrainingOptions, on_progress: Callable[[StripProgress], None] = lambda progress: None
) -> Path:
    """Train a strip network and keep it in `options.out`.

    The folder receives `config.json`, `metrics.csv` (losses every half minute), `curve.csv` and `curve.png` (exact
    match at every checkpoint), `checkpoint.npz` and `strips.keras`.

    Args:
        options: see there.
        on_progress: called about every half minute, and after each checkpoint with its point of the curve.

    Returns:
        Path of `strips.keras`, the averaged weights.

    Raises:
        DatasetError: training data is missing.
        ModelError: `init_from` is no strip network, or the folder holds a run with other options.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    _settle_config(options)
    keras.utils.set_random_seed(options.seed)
    run = StripRun(options)
    source = StripSource(options.data, options.seed + 1000 * run.steps, options.drawn_hands)
    watched = load_amounts(options.watch / "courtesy_amounts", "tune") if options.watch else ()
    validation = _validation_batches(options)
    with batch_workers(source, options.workers) as queue:
        _train(run, queue, validation, watched, on_progress)
    return options.out / "strips.keras"


def _settle_config(options: StripTrainingOptions) -> None:
    """Write the options down, or check that a run to be resumed had the same ones."""
    settled = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    path = options.out / "config.json"
    text = json.dumps(settled, indent=2) + "\n"
    if (options.out / "checkpoint.npz").exists() and path.exists() and path.read_text() != text:
        raise ModelError(f"{options.out} holds a run with other options: choose another folder, or remove it")
    path.write_text(text)


def _validation_batches(options: StripTrainingOptions) -> list[StripBatch]:
    """Strips of writers kept out of training, the same in every run."""
    source = StripSource(options.data, seed=5, drawn_hands=40 if options.drawn_hands else 0, held_out=True)
    batches = compose_batches(source)
    return [next(batches) for _ in range(_VALIDATION_BATCHES)]


def _train(
    run: StripRun,
    queue: Queue[StripBatch],
    validation: Sequence[StripBatch],
    watched: Sequence[LabelledStrip],
    on_progress: Callable[[StripProgress], None],
) -> None:
    options = run.options
    tally = _Tally(run)
    next_checkpoint = run.seconds + 60 * options.checkpoint_minutes
    while run.seconds < 60 * options.minutes:
        started = time.monotonic()
        batch = queue.get(timeout=300)
        waited = time.monotonic() - started
        frame_loss, ctc_loss = run.learn(batch)
        spent = time.monotonic() - started
        run.seconds += spent
        tally.add(frame_loss, ctc_loss, waited, spent)
        if tally.spent > _REPORT_SECONDS:
            progress = tally.progress()
            _append(options.out / "metrics.csv", progress)
            on_progress(progress)
            tally = _Tally(run)
        if run.seconds >= next_checkpoint or run.seconds >= 60 * options.minutes:
            next_checkpoint = run.seconds + 60 * options.checkpoint_minutes
            run.measure_statistics([queue.get(timeout=300) for _ in range(_STATISTICS_BATCHES)])
            run.save()
            point = measure_exact(run.averaged, validation, watched, run.seconds, run.strips)
            _append(options.out / "curve.csv", point)
            draw_curve(options.out)
            on_progress(replace(tally.progress(), curve=point))


class _Tally:
    """Sums since the last report."""

    def __init__(self, run: StripRun) -> None:
        self._run = run
        self._strips = run.strips
        self._losses: list[tuple[float, float]] = []
        self._waited = 0.0
        self.spent = 0.0

    def add(self, frame_loss: float, ctc_loss: float, waited: float, spent: float) -> None:
        self._losses.append((frame_loss, ctc_loss))
        self._waited += waited
        self.spent += spent

    def progress(self) -> StripProgress:
        run = self._run
        losses = np.mean(self._losses or [(np.nan, np.nan)], axis=0)
        spent = max(self.spent, 1e-9)
        return StripProgress(
            seconds=round(run.seconds, 1),
            steps=run.steps,
            strips=run.strips,
            learning_rate=run.learning_rate(),
            frame_loss=round(float(losses[0]), 4),
            ctc_loss=round(float(losses[1]), 4),
            strips_per_s=round((run.strips - self._strips) / spent, 1),
            waiting=round(self._waited / spent, 3),
        )


def _append(path: Path, row: StripProgress | CurvePoint) -> None:
    fields = {name: value for name, value in asdict(row).items() if name != "curve"}
    new = not path.exists()
    with path.open("a", newline="") as table:
        writer = csv.DictWriter(table, fields)
        if new:
            writer.writeheader()
        writer.writerow(fields)
