import sys
from pathlib import Path

import pytest

from recognizer.run_folder import EpochFigures
from recognizer.tracking import EXPERIMENT, MlflowTracker
from recognizer.training_options import TrainingOptions


def test_a_missing_mlflow_is_said_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ValueError, match=r"pip install 'fieldreader\[mlflow\]'"):
        MlflowTracker("file:tracking", TrainingOptions(out=Path("run")))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_figures_and_pictures_reach_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)  # MLflow keeps files in the working folder
    from recognizer.training import TrainingRun

    uri = f"sqlite:///{tmp_path / 'tracking.db'}"
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "config.json").write_text("{}")
    figures = EpochFigures(1, 0.5, 0.9, 0.4, 0.91, 0.3, 0.92, 0.2, 0.9, 1.0)
    with MlflowTracker(uri, TrainingOptions(out=tmp_path / "first", seed=7)) as tracker:
        tracker.log_epoch(figures)
        tracker.log_result(TrainingRun(tmp_path / "first", (figures,), 1, {"coverage_1%": 0.99}, None))
    client = mlflow.MlflowClient(tracking_uri=uri)
    (run,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert (run.info.run_name, run.info.status, run.data.params["seed"]) == ("first", "FINISHED", "7")
    assert run.data.metrics["validation_accuracy"] == 0.91
    assert run.data.metrics["coverage_1_percent"] == 0.99
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["config.json"]
