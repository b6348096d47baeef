import csv
from pathlib import Path

import pytest

from recognizer.run_folder import EpochFigures
from recognizer.sweep import SweepRun, best_first, parse_sweep, sweep_runs, write_sweep
from recognizer.training_options import Optimizer, TrainingOptions


def figures(epoch, loss):
    return EpochFigures(epoch, 1.0, 0.5, loss, 0.9, loss, 0.8, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "texts",
    [["lr=1e-3,3e-3", "batch=64,128"], ["lr=1e-3,3e-3,batch=64,128"], ["lr = 1e-3, 3e-3", "batch=64,128"]],
    ids=["two options", "one option", "spaces"],
)
def test_a_sweep_is_written_in_one_option_or_in_several(texts):
    assert parse_sweep(texts) == {"lr": ["1e-3", "3e-3"], "batch": ["64", "128"]}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["speed=1"], "'speed' cannot be swept; write NAME=VALUE,VALUE of lr, batch"),
        (["64"], "'64' cannot be swept"),
        (["lr=1", "lr=2"], "lr is given twice"),
        (["batch=many"], "batch cannot be 'many'"),
        (["optimizer=adamax"], "optimizer cannot be 'adamax'"),
        (["lr="], "lr cannot be ''"),
    ],
    ids=["unknown name", "no name", "twice", "no number", "unknown optimizer", "no value"],
)
def test_sweeps_that_make_no_sense_are_refused(texts, reason):
    with pytest.raises(ValueError, match=reason):
        parse_sweep(texts)


def test_every_combination_is_a_run_with_a_folder_of_its_own():
    grid = parse_sweep(["lr=1e-3,3e-3", "optimizer=adam,sgd"])
    runs = list(sweep_runs(TrainingOptions(out=Path("sweep"), epochs=3), grid))
    assert [name for name, _, _ in runs] == [
        "lr=1e-3,optimizer=adam", "lr=1e-3,optimizer=sgd", "lr=3e-3,optimizer=adam", "lr=3e-3,optimizer=sgd",
    ]  # fmt: skip
    name, settings, options = runs[2]
    assert settings == {"lr": "3e-3", "optimizer": "adam"}
    assert options == TrainingOptions(out=Path("sweep") / name, epochs=3, learning_rate=3e-3, optimizer=Optimizer.ADAM)


def test_the_table_has_a_row_a_run_the_best_first(tmp_path):
    worse = SweepRun("lr=1", {"lr": "1"}, figures(2, 0.5), {"mnist_test_accuracy": 0.99})
    better = SweepRun("lr=2", {"lr": "2"}, figures(1, 0.25), {"other": 0.5})
    write_sweep(tmp_path / "sweep.csv", best_first([worse, better]))
    with (tmp_path / "sweep.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["run"] for row in rows] == ["lr=2", "lr=1"]
    assert [row["validation_loss"] for row in rows] == ["0.25", "0.5"]
    assert [row["best_epoch"] for row in rows] == ["1", "2"]
    assert [row["mnist_test_accuracy"] for row in rows] == ["", "0.99"]
