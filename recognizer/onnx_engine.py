"""The digit network through ONNX Runtime: an optional engine, for machines where that is what runs best."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from recognizer.classifier import ImageStack, batches
from recognizer.errors import ModelError
from recognizer.normalize import SIDE_PX
from recognizer.readings import FloatArray

_BUCKETS = (1, 8, 32, 256)
"""As for LiteRT; fixed sizes keep a row's reading independent of its company."""


class OnnxEngine:
    """A digit network exported by `fieldreader export --format onnx`. Implements `classifier.DigitEngine`."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        """Load a network.

        Raises:
            ModelError: ONNX Runtime is not installed, or the file is no ONNX network for 28 x 28 images.
        """
        if importlib.util.find_spec("onnxruntime") is None:
            raise ModelError("reading by ONNX Runtime needs onnxruntime: pip install 'fieldreader[export]'")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            content = model.read_bytes()
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise ModelError(f"network {model} cannot be read: {error}") from None
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own kinds share no parent below Exception
            raise ModelError(f"network {model} cannot be loaded: {error}") from None
        given, wanted = self._session.get_inputs()[0], self._session.get_outputs()[0]
        if list(given.shape[1:]) != [SIDE_PX, SIDE_PX, 1] or given.type != "tensor(float)":
            raise ModelError(f"network {model} does not take 28 x 28 images; it is not a digit network of ours")
        self._input, self._classes = given.name, int(wanted.shape[1])

    def logits(self, images: ImageStack) -> FloatArray:
        """See `DigitEngine`."""
        result = np.empty((len(images), self._classes), np.float32)
        for rows, bucket in batches(len(images), _BUCKETS):
            batch = np.zeros((bucket, SIDE_PX, SIDE_PX, 1), np.float32)
            batch[: rows.stop - rows.start, ..., 0] = images[rows]
            batch /= 255
            result[rows] = self._session.run(None, {self._input: batch})[0][: rows.stop - rows.start]
        return result
