"""`fieldreader export` and `fieldreader compress`, as typed; the long way once, the refusals quickly."""

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import ModelError, SettingsError


def type_in(*words):
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_export_says_what_it_was_compared_on_and_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("FIELDREADER_DATA", raising=False)
    answer = type_in("export", "--format", "litert", "--out", tmp_path / "digits.tflite")
    assert answer.exit_code == 0
    assert "2,000 digits drawn by fieldreader's own pen" in answer.stdout
    assert "read otherwise: 0 of 2,000" in answer.stdout
    assert (tmp_path / "digits.tflite").read_bytes()[4:8] == b"TFL3"


def test_a_name_that_does_not_fit_the_format_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(SettingsError, match=r"must end in \.onnx, not 'digits\.h5'"):
        type_in("export", "--format", "onnx", "--out", tmp_path / "digits.h5")


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    (tmp_path / "letter.txt").write_text("dear all")
    with pytest.raises(ModelError, match="is a folder that is no export"):
        type_in("export", "--format", "saved_model", "--out", tmp_path)


@pytest.mark.parametrize("words", [("h5", "digits"), ("onnx", "strips")], ids=["other format", "other network"])
def test_only_digit_networks_as_onnx_go_into_a_model(tmp_path, words):
    chosen, network = words
    out = tmp_path / f"network.{chosen}"
    with pytest.raises(SettingsError, match="--as-model is for digit networks"):
        type_in("export", "--format", chosen, "--network", network, "--out", out, "--as-model", tmp_path / "m")


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--format", "h5", "--out", "digits.h5", "--model"),
        ("compress", "prune", "--out", "pruned", "--model"),
        ("compress", "distill", "--out", "small", "--teacher"),
    ],
    ids=lambda words: words[0] if words[0] == "export" else words[1],
)
def test_a_folder_without_a_model_is_refused(tmp_path, words):
    with pytest.raises(ModelError, match="no model in"):
        type_in(*words, tmp_path / "nothing")
