"""A batch small enough for a test: pictures drawn here, and a recogniser that says what it is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.batch import BatchOptions
from pipeline.confidence.operating_point import BudgetPoint, OperatingPoint, ReaderCalibration
from pipeline.document import ModelIdentity, Source, SourceResult
from pipeline.errors import ModelError
from pipeline.process import ReadingOptions
from pipeline.source_reader import Provenance, SourceReader
from pipeline.storage.earlier_results import EarlierResults
from pipeline.storage.review_queue import ReviewQueue
from recognizer.readings import DigitReadings
from tests.stages.scripted import ScriptedRecognizer, row

CALIBRATION = ReaderCalibration(0.0, {"logit": 1.0}, (BudgetPoint(0.01, 0.9, 1000, 0, 0.003, True),), 1.0)
POINT = OperatingPoint("test", False, {"comb": CALIBRATION, "free": CALIBRATION})
MODEL = ModelIdentity("scripted", "1", "0" * 64, POINT.label)

KILLER = "killer"
DEFECT = "defect"


def draw_form(path: Path, seed: int = 0, is_filled: bool = True) -> Path:
    """A page of 200 dpi with a ruled line, a comb of five cells and a stroke in each, or in none."""
    page = np.full((1000, 1600), 255, np.uint8)
    cv2.line(page, (100, 100), (1500, 100), 0, 2)
    for cell in range(5):
        left = 400 + 56 * cell
        cv2.rectangle(page, (left, 400), (left + 56, 470), 0, 2)
        if is_filled:
            cv2.line(page, (left + 28, 415), (left + 28, 455), 0, 5)
    page[divmod(seed, page.shape[1])] = 254  # pages of different seeds are different files
    Image.fromarray(page).save(path, dpi=(200, 200))
    return path


def open_scripted(options: BatchOptions) -> SourceReader:
    """Stands in for `open_reader`: everything real but the networks."""
    return SourceReader(
        recognizer=ScriptedRecognizer([row(1, 0.9999)]),
        operating_point=POINT,
        templates=(),
        reading=ReadingOptions(),
        limits=options.limits,
        provenance=Provenance("fingerprint", MODEL),
        out=options.out,
        earlier=EarlierResults(options.out),
        queue=ReviewQueue.open(options.queue_url) if options.queue_url else None,
        overlays=options.overlays,
        again=options.again,
        run=options.run,
        archive=options.archive,
    )


def open_doubtful(options: BatchOptions) -> SourceReader:
    """Reads every digit with too little confidence."""
    return replace(open_scripted(options), recognizer=ScriptedRecognizer([row(1, 0.5)]))


def open_trapped(options: BatchOptions) -> SourceReader:
    """Kills its process at a file called `killer`, meets a defect at one called `defect`."""
    recognizer = _TrappedRecognizer()
    return replace(open_scripted(options), recognizer=recognizer, earlier=_TellsName(options.out, recognizer))


def open_that_dies_at_start(options: BatchOptions) -> SourceReader:
    os.kill(os.getpid(), signal.SIGKILL)
    return open_scripted(options)


def open_without_model(options: BatchOptions) -> SourceReader:
    raise ModelError(f"no model for {options.out.name}")


class _TrappedRecognizer(ScriptedRecognizer):
    name = ""

    def __init__(self) -> None:
        super().__init__([row(1, 0.9999)])

    def read_digits(self, crops: Sequence[np.ndarray]) -> DigitReadings:
        if KILLER in self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        if DEFECT in self.name:
            raise ZeroDivisionError("what stands on the form: 4711")
        return super().read_digits(crops)


class _TellsName(EarlierResults):
    """The first to see a file's name; recognisers see pictures only."""

    def __init__(self, out: Path, recognizer: _TrappedRecognizer) -> None:
        super().__init__(out)
        self._recognizer = recognizer

    def find(self, source: Source) -> SourceResult | None:
        self._recognizer.name = Path(source.names[0]).name
        return super().find(source)
