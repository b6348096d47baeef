"""Reads strips with the exported network on the CPU. Loads neither TensorFlow nor Keras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from recognizer.errors import ModelError
from recognizer.readings import FloatArray, GrayImage, StripCandidate, StripReadings
from recognizer.strip_decode import COLUMN_PX, OUTPUTS, ScoredString, align_string, combine_views, log_softmax
from recognizer.strip_views import MARGIN_PX, MAX_WIDTH_PX, STRIP_HEIGHT, View, views_of

_WIDTHS = (128, 192, 256, 320, 384, 512, 768, MAX_WIDTH_PX + 2 * MARGIN_PX)
"""Widths the network runs at. A strip is padded to the next one, whatever strips are read with it."""
_KEPT = 5
"""Candidates handed on; later ones are below one in a thousand on nearly every strip."""


class StripReader:
    """The strip network on LiteRT; reads one view at a time, so that no strip depends on another."""

    def __init__(self, model_path: Path, threads: int = 1) -> None:
        """Load the network.

        Args:
            model_path: a `strips.tflite`.
            threads: threads inside one run of the network.

        Raises:
            ModelError: the file is missing, truncated or no strip network.
        """
        self._path, self._threads = model_path, threads
        try:
            self._content = model_path.read_bytes()
        except OSError as error:
            raise ModelError(f"{model_path}: cannot be read ({error.strerror})") from error
        self._interpreters: dict[int, Interpreter] = {}
        self._prepared(_WIDTHS[1])

    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings:
        """Read text rows or tight field crops.

        Args:
            strips: (H, W) uint8 each, dark on light, any size.

        Returns:
            Candidates a strip, likeliest first, at most five; one empty-text candidate for a strip without pixels.
        """
        return StripReadings(tuple(self._read(strip) for strip in strips))

    def evidence(self, view: View) -> FloatArray:
        """(T, 11) log-probabilities of a view's columns, four pixels each, blank last."""
        width = view.ink.shape[1]
        padded = next(size for size in _WIDTHS if size >= width)
        strip = np.zeros((1, STRIP_HEIGHT, padded, 1), np.float32)
        strip[0, :, :width, 0] = view.ink
        interpreter, into, out_of = self._prepared(padded)
        interpreter.set_tensor(into, strip)
        interpreter.invoke()
        logits: FloatArray = interpreter.get_tensor(out_of).reshape(-1, OUTPUTS)
        return log_softmax(logits[: -(-width // COLUMN_PX)])
