"""The model in service as the pipeline needs it: verified files, operating point, identity for results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.confidence.operating_point import OperatingPoint, load_operating_point
from pipeline.document import ModelIdentity
from recognizer.bundle import OPERATING_POINT, Bundle
from recognizer.model_store import champion


@dataclass(frozen=True, slots=True)
class ReadingModel:
    """A model with the thresholds measured for it; the networks themselves are not loaded."""

    bundle: Bundle
    operating_point: OperatingPoint

    @property
    def identity(self) -> ModelIdentity:
        """What results say about it."""
        return ModelIdentity(self.bundle.name, self.bundle.version, self.bundle.sha256, self.operating_point.label)


def open_model(store: Path | None) -> ReadingModel:
    """Open the model in service.

    Args:
        store: folder of the user's own models; None for the shipped one.

    Raises:
        ModelError: a file of it is missing or was changed.
    """
    bundle = champion(store)
    return ReadingModel(bundle, load_operating_point(bundle.file(OPERATING_POINT)))
