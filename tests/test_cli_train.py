"""`fieldreader train` and `fieldreader models add` before Keras is asked: what is refused, what is recorded."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli.train import command_line
from recognizer.model_store import shipped_bundle


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--freeze", "some"], "neither a number of layers nor all-but-head"),
        (["--sweep", "speed=1"], "cannot be swept"),
        (["--backbone", "vgg"], "is not one of"),
        (["--optimizer", "best"], "is not one of"),
    ],
    ids=["freeze", "sweep", "backbone", "optimizer"],
)
def test_wrong_options_are_refused_at_once(arguments, reason, tmp_path):
    answer = CliRunner().invoke(app, ["train", "--out", str(tmp_path / "run"), *arguments])
    assert answer.exit_code == 2
    assert reason in " ".join(answer.output.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "words", [["--mlflow", "http://me:secret@host"], ["--mlflow=http://me:secret@host"]], ids=["two words", "one word"]
)
def test_the_recorded_command_does_not_say_where_figures_went(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", ["fieldreader", "train", *words, "--out", "my run"])
    assert command_line() == "fieldreader train --out 'my run'"


def test_a_model_is_added_and_promoted_by_the_name_that_was_said(own_state):
    added = CliRunner().invoke(app, ["models", "add", str(shipped_bundle()), "--name", "mine", "--version", "2"])
    assert added.exit_code == 0
    assert added.output.splitlines()[-1].endswith("fieldreader models promote mine-2")
    promoted = CliRunner().invoke(app, ["models", "promote", "mine-2"])
    assert "mine 2 is in service" in promoted.output
    assert (own_state / "models" / "mine-2" / "model.json").is_file()
