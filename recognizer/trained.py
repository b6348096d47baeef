"""Where a trained network lies: in a model, in the folder of a training run, or in a file of its own."""

from __future__ import annotations

from pathlib import Path

from recognizer.bundle import DIGITS_MASTER, MODEL_FILE, Bundle, open_bundle

RUN_BUNDLE = "bundle"
"""Folder of the model within a run of the digit network."""
RUN_DIGITS = "best.keras"
"""The digit network of a run, while it is no model yet. A strip network has the same name in runs and in models."""


def holds_model(place: Path) -> bool:
    """Whether a folder is a model's, or that of a training run that left one."""
    return (place / MODEL_FILE).is_file() or (place / RUN_BUNDLE).is_dir()


def bundle_of(place: Path) -> Bundle:
    """The model in a folder, or the one that a training run left there.

    Raises:
        ModelError: no model, or a damaged one.
    """
    return open_bundle(place / RUN_BUNDLE if (place / RUN_BUNDLE).is_dir() else place)


def network_at(place: Path, name: str) -> Path:
    """The `.keras` file of a network.

    Args:
        place: the file itself, a model's folder or a run folder, also of a run that has not ended.
        name: as in models: `digits.keras` or `strips.keras`.

    Raises:
        ModelError: there is none.
    """
    if place.is_file():
        return place
    in_run = place / (RUN_DIGITS if name == DIGITS_MASTER else name)
    return in_run if in_run.is_file() and not holds_model(place) else bundle_of(place).file(name)
