import subprocess
import sys

import numpy as np
import pytest

from recognizer.bundle import DIGITS_INT8, DIGITS_MASTER, open_bundle
from recognizer.classifier import KerasEngine, LiteRtEngine, batches
from recognizer.epochs import draw_pen_digits
from recognizer.errors import ModelError
from recognizer.model_store import shipped_bundle
from recognizer.readings import CLASS_COUNT


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(shipped_bundle())


@pytest.fixture(scope="module")
def engine(bundle):
    return LiteRtEngine(bundle.file(DIGITS_INT8))


@pytest.fixture(scope="module")
def drawn():
    return draw_pen_digits(300, np.random.default_rng(5))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [(0, 1, 1)]),
        (2, [(0, 1, 1), (1, 2, 1)]),
        (5, [(0, 5, 8)]),
        (14, [(0, 8, 8), (8, 14, 8)]),
        (20, [(0, 20, 32)]),
        (32, [(0, 32, 32)]),
        (33, [(0, 33, 64)]),
        (64, [(0, 64, 64)]),
        (65, [(0, 64, 64), (64, 65, 1)]),
        (135, [(0, 64, 64), (64, 128, 64), (128, 135, 8)]),
    ],
)
def test_rows_are_cut_into_batches_that_cover_them_once(count, expected):
    assert [(rows.start, rows.stop, size) for rows, size in batches(count, (1, 8, 32, 64))] == expected


@pytest.mark.parametrize("count", [0, 1, 2, 9, 33, 300])
def test_an_image_reads_the_same_in_any_company(engine, drawn, count):
    images, _ = drawn
    together = engine.logits(images)
    assert engine.logits(images[:count]).shape == (count, CLASS_COUNT)
    assert np.array_equal(engine.logits(images[:count]), together[:count])
    assert np.array_equal(engine.logits(images[::-1])[::-1], together)


def test_threads_do_not_change_a_reading(bundle, engine, drawn):
    assert np.array_equal(LiteRtEngine(bundle.file(DIGITS_INT8), threads=2).logits(drawn[0]), engine.logits(drawn[0]))


def test_drawn_digits_are_read_right(engine, drawn):
    images, labels = drawn
    assert (engine.logits(images).argmax(axis=1) == labels).mean() > 0.95


@pytest.mark.parametrize("content", [b"", b"TFL3 but not really" * 20], ids=["empty", "garbage"])
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    file = tmp_path / "digits.tflite"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded"):
        LiteRtEngine(file)


def test_a_missing_network_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        LiteRtEngine(tmp_path / "digits.tflite")


def test_reading_on_the_cpu_imports_neither_tensorflow_nor_keras():
    program = (
        "import sys, numpy\n"
        "from recognizer.model_store import champion\n"
        "from recognizer.reader import load_recognizer\n"
        "load_recognizer(champion(None), 'cpu').read_digits([numpy.full((9, 9), 255, numpy.uint8)])\n"
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_keras_and_litert_engines_agree(bundle, engine, drawn):
    images, _ = drawn
    master = KerasEngine(bundle.file(DIGITS_MASTER)).logits(images)
    assert master.shape == (300, CLASS_COUNT)
    assert (master.argmax(axis=1) == engine.logits(images).argmax(axis=1)).mean() > 0.99


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_file_that_is_no_keras_network_is_refused(tmp_path):
    file = tmp_path / "digits.keras"
    file.write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot be loaded"):
        KerasEngine(file)
