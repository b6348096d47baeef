"""Batches of composed strips, made by a worker process beside the training."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Full

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.readings import FloatArray
from recognizer.strip_compose import ComposedStrip, StripComposer
from recognizer.strip_decode import BLANK, COLUMN_PX
from recognizer.strip_glyphs import drawn_hands, load_glyphs
from recognizer.strip_views import STRIP_HEIGHT, normalize_strip

_QUEUED = 8
_PATIENCE_SECONDS = 5.0
"""How long a worker waits for room in the queue before it looks whether anybody still wants its batches."""
_BANK_LIFE = 400
"""Batches after which a worker draws new hands and new paper, so that nothing can be learnt by heart."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One width of batches: every batch has one shape, so that the training step is compiled once a bucket."""

    width: int
    most_digits: int
    batch: int
    share: float


BUCKETS = (Bucket(96, 5, 64, 0.4), Bucket(160, 8, 40, 0.35), Bucket(288, 14, 24, 0.25))
"""Batches of about equal cost. Widths must be multiples of the stride."""


@dataclass(frozen=True, slots=True)
class StripBatch:
    """Strips and their labels.

    Attributes:
        ink: (N, 32, W, 1) float32, normalised.
        labels: (N, L) int32, padded with -1 behind each string.
        lengths: (N,) int32 digits a strip.
        frames: (N, W / 4) int32, the digit or blank that each output column should show.
        frame_weights: (N, W / 4) float32; zero where a digit fades into paper and either answer will do.
    """

    ink: FloatArray
    labels: NDArray[np.int32]
    lengths: NDArray[np.int32]
    frames: NDArray[np.int32]
    frame_weights: FloatArray


@dataclass(frozen=True, slots=True)
class StripSource:
    """Where strips come from.

    Attributes:
        data: folder with the digits.
        seed: of the composition.
        drawn_hands: how many hands are drawn by our own pen; 0 for none.
        held_out: compose from validation writers.
    """

    data: Path
    seed: int
    drawn_hands: int = 0
    held_out: bool = False


def batch_strips(strips: list[ComposedStrip], width: int, random: np.random.Generator) -> StripBatch:
    """Normalise strips and lay each at a random place in `width` columns of nothing."""
    count, columns = len(strips), width // COLUMN_PX
    ink = np.zeros((count, STRIP_HEIGHT, width, 1), np.float32)
    longest = max(len(strip.digits) for strip in strips)
    labels = np.full((count, longest), -1, np.int32)
    frames = np.full((count, columns), BLANK, np.int32)
    weights = np.ones((count, columns), np.float32)
    column_centres = np.arange(columns) * COLUMN_PX + (COLUMN_PX - 1) / 2
    for row, strip in enumerate(strips):
        strip_width = strip.gray.shape[1]
        shift = int(random.integers(width - strip_width + 1))
        ink[row, :, shift : shift + strip_width, 0] = normalize_strip(strip.gray)
        labels[row, : len(strip.digits)] = strip.digits
        distance = np.abs(column_centres[None, :] - (np.array(strip.centres) + shift)[:, None])
        half = np.array(strip.half_widths)[:, None]
        weights[row, (distance <= np.maximum(half, 3)).any(axis=0)] = 0
        core = distance <= 0.35 * half
        core[np.arange(len(core)), distance.argmin(axis=1)] = True
        for digit, where in zip(strip.digits, core, strict=True):
            frames[row, where] = digit
            weights[row, where] = 2
    lengths = np.array([len(strip.digits) for strip in strips], np.int32)
    return StripBatch(ink, labels, lengths, frames, weights)


def compose_batches(source: StripSource) -> Iterator[StripBatch]:
    """Compose batches without end."""
    random = np.random.default_rng(source.seed)
    bank = load_glyphs(source.data, held_out=source.held_out)
    while True:
        seed = int(random.integers(1 << 31))
        composer = StripComposer(replace(bank, drawn=drawn_hands(source.drawn_hands, seed)), seed)
        for _ in range(_BANK_LIFE):
            bucket = BUCKETS[int(random.choice(len(BUCKETS), p=[bucket.share for bucket in BUCKETS]))]
            strips = [composer.compose(bucket.width, bucket.most_digits) for _ in range(bucket.batch)]
            yield batch_strips(strips, bucket.width, random)


@contextmanager
def batch_workers(source: StripSource, workers: int) -> Iterator[Queue[StripBatch]]:
    """Compose batches in other processes; the queue yields them in whatever order they are ready."""
    context = multiprocessing.get_context("spawn")
    queue: Queue[StripBatch] = context.Queue(_QUEUED)
    processes = [
        context.Process(target=_fill, args=(queue, replace(source, seed=source.seed + k)), daemon=True)
        for k in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield queue
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _fill(queue: Queue[StripBatch], source: StripSource) -> None:
    cv2.setNumThreads(1)
    parent = os.getppid()
    for batch in compose_batches(source):
        while True:
            if os.getppid() != parent:  # the training was killed: do not compose for nobody
                return
            try:
                queue.put(batch, timeout=_PATIENCE_SECONDS)
            except Full:
                continue
            break
