"""The formats a network can be exported to: what writes them, what opens them, and what must be installed for that."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.export_format import ExportFormat
from recognizer.readings import FloatArray

if TYPE_CHECKING:
    import keras

Runtime = Callable[[FloatArray], FloatArray]
"""From network input (N, H, W, 1) float32 to logits, through the library that reads the format."""


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What there is to know about a format.

    Attributes:
        suffix: of the file; "" for a folder.
        packages: modules that writing and verifying it takes, beyond what fieldreader always has.
        write: puts a network at a path. The inputs, (1, H, W, 1) float32 each, fix the ranges of int8 formats.
        open: what has been written, ready to run.
    """

    suffix: str
    packages: tuple[str, ...]
    write: Callable[[keras.Model, Path, Sequence[FloatArray]], None]
    open: Callable[[Path], Runtime]


def refuse_missing_packages(chosen: ExportFormat) -> None:
    """Check that a format can be written and verified here.

    Raises:
        ModelError: a package is missing; the message names the extra that brings it.
    """
    missing = [name for name in FORMATS[chosen].packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"format {chosen} needs {' and '.join(missing)}: pip install 'fieldreader[export]'")


def refuse_unfit_target(chosen: ExportFormat, out: Path) -> None:
    """Check that an export may be written at a path. An older export may be replaced, a folder of other things not.

    Raises:
        ValueError: the file's name does not end as the format wants it.
        ModelError: `out` is a folder of something else.
    """
    suffix = FORMATS[chosen].suffix
    if suffix and out.suffix != suffix:
        raise ValueError(f"the name of a file for {chosen} must end in {suffix}, not {out.name!r}")
    if out.is_dir() and (suffix or (any(out.iterdir()) and not (out / "saved_model.pb").is_file())):
        raise ModelError(f"{out} is a folder that is no export; name another path")


# --- writing -------------------------------------------------------------------------------------


def _write_litert(model: keras.Model, path: Path, _: Sequence[FloatArray]) -> None:
    from recognizer.strip_export import columns_of, convert_strips

    if columns := columns_of(model):
        path.write_bytes(convert_strips(columns, ()))
    else:
        model.export(path, format="litert", verbose=False)


def _write_litert_int8(model: keras.Model, path: Path, calibration: Sequence[FloatArray]) -> None:
    from recognizer.export import convert_int8
    from recognizer.strip_export import columns_of, convert_strips

    if columns := columns_of(model):
        path.write_bytes(convert_strips(columns, [strip[0, :, :, 0] for strip in calibration]))
    else:
        path.write_bytes(convert_int8(model, np.round(255 * np.concatenate(calibration)[..., 0]).astype(np.uint8)))


def _write_onnx(model: keras.Model, path: Path, calibration: Sequence[FloatArray]) -> None:
    model(calibration[0])  # Keras refuses to export to ONNX what has never run
    model.export(path, format="onnx", verbose=False)


def _write_saved_model(model: keras.Model, path: Path, _: Sequence[FloatArray]) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _write_openvino(model: keras.Model, path: Path, _: Sequence[FloatArray]) -> None:
    import openvino

    # Keras' own way to OpenVINO imports SciPy for no other reason than its location.
    with TemporaryDirectory() as folder:
        model.export(folder, format="tf_saved_model", verbose=False)
        converted = openvino.convert_model(folder)
        openvino.save_model(converted, path, compress_to_fp16=False)


def _write_h5(model: keras.Model, path: Path, _: Sequence[FloatArray]) -> None:
    model.save(path, include_optimizer=False)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep converters from announcing their deprecations and listing what they wrote; errors still come through."""
    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        absl.setLevel(level)


# --- opening -------------------------------------------------------------------------------------


def _open_litert(path: Path) -> Runtime:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    allocated: tuple[int, ...] = ()

    def run(inputs: FloatArray) -> FloatArray:
        nonlocal allocated
        if inputs.shape != allocated:
            interpreter.resize_tensor_input(given["index"], inputs.shape)
            interpreter.allocate_tensors()
            allocated = inputs.shape
        interpreter.set_tensor(given["index"], _quantized(inputs, given))
        interpreter.invoke()
        logits = _dequantized(interpreter.get_tensor(wanted["index"]), wanted)
        # Strip networks are exported before their last reshaping.
        return logits.reshape(len(inputs), -1, logits.shape[-1]) if logits.ndim == 4 else logits

    return run


def _quantized(values: FloatArray, details: Mapping[str, Any]) -> NDArray[Any]:
    if details["dtype"] == np.float32:
        return values
    scale, zero = details["quantization"]
    return np.asarray(np.clip(np.round(values / scale) + zero, -128, 127), np.int8)


def _dequantized(values: NDArray[Any], details: Mapping[str, Any]) -> FloatArray:
    if details["dtype"] == np.float32:
        return values
    scale, zero = details["quantization"]
    return np.asarray((values.astype(np.float32) - zero) * scale, np.float32)


def _open_onnx(path: Path) -> Runtime:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: np.asarray(session.run(None, {name: inputs})[0], np.float32)


def _open_saved_model(path: Path) -> Runtime:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return lambda inputs: np.asarray(loaded.serve(inputs), np.float32)


def _open_openvino(path: Path) -> Runtime:
    import openvino

    # On processors with bfloat16 OpenVINO rounds to it unless told otherwise.
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: np.array(compiled(inputs)[0], np.float32)


def _open_h5(path: Path) -> Runtime:
    import keras

    model = keras.saving.load_model(path, compile=False)
    return lambda inputs: np.asarray(model.predict_on_batch(inputs), np.float32)


FORMATS: Mapping[ExportFormat, FormatFacts] = {
    ExportFormat.LITERT: FormatFacts(".tflite", (), _write_litert, _open_litert),
    ExportFormat.LITERT_INT8: FormatFacts(".tflite", (), _write_litert_int8, _open_litert),
    ExportFormat.ONNX: FormatFacts(".onnx", ("tf2onnx", "onnxruntime"), _write_onnx, _open_onnx),
    ExportFormat.SAVED_MODEL: FormatFacts("", (), _write_saved_model, _open_saved_model),
    ExportFormat.OPENVINO: FormatFacts(".xml", ("openvino",), _write_openvino, _open_openvino),
    ExportFormat.H5: FormatFacts(".h5", (), _write_h5, _open_h5),
}
