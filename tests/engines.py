"""Digit networks that run in a process of their own, opened there by name."""

from __future__ import annotations

import os
import time

import numpy as np

from pipeline.errors import ModelError
from recognizer.bundle import DIGITS_INT8, open_bundle
from recognizer.classifier import DigitEngine, ImageStack, LiteRtEngine
from recognizer.model_store import shipped_bundle
from recognizer.readings import FloatArray

DEADLY = 255
"""Gray level of the image that the process does not survive."""


class CountingEngine:
    """Answers every image with its first pixel and the size of the batch it came in; takes its time."""

    def logits(self, images: ImageStack) -> FloatArray:
        if (images[:, 0, 0] == DEADLY).any():
            os._exit(9)
        time.sleep(0.3)
        return np.column_stack([images[:, 0, 0], np.full(len(images), len(images))]).astype(np.float32)


def open_counting() -> DigitEngine:
    return CountingEngine()


def open_shipped() -> DigitEngine:
    return LiteRtEngine(open_bundle(shipped_bundle()).file(DIGITS_INT8))


def open_nothing() -> DigitEngine | None:
    return None


def open_refused() -> DigitEngine:
    raise ModelError("no network today")
