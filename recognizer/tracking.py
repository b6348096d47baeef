"""Figures of a training run in MLflow, while it runs. MLflow is an optional extra and imported only here."""

from __future__ import annotations

import re
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from recognizer.run_folder import EpochFigures
from recognizer.training_options import TrainingOptions

if TYPE_CHECKING:
    from recognizer.training import TrainingRun

EXPERIMENT = "fieldreader"
_ARTIFACTS = ("config.json", "metrics.csv", "curves.png", "confusion.png", "worst.png")


class MlflowTracker:
    """One run in MLflow, open while the `with` block lasts; marked failed when an error leaves it."""

    def __init__(self, uri: str, options: TrainingOptions) -> None:
        """Open a run, so that what is wrong with MLflow shows before hours of training.

        Args:
            uri: tracking server, database or folder, as MLflow names them.
            options: of the run; all become parameters.

        Raises:
            ValueError: MLflow is not installed, or cannot be reached.
        """
        try:
            mlflow = import_module("mlflow")
        except ModuleNotFoundError:
            raise ValueError("mlflow is not installed; it comes with: pip install 'fieldreader[mlflow]'") from None
        try:
            self._client: Any = mlflow.MlflowClient(tracking_uri=uri)
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            number = experiment.experiment_id if experiment else self._client.create_experiment(EXPERIMENT)
            self._run = self._client.create_run(number, run_name=options.out.name).info.run_id
            for name, value in asdict(options).items():
                self._client.log_param(self._run, name, value)
        except mlflow.exceptions.MlflowException as error:
            reason = (str(error).splitlines() or ["no reason given"])[0]
            raise ValueError(f"mlflow: the tracking server or store cannot be used: {reason}") from None

    def __enter__(self) -> MlflowTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.set_terminated(self._run, "FAILED" if error else "FINISHED")

    def log_epoch(self, figures: EpochFigures) -> None:
        """Figures of one epoch, as a step of each curve."""
        for name, value in asdict(figures).items():
            self._client.log_metric(self._run, name, value, step=figures.epoch)

    def log_result(self, run: TrainingRun) -> None:
        """Figures and pictures of the finished run."""
        for name, value in run.metrics.items():
            self._client.log_metric(self._run, _metric_name(name), value)
        paths = [run.folder / name for name in _ARTIFACTS]
        if run.bundle:
            paths += sorted(run.bundle.path.iterdir())
        for path in paths:
            self._log_file(path)

    def _log_file(self, path: Path) -> None:
        if path.is_file():
            self._client.log_artifact(self._run, str(path))


def _metric_name(name: str) -> str:
    """MLflow takes letters, digits and few signs."""
    return re.sub(r"[^\w\-./ ]", "_", name.replace("%", "_percent"))
