"""Exports of the shipped network, opened by the libraries of their formats; and exports that must not be kept."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from recognizer.bundle import DIGITS_MASTER, STRIPS_MASTER
from recognizer.errors import ModelError
from recognizer.export_format import ExportFormat
from recognizer.export_formats import FORMATS, refuse_missing_packages
from recognizer.model_store import shipped_bundle

pytestmark = pytest.mark.filterwarnings("default")

slow = pytest.mark.slow


def installed(chosen):
    return all(importlib.util.find_spec(name) is not None for name in FORMATS[chosen].packages)


@pytest.fixture(scope="module")
def master():
    return shipped_bundle() / DIGITS_MASTER


@pytest.fixture(scope="module")
def samples():
    from recognizer.epochs import draw_pen_digits
    from recognizer.export_samples import ExportSamples
    from recognizer.network import as_pixels

    images = as_pixels(draw_pen_digits(60, np.random.default_rng(3))[0])
    return ExportSamples("drawn", [image[None] for image in images[:20]], [images[20:45], images[45:]])


@slow
@pytest.mark.parametrize("chosen", ExportFormat)
def test_an_export_opens_in_its_own_library_and_reads_alike(master, samples, tmp_path, chosen):
    from recognizer.verified_export import export_network

    if not installed(chosen):
        pytest.skip(f"needs {' and '.join(FORMATS[chosen].packages)}: pip install 'fieldreader[export]'")
    out = tmp_path / f"digits{FORMATS[chosen].suffix}"
    for _ in range(2):  # the second replaces the first
        made = export_network(master, out, chosen, samples)
    assert (made.n, made.labels_changed, made.path) == (40, 0, out)
    assert made.largest_difference <= made.bound.difference
    assert FORMATS[chosen].open(out)(samples.held_out[0]).shape == (25, 11)
    expected = {out.name} | ({"digits.bin"} if chosen is ExportFormat.OPENVINO else set())
    assert {path.name for path in tmp_path.iterdir()} == expected


@slow
def test_an_export_that_reads_otherwise_is_not_written(master, samples, tmp_path, monkeypatch):
    from recognizer import export_formats, verified_export

    honest = FORMATS[ExportFormat.H5]
    wrong = replace(honest, open=lambda path: lambda inputs: -honest.open(path)(inputs))
    monkeypatch.setitem(export_formats.FORMATS, ExportFormat.H5, wrong)
    (tmp_path / "digits.h5").write_bytes(b"the older export")
    with pytest.raises(ModelError, match="otherwise than its master; nothing was written"):
        verified_export.export_network(master, tmp_path / "digits.h5", ExportFormat.H5, samples)
    assert [path.name for path in tmp_path.iterdir()] == ["digits.h5"]
    assert (tmp_path / "digits.h5").read_bytes() == b"the older export"


@slow
def test_probabilities_that_moved_are_refused_as_well(master, samples, tmp_path, monkeypatch):
    from recognizer import export_formats, verified_export

    honest = FORMATS[ExportFormat.H5]
    flatter = replace(honest, open=lambda path: lambda inputs: 0.9 * honest.open(path)(inputs))
    monkeypatch.setitem(export_formats.FORMATS, ExportFormat.H5, flatter)
    with pytest.raises(ModelError, match="moves a probability by"):
        verified_export.export_network(master, tmp_path / "digits.h5", ExportFormat.H5, samples)
    assert not list(tmp_path.iterdir())


@slow
def test_a_folder_that_is_no_export_is_left_alone(master, samples, tmp_path):
    from recognizer.verified_export import export_network

    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear all")
    with pytest.raises(ModelError, match="is a folder that is no export"):
        export_network(master, tmp_path / "letters", ExportFormat.SAVED_MODEL, samples)
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear all"


@slow
def test_samples_of_the_other_network_are_refused_with_the_option_to_name_it(samples, tmp_path):
    from recognizer.verified_export import export_network

    with pytest.raises(ModelError, match="name the other one with --network"):
        export_network(shipped_bundle() / STRIPS_MASTER, tmp_path / "strips.h5", ExportFormat.H5, samples)
    assert not list(tmp_path.iterdir())


@slow
@pytest.mark.parametrize(
    ("name", "chosen", "suffix"),
    [("digits.h5", ExportFormat.LITERT, ".tflite"), ("digits", ExportFormat.H5, ".h5")],
)
def test_a_name_that_does_not_fit_the_format_is_refused(master, samples, tmp_path, name, chosen, suffix):
    from recognizer.verified_export import export_network

    with pytest.raises(ValueError, match=f"must end in {suffix}"):
        export_network(master, tmp_path / name, chosen, samples)


def test_a_missing_package_is_said_with_the_extra_that_brings_it(monkeypatch):
    from recognizer import export_formats

    lacking = replace(FORMATS[ExportFormat.ONNX], packages=("no_such_package",))
    monkeypatch.setitem(export_formats.FORMATS, ExportFormat.ONNX, lacking)
    with pytest.raises(ModelError, match=r"no_such_package: pip install 'fieldreader\[export\]'"):
        refuse_missing_packages(ExportFormat.ONNX)


@slow
def test_digits_are_drawn_where_there_is_no_data_set_and_ranges_are_fixed_on_others(tmp_path, monkeypatch):
    from recognizer.export_samples import digit_samples

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    drawn = digit_samples(tmp_path)
    assert "own pen" in drawn.name
    assert sum(map(len, drawn.held_out)) == 2000
    held_out = {image.tobytes() for batch in drawn.held_out for image in batch}
    assert not held_out & {image.tobytes() for image in drawn.calibration}


@slow
def test_the_test_part_of_a_data_set_is_taken_where_there_is_one(tmp_path):
    from recognizer.epochs import draw_pen_digits
    from recognizer.export_samples import digit_samples

    x, y = draw_pen_digits(300, np.random.default_rng(1))
    x_test, y_test = draw_pen_digits(30, np.random.default_rng(2))
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    samples = digit_samples(tmp_path)
    assert samples.name == "MNIST test, 30 digits"
    assert np.array_equal(np.round(255 * samples.held_out[0][..., 0]), x_test)
