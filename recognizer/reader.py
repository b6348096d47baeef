"""The recogniser in service: a bundle's networks behind the interface the pipeline asks through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, DIGITS_ONNX, STRIPS_INT8, Bundle
from recognizer.calibration import Calibration, load_calibration, softmax
from recognizer.chatter import without_chatter
from recognizer.classifier import DigitEngine, ImageStack, KerasEngine, LiteRtEngine, gpu_is_visible
from recognizer.errors import ModelError
from recognizer.normalize import normalize_digits
from recognizer.readings import CLASS_COUNT, DigitReadings, FloatArray, GrayImage, InkImage, StripReadings

Device = Literal["auto", "cpu", "gpu", "onnx"]
"""Where and by what digits are read: LiteRT on the CPU, Keras on a GPU, or ONNX Runtime. "auto" knows the first two."""


class _StripEngine(Protocol):
    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings: ...

    def read_combs(self, pictures: Sequence[GrayImage]) -> StripReadings: ...


class FieldRecognizer:
    """Implements `readings.Recognizer` with the networks of one bundle.

    Attributes:
        bundle: whose networks these are.
        device: "cpu", "gpu" or "onnx", the one in use.
    """

    def __init__(
        self, bundle: Bundle, device: str, digits: DigitEngine, calibration: Calibration, strips: _StripEngine | None
    ) -> None:
        self.bundle = bundle
        self.device = device
        self._digits = digits
        self._calibration = calibration
        self._strips = strips

    def read_digits(self, crops: Sequence[InkImage]) -> DigitReadings:
        """Read crops that should hold one digit each; any size, ink bright on zero."""
        return self.read_normalized(normalize_digits(crops))

    def read_normalized(self, images: ImageStack) -> DigitReadings:
        """Read images (N, 28, 28) uint8 that `normalize_digits` made."""
        return DigitReadings(read_images(self._digits, self._calibration, images))

    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings:
        """Read text rows with any number of digits.

        Raises:
            ModelError: the bundle has no strip network.
        """
        return self._strip_engine().read_strips(strips) if strips else StripReadings(())

    def read_combs(self, pictures: Sequence[GrayImage]) -> StripReadings:
        """Read pictures of whole combs.

        Raises:
            ModelError: the bundle has no strip network.
        """
        return self._strip_engine().read_combs(pictures) if pictures else StripReadings(())

    def _strip_engine(self) -> _StripEngine:
        if self._strips is None:
            raise ModelError(f"model {self.bundle.name} {self.bundle.version} has no strip network ({STRIPS_INT8})")
        return self._strips


def load_recognizer(bundle: Bundle, device: Device = "auto", threads: int = 1) -> FieldRecognizer:
    """Load a bundle's networks.

    Args:
        bundle: opened and verified by `bundle.open_bundle`.
        device: "auto" takes a GPU when there is one. "onnx" needs a bundle with `digits.onnx`.
        threads: for each network on the CPU.

    Raises:
        ModelError: the bundle has no digit network, its files cannot be used, or a GPU was asked for and there is none.
    """
    with without_chatter():
        on_gpu = open_gpu_engine(bundle, device)
        if on_gpu is not None:
            return recognizer_with(bundle, on_gpu, threads)
        digits = _digits_of(bundle, device, threads)
        return _with_strips(bundle, "cpu" if device == "auto" else device, digits, threads)


def open_gpu_engine(bundle: Bundle, device: Device) -> DigitEngine | None:
    """Load a bundle's digit network onto a GPU; None where that was not asked for, or "auto" finds none.

    Raises:
        ModelError: a GPU was asked for and there is none, or the network cannot be used.
    """
    if device not in ("auto", "gpu") or (device == "auto" and not bundle.has(DIGITS_MASTER)):
        return None
    if gpu_is_visible():
        return KerasEngine(bundle.file(DIGITS_MASTER))
    if device == "gpu":
        raise ModelError("no GPU is visible to Keras; install fieldreader[gpu] and a driver, or use --device cpu")
    return None


def recognizer_with(bundle: Bundle, digits: DigitEngine, threads: int = 1) -> FieldRecognizer:
    """A recogniser whose digit network runs on a GPU, in this process or in the one that owns it.

    Raises:
        ModelError: the bundle's other files cannot be used.
    """
    return _with_strips(bundle, "gpu", digits, threads)


def _with_strips(bundle: Bundle, device: str, digits: DigitEngine, threads: int) -> FieldRecognizer:
    calibration = load_calibration(bundle.file(DIGITS_CALIBRATION))
    return FieldRecognizer(bundle, device, digits, calibration, _strips_of(bundle, threads))


def read_images(engine: DigitEngine, calibration: Calibration, images: ImageStack) -> FloatArray:
    """Calibrated probabilities (N, 11) of normalised images; networks of ten classes know no 'not one digit'."""
    probabilities = softmax(engine.logits(images), calibration.temperature)
    missing = CLASS_COUNT - probabilities.shape[1]
    return np.pad(probabilities, ((0, 0), (0, missing)))


def _digits_of(bundle: Bundle, device: Device, threads: int) -> DigitEngine:
    if device == "onnx":
        if not bundle.has(DIGITS_ONNX):
            raise ModelError(
                f"model {bundle.name} {bundle.version} has no {DIGITS_ONNX}; make one that has: "
                "fieldreader export --format onnx --as-model"
            )
        from recognizer.onnx_engine import OnnxEngine  # ONNX Runtime is optional

        return OnnxEngine(bundle.file(DIGITS_ONNX), threads)
    return LiteRtEngine(bundle.file(DIGITS_INT8), threads)


def _strips_of(bundle: Bundle, threads: int) -> _StripEngine | None:
    if not bundle.has(STRIPS_INT8):
        return None
    from recognizer.strip_reader import StripReader  # bundles of digits alone need none of it

    return StripReader(bundle.file(STRIPS_INT8), threads)
