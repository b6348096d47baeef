"""Reads strips with the exported network on the CPU. Loads neither TensorFlow nor Keras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from recognizer.errors import ModelError
from recognizer.readings import FloatArray, GrayImage, StripCandidate, StripReadings
from recognizer.strip_align import Span, align_strings, weakest_digit
from recognizer.strip_decode import COLUMN_PX, OUTPUTS, ScoredString, combine_views, log_softmax
from recognizer.strip_views import MARGIN_PX, MAX_WIDTH_PX, STRIP_HEIGHT, View, rows_view, views_of

_WIDTHS = (128, 192, 256, 320, 384, 512, 768, MAX_WIDTH_PX + 2 * MARGIN_PX)
"""Widths the network runs at. A strip is padded to the next one, whatever strips are read with it."""
_KEPT = 5
"""Candidates handed on; later ones are below one in a thousand on nearly every strip."""

_CLOSE = 3.0
"""Strings farther behind the best one, natural logarithm, are not looked at digit by digit: it takes a while."""


class StripReader:
    """The strip network on LiteRT; runs one view at a time, so that no strip's reading depends on another's."""

    def __init__(self, model_path: Path, threads: int = 1) -> None:
        """Load the network.

        Args:
            model_path: a `strips.tflite`.
            threads: threads inside one run of the network.

        Raises:
            ModelError: the file is missing, truncated or no strip network.
        """
        try:
            self._content = model_path.read_bytes()
        except OSError as error:
            raise ModelError(f"{model_path}: the strip network cannot be read ({error.strerror})") from error
        self._threads = threads
        self._engines: dict[int, _Engine] = {}
        try:
            self._engine(_WIDTHS[1])
        except (ValueError, RuntimeError, IndexError) as error:
            raise ModelError(f"{model_path}: no strip network, or damaged ({error})") from error

    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings:
        """Read text rows or tight field crops.

        Args:
            strips: (H, W) uint8 each, dark on light, any size.

        Returns:
            Per strip its candidates, likeliest first, one to five; a strip without pixels reads as empty.
        """
        return StripReadings(tuple(self._read(strip) for strip in strips))

    def read_combs(self, pictures: Sequence[GrayImage]) -> StripReadings:
        """Read pictures of whole combs without their lines, in one view, and do not say where the digits are.

        Of 2,358 drawn combs 26 were read wrong by it and the digit network together, 32 with three views.

        Args:
            pictures: (H, W) uint8 each, dark on light, any size.

        Returns:
            As `read_strips`, without spans and least sure digits: the cells know both.
        """
        return StripReadings(tuple(self._read_comb(picture) for picture in pictures))

    def evidence(self, view: View) -> FloatArray:
        """(T, 11) log-probabilities of a view's columns, four pixels each, blank last."""
        width = view.ink.shape[1]
        engine = self._engine(next(padded for padded in _WIDTHS if padded >= width))
        logits = engine.run(view.ink)
        return log_softmax(logits[: -(-width // COLUMN_PX)])

    def _read_comb(self, picture: GrayImage) -> tuple[StripCandidate, ...]:
        if picture.size == 0:
            return (StripCandidate("", 0.0),)
        strings = combine_views([self.evidence(rows_view(picture))])[:_KEPT]
        return tuple(StripCandidate(string.text, string.log_probability) for string in strings)

    def _read(self, strip: GrayImage) -> tuple[StripCandidate, ...]:
        if strip.size == 0:
            return (StripCandidate("", 0.0),)
        views = views_of(strip)
        columns = [self.evidence(view) for view in views]
        strings = combine_views(columns)[:_KEPT]
        places = align_strings(columns, [string.text for string in strings])
        return tuple(
            StripCandidate(
                string.text,
                string.log_probability,
                _edges(places[0][rank], views[0], strip.shape[1]),
                weakest_digit(columns, string.text, [spans[rank] for spans in places])
                if _is_close(string, strings[0])
                else 0.0,
            )
            for rank, string in enumerate(strings)
        )

    def _engine(self, width: int) -> _Engine:
        if width not in self._engines:
            self._engines[width] = _Engine(self._content, width, self._threads)
        return self._engines[width]


class _Engine:
    """The network prepared for one width."""

    def __init__(self, content: bytes, width: int, threads: int) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        self._input = int(self._interpreter.get_input_details()[0]["index"])
        self._output = int(self._interpreter.get_output_details()[0]["index"])
        self._strip = np.zeros((1, STRIP_HEIGHT, width, 1), np.float32)
        self._interpreter.resize_tensor_input(self._input, self._strip.shape, strict=True)
        self._interpreter.allocate_tensors()
        if self.run(np.zeros((STRIP_HEIGHT, 1), np.float32)).shape != (width // COLUMN_PX, OUTPUTS):
            raise ValueError("its output is not eleven scores every four columns")

    def run(self, ink: FloatArray) -> FloatArray:
        """(T, 11) scores of a normalised strip no wider than this engine."""
        self._strip[:] = 0.0
        self._strip[0, :, : ink.shape[1], 0] = ink
        self._interpreter.set_tensor(self._input, self._strip)
        self._interpreter.invoke()
        scores: FloatArray = self._interpreter.get_tensor(self._output).reshape(-1, OUTPUTS)
        return scores


def _is_close(string: ScoredString, best: ScoredString) -> bool:
    return string.log_probability > best.log_probability - _CLOSE


def _edges(spans: Sequence[Span], view: View, width: int) -> tuple[tuple[float, float], ...]:
    """Where each digit was seen, columns of the strip handed in."""

    def place(column: int) -> float:
        return float(np.clip(view.strip_column(column * COLUMN_PX), 0, width))

    return tuple((place(first), place(end)) for first, end in spans)
