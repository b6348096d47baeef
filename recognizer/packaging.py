"""From a trained master network to a bundle: export, calibration, figures and the model card."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np

from recognizer.atomic_text import write_text
from recognizer.augment import ImageStack, rescan
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, MODEL_CARD, Bundle, write_bundle
from recognizer.calibration import Calibration, calibration_to_json, fit_temperature
from recognizer.classifier import LiteRtEngine
from recognizer.dataset import DigitSet
from recognizer.export import compare_logits, export_int8, master_logits
from recognizer.measuring import Yardsticks, measure
from recognizer.model_card import NetworkSize, Provenance, model_card
from recognizer.not_a_digit import draw_non_digits

_SEED = 11
"""Of everything drawn to fix the int8 ranges; never that of training."""


def pack_bundle(
    master: Path, out: Path, provenance: Provenance, yardsticks: Yardsticks, calibrated: bool = True
) -> Bundle:
    """Export, calibrate, measure and describe a trained network, and write the bundle.

    Args:
        master: `.keras` file.
        out: folder of the bundle.
        provenance: for the card.
        yardsticks: for calibration and figures.
        calibrated: fit a temperature; not to be done on digits that were trained on.

    Raises:
        ModelError: the int8 export does not read like its master.
    """
    model = keras.saving.load_model(master, compile=False)
    validation = yardsticks.validation
    representative = representative_images(validation)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        export_int8(model, work / DIGITS_INT8, representative, validation.images)
        engine = LiteRtEngine(work / DIGITS_INT8)
        calibration = Calibration()
        if calibrated:
            calibration = fit_temperature(engine.logits(validation.images), validation.labels)
        write_text(work / DIGITS_CALIBRATION, calibration_to_json(calibration))
        model.save(work / DIGITS_MASTER)
        export = compare_logits(master_logits(model, yardsticks.test.images), engine.logits(yardsticks.test.images))
        figures = measure(engine, calibration, yardsticks)
        size = NetworkSize(model.count_params(), (work / DIGITS_INT8).stat().st_size)
        write_text(work / MODEL_CARD, model_card(provenance, size, calibration, export, figures))
        return write_bundle(
            out,
            name=provenance.name,
            version=provenance.version,
            files={name: work / name for name in (DIGITS_MASTER, DIGITS_INT8, DIGITS_CALIBRATION, MODEL_CARD)},
            metrics={figure.key: figure.value for figure in figures},
            parent=provenance.parent,
            data_fingerprint=provenance.data_fingerprint,
            command=provenance.command,
        )


def representative_images(validation: DigitSet) -> ImageStack:
    """Images (600, 28, 28) as production meets them: digits as written and redrawn, and things that are none."""
    rng = np.random.default_rng(_SEED)
    rows = rng.permutation(len(validation))[:200]
    digits = validation.images[rows]
    return np.concatenate([digits, rescan(digits, rng), draw_non_digits(200, rng, digits)])
