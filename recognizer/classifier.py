"""Running the digit network: LiteRT on CPUs, Keras on GPUs. Both map images to logits and know no threshold."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.normalize import SIDE_PX
from recognizer.readings import FloatArray

ImageStack = NDArray[np.uint8]

_CPU_BUCKETS = (1, 8, 32, 256)
"""Batch sizes an interpreter is kept for; growing one interpreter back and forth costs more than its memory."""
_GPU_BUCKETS = (256, 4096)


class DigitEngine(Protocol):
    """A digit network, ready to run. Safe to call from several threads."""

    def logits(self, images: ImageStack) -> FloatArray:
        """Logits (N, classes) float32 of normalised images (N, 28, 28) uint8; N may be 0.

        A row depends on its own image alone, whatever else is in the batch.
        """
        ...


class LiteRtEngine:
    """A full-int8 LiteRT network on the CPU. Imports neither Keras nor TensorFlow."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        """Load a network.

        Raises:
            ModelError: the file is no LiteRT network for 28 x 28 images with int8 input and output.
        """
        try:
            self._content = model.read_bytes()
        except OSError as error:
            raise ModelError(f"network {model} cannot be read: {error}") from None
        self._name = str(model)
        self._threads = threads
        self._lock = threading.Lock()
        self._interpreters: dict[int, Interpreter] = {}
        interpreter = self._interpreter(1)
        given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        if tuple(given["shape"]) != (1, SIDE_PX, SIDE_PX, 1) or given["dtype"] != np.int8 or wanted["dtype"] != np.int8:
            raise ModelError(f"network {model} does not take 28 x 28 int8 images; it is not a digit network of ours")
        self._input, self._output = int(given["index"]), int(wanted["index"])
        self._classes = int(wanted["shape"][1])
        self._scale, self._zero = wanted["quantization"]

    def logits(self, images: ImageStack) -> FloatArray:
        """See `DigitEngine`."""
        result = np.empty((len(images), self._classes), np.float32)
        # The network's input is pixel / 255 at scale 1/255 and zero point -128: the pixel less 128, in int8.
        pixels = (images ^ 0x80).view(np.int8)[..., None]
        with self._lock:
            for rows, bucket in batches(len(images), _CPU_BUCKETS):
                interpreter = self._interpreter(bucket)
                batch = np.zeros((bucket, SIDE_PX, SIDE_PX, 1), np.int8)
                batch[: rows.stop - rows.start] = pixels[rows]
                interpreter.set_tensor(self._input, batch)
                interpreter.invoke()
                quantized = interpreter.get_tensor(self._output)[: rows.stop - rows.start]
                result[rows] = (quantized.astype(np.float32) - self._zero) * self._scale
        return result

    def _interpreter(self, bucket: int) -> Interpreter:
        if bucket not in self._interpreters:
            try:
                interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
                if bucket > 1:
                    index = interpreter.get_input_details()[0]["index"]
                    interpreter.resize_tensor_input(index, (bucket, SIDE_PX, SIDE_PX, 1))
                interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"network {self._name} cannot be loaded: {error}") from None
            self._interpreters[bucket] = interpreter
        return self._interpreters[bucket]


class KerasEngine:
    """The master network through Keras, one compiled function for each of two batch sizes; meant for GPUs."""

    def __init__(self, model: Path) -> None:
        """Load a network.

        Raises:
            ModelError: the file is no Keras network for 28 x 28 images.
        """
        import keras  # takes seconds and hundreds of megabytes, which CPU readers must not pay

        try:
            self._model = keras.saving.load_model(model, compile=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelError(f"network {model} cannot be loaded: {error}") from None
        if self._model.input_shape[1:] != (SIDE_PX, SIDE_PX, 1):
            raise ModelError(f"network {model} does not take 28 x 28 images; it is not a digit network of ours")
        self._lock = threading.Lock()

    def logits(self, images: ImageStack) -> FloatArray:
        """See `DigitEngine`."""
        result = np.empty((len(images), self._model.output_shape[1]), np.float32)
        with self._lock:
            for rows, bucket in batches(len(images), _GPU_BUCKETS):
                batch = np.zeros((bucket, SIDE_PX, SIDE_PX, 1), np.float32)
                batch[: rows.stop - rows.start, ..., 0] = images[rows]
                batch /= 255
                result[rows] = self._model.predict_on_batch(batch)[: rows.stop - rows.start]
        return result


def has_gpu_driver() -> bool:
    """Whether this machine has the driver of a GPU; Keras may still not be able to use it."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd"))


def gpu_is_visible() -> bool:
    """Whether Keras would find a GPU. Keras is asked only on machines that have a driver, since it starts slowly."""
    if not has_gpu_driver():
        return False
    import keras

    return bool(keras.distribution.list_devices("gpu"))


def batches(count: int, buckets: Sequence[int]) -> Iterator[tuple[slice, int]]:
    """Rows to run together, and the batch size to pad them to: full buckets, largest first, as long as the smallest one
    that holds what is left would be padded by half or more. Padding costs as much as digits."""
    first = 0
    while first < count:
        left = count - first
        bucket = next((size for size in buckets if size >= left), buckets[-1])
        if left <= bucket // 2:
            bucket = max((size for size in buckets if size <= left), default=bucket)
        yield slice(first, first + min(left, bucket)), bucket
        first += bucket
