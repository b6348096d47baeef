"""Reading digits by ONNX Runtime, where it is installed."""

import importlib.util

import numpy as np
import pytest

from recognizer.bundle import DIGITS_MASTER, DIGITS_ONNX, open_bundle, write_bundle
from recognizer.errors import ModelError
from recognizer.model_store import shipped_bundle
from recognizer.reader import load_recognizer

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnxruntime", "tf2onnx")),
    reason="needs onnxruntime and tf2onnx: pip install 'fieldreader[export]'",
)


@pytest.fixture(scope="module")
def with_onnx(tmp_path_factory):
    """The shipped model with its digit network as ONNX."""
    from recognizer.epochs import draw_pen_digits
    from recognizer.export_format import ExportFormat
    from recognizer.export_samples import ExportSamples
    from recognizer.network import as_pixels
    from recognizer.verified_export import export_network

    shipped = open_bundle(shipped_bundle())
    folder = tmp_path_factory.mktemp("onnx")
    inputs = as_pixels(draw_pen_digits(40, np.random.default_rng(1))[0])
    samples = ExportSamples("drawn", [inputs[:1]], [inputs])
    export_network(shipped.file(DIGITS_MASTER), folder / DIGITS_ONNX, ExportFormat.ONNX, samples)
    files = {name: shipped.path / name for name in shipped.files} | {DIGITS_ONNX: folder / DIGITS_ONNX}
    return write_bundle(folder / "model", name="with-onnx", version="1", files=files, metrics={})


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@needs_onnx
def test_onnx_runtime_reads_what_litert_reads(with_onnx):
    from recognizer.epochs import draw_pen_digits

    images, labels = draw_pen_digits(300, np.random.default_rng(5))
    by_onnx, by_litert = load_recognizer(with_onnx, "onnx"), load_recognizer(with_onnx, "cpu")
    assert (by_onnx.device, by_litert.device) == ("onnx", "cpu")
    read = by_onnx.read_normalized(images).probabilities.argmax(axis=1)
    assert (read == labels).mean() > 0.95
    assert (read == by_litert.read_normalized(images).probabilities.argmax(axis=1)).mean() > 0.99


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@needs_onnx
@pytest.mark.parametrize("count", [0, 1, 9, 33])
def test_an_image_reads_nearly_the_same_in_any_company(with_onnx, count):
    from recognizer.epochs import draw_pen_digits
    from recognizer.onnx_engine import OnnxEngine

    engine = OnnxEngine(with_onnx.file(DIGITS_ONNX))
    images, _ = draw_pen_digits(40, np.random.default_rng(6))
    assert np.allclose(engine.logits(images[:count]), engine.logits(images)[:count], atol=1e-4)


@needs_onnx
@pytest.mark.parametrize("content", [b"", b"no network at all"], ids=["empty", "garbage"])
def test_a_file_that_is_no_onnx_network_is_refused(tmp_path, content):
    from recognizer.onnx_engine import OnnxEngine

    (tmp_path / "digits.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded"):
        OnnxEngine(tmp_path / "digits.onnx")


def test_a_model_without_an_onnx_network_says_how_to_make_one():
    with pytest.raises(ModelError, match=r"has no digits\.onnx.*--as-model"):
        load_recognizer(open_bundle(shipped_bundle()), "onnx")


def test_a_machine_without_onnx_runtime_says_what_to_install(tmp_path, monkeypatch):
    from recognizer import onnx_engine

    monkeypatch.setattr(onnx_engine.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'fieldreader\[export\]'"):
        onnx_engine.OnnxEngine(tmp_path / "digits.onnx")
