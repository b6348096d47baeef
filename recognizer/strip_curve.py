"""How well a strip network reads while it is trained: exact match on composed and on real strips, and its curve."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from recognizer.readings import FloatArray
from recognizer.strip_batches import StripBatch
from recognizer.strip_decode import COLUMN_PX, log_softmax, read_greedily
from recognizer.strip_views import STRIP_HEIGHT, whole_view
from recognizer.strip_watch import LabelledStrip

_WIDTH_STEP = 64
_BATCH = 32


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Exact match, greedy, one view, shares from 0 to 1; NaN where nothing is watched.

    Attributes:
        seconds, strips: trained so far.
        composed: on strips composed from writers kept out of training.
        amounts: on the tune half of real cheque amounts.
    """

    seconds: float
    strips: int
    composed: float
    amounts: float


def measure_exact(
    model: keras.Model,
    composed: Sequence[StripBatch],
    amounts: Sequence[LabelledStrip],
    seconds: float,
    strips: int,
) -> CurvePoint:
    """Read composed and real strips greedily and count the strings that are wholly right."""
    forward = tf.function(lambda ink: model(ink, training=False), reduce_retracing=True)
    right = []
    for batch in composed:
        columns = log_softmax(forward(tf.constant(batch.ink)).numpy())
        truths = ["".join(map(str, row[:length])) for row, length in zip(batch.labels, batch.lengths, strict=True)]
        right += [read_greedily(one).text == truth for one, truth in zip(columns, truths, strict=True)]
    inks = [whole_view(strip.gray).ink for strip in amounts]
    texts = [read_greedily(columns).text for columns in evidence(forward, inks)]
    real = [text == strip.label for text, strip in zip(texts, amounts, strict=True)]
    return CurvePoint(round(seconds, 1), strips, _share(right), _share(real))


def evidence(forward: tf.types.experimental.GenericFunction, inks: Sequence[FloatArray]) -> list[FloatArray]:
    """Log-probabilities of normalised strips of any width, (T, 11) each, through a compiled Keras network."""
    padded = [-(-ink.shape[1] // _WIDTH_STEP) * _WIDTH_STEP for ink in inks]
    results: list[FloatArray] = [np.zeros((0, 11), np.float32)] * len(inks)
    for width in sorted(set(padded)):
        members = [k for k, own in enumerate(padded) if own == width]
        for start in range(0, len(members), _BATCH):
            chosen = members[start : start + _BATCH]
            batch = np.zeros((len(chosen), STRIP_HEIGHT, width, 1), np.float32)
            for row, k in enumerate(chosen):
                batch[row, :, : inks[k].shape[1], 0] = inks[k]
            logits = forward(tf.constant(batch)).numpy()
            for row, k in enumerate(chosen):
                results[k] = log_softmax(logits[row, : -(-inks[k].shape[1] // COLUMN_PX)])
    return results


def _share(right: Sequence[bool]) -> float:
    return round(float(np.mean(right)), 4) if right else float("nan")


def draw_curve(run: Path) -> None:
    """Draw `curve.png` from a run folder's `curve.csv` and `metrics.csv`."""
    from matplotlib.figure import Figure  # only here: it takes a second to load

    points = _columns(run / "curve.csv")
    losses = _columns(run / "metrics.csv")
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(points["strips"], 100 * points["composed"], "o-", label="composed, unseen writers")
    if not np.isnan(points["amounts"]).all():
        left.plot(points["strips"], 100 * points["amounts"], "s-", label="cheque amounts, tune half")
    left.set(xlabel="strips", ylabel="exact match, %", ylim=(0, 100))
    left.grid(alpha=0.3)
    left.legend()
    right.plot(losses["strips"], losses["ctc_loss"], label="CTC, a strip")
    right.plot(losses["strips"], losses["frame_loss"], label="frames")
    right.set(xlabel="strips", ylabel="loss", yscale="log")
    right.grid(alpha=0.3)
    right.legend()
    figure.savefig(run / "curve.png", dpi=110)


def _columns(path: Path) -> dict[str, FloatArray]:
    if not path.exists():  # a run shorter than its first report
        return {name: np.zeros(0, np.float32) for name in ("strips", "ctc_loss", "frame_loss")}
    with path.open(newline="") as table:
        rows = list(csv.DictReader(table))
    return {name: np.array([float(row[name]) for row in rows], np.float32) for name in rows[0]}
