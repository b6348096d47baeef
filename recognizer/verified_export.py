"""Exports a network to a file format, reads the export with its own library, and keeps it only when it reads alike."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from recognizer.calibration import softmax
from recognizer.chatter import without_chatter
from recognizer.errors import ModelError
from recognizer.export_format import ExportFormat
from recognizer.export_formats import (
    FORMATS,
    Runtime,
    quiet_libraries,
    refuse_missing_packages,
    refuse_unfit_target,
)
from recognizer.export_samples import ExportSamples
from recognizer.readings import FloatArray
from recognizer.strip_decode import greedy_text, log_softmax


@dataclass(frozen=True, slots=True)
class Bound:
    """How far an export may be from its master.

    Attributes:
        labels: share of digits, or of strips' strings, that may be read otherwise.
        difference: largest difference of any probability.
    """

    labels: float
    difference: float


FLOAT_BOUND = Bound(labels=0.0, difference=0.001)
"""The same arithmetic in another order: libraries differ in the sixth decimal."""
INT8_BOUNDS = {"digits": Bound(labels=0.005, difference=0.6), "strips": Bound(labels=0.10, difference=1.0)}
"""Rounding to 256 levels turns what the master itself is in two minds about, so that a single digit's probability may
move far; the labels are what counts. Of a strip, the columns between two digits change hands freely."""


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """An export that was kept.

    Attributes:
        path: where it lies.
        size: bytes, all files of it together.
        n: digits or strips compared.
        labels_changed: of them, those that read otherwise than by the master.
        largest_difference: of any probability.
        bound: what was allowed.
    """

    path: Path
    size: int
    n: int
    labels_changed: int
    largest_difference: float
    bound: Bound


def export_network(master: Path, out: Path, chosen: ExportFormat, samples: ExportSamples) -> VerifiedExport:
    """Write a network in another format, unless what was written reads otherwise than its master.

    The export appears at `out` whole, after it was verified, or not at all. OpenVINO's weights lie beside it in a
    file of the same name that ends in `.bin`.

    Args:
        master: a `.keras` file of either network.
        out: file to write; a folder for `saved_model`. An older export there is replaced.
        chosen: the format.
        samples: of the same network.

    Raises:
        ValueError: the file's name does not end as the format wants it.
        ModelError: a package is missing, the master cannot be read or takes other inputs than the samples, `out` is a
            folder of something else, or the export is further from its master than its bound.
    """
    facts = FORMATS[chosen]
    refuse_unfit_target(chosen, out)
    refuse_missing_packages(chosen)
    try:
        model = keras.saving.load_model(master, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"network {master} cannot be loaded: {error}") from None
    _refuse_other_network(master, model, samples)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        trial = work / out.name
        with without_chatter(), quiet_libraries():
            facts.write(model, trial, samples.calibration)
            changed, difference = _compare(lambda x: np.asarray(model(x, training=False)), facts.open(trial), samples)
        n = sum(map(len, samples.held_out))
        bound = INT8_BOUNDS[_kind_of(model)] if chosen is ExportFormat.LITERT_INT8 else FLOAT_BOUND
        _refuse_beyond(bound, n, changed, difference, f"the {chosen} export")
        size = sum(file.stat().st_size for file in work.rglob("*") if file.is_file())
        _move_into_place(trial, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return VerifiedExport(out, size, n, changed, difference, bound)


def _refuse_other_network(master: Path, model: keras.Model, samples: ExportSamples) -> None:
    takes, given = model.input_shape[1:], samples.calibration[0].shape[1:]
    if len(takes) != len(given) or any(side not in (None, pixels) for side, pixels in zip(takes, given, strict=True)):
        raise ModelError(f"network {master} takes inputs {takes}, not {given}: name the other one with --network")


def _kind_of(model: keras.Model) -> str:
    return "digits" if len(model.output_shape) == 2 else "strips"


def _compare(
    master: Callable[[FloatArray], FloatArray], exported: Runtime, samples: ExportSamples
) -> tuple[int, float]:
    """Labels changed, and the largest difference of a probability."""
    changed, difference = 0, 0.0
    for batch in samples.held_out:
        ours, theirs = master(batch), exported(batch)
        changed += sum(mine != other for mine, other in zip(_labels(ours), _labels(theirs), strict=True))
        classes = ours.shape[-1]
        apart = softmax(ours.reshape(-1, classes)) - softmax(theirs.reshape(-1, classes))
        difference = max(difference, float(np.abs(apart).max(initial=0.0)))
    return changed, difference


def _labels(logits: FloatArray) -> list[str]:
    """What each row reads as: a class, or a strip's string."""
    if logits.ndim == 2:
        return [str(label) for label in logits.argmax(axis=1)]
    return [greedy_text(log_softmax(columns)) for columns in logits]


def _refuse_beyond(bound: Bound, n: int, changed: int, difference: float, what: str) -> None:
    if changed > bound.labels * n:
        raise ModelError(f"{what} reads {changed} of {n} otherwise than its master; nothing was written")
    if not difference <= bound.difference:
        raise ModelError(
            f"{what} moves a probability by {difference:.4f}, beyond {bound.difference:g}; nothing was written"
        )


def _move_into_place(trial: Path, out: Path) -> None:
    for file in trial.parent.iterdir():  # what belongs to it first, so that the file people name is there last
        if file != trial:
            file.replace(out.parent / file.name)
    if not trial.is_dir():
        trial.replace(out)
        return
    if out.is_dir():  # a folder with something in it cannot be replaced in one step
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
        out.rename(aside / out.name)
        trial.rename(out)
        shutil.rmtree(aside)
    else:
        trial.rename(out)
