"""A copy of the model in service whose thresholds were proven on the user's own documents."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pipeline.confidence.calibrate import recalibrated
from pipeline.confidence.operating_point import OperatingPoint, load_operating_point, to_json
from pipeline.errors import DatasetError, ModelError
from pipeline.evaluating.labelled_fields import LabelledResults, labelled_readings
from recognizer.bundle import OPERATING_POINT, Bundle, write_bundle
from recognizer.model_store import champion


def calibrate_model(store: Path, labelled: LabelledResults, name: str) -> tuple[Bundle, OperatingPoint]:
    """Write a new version of the model in service, with thresholds from labelled results; nothing is promoted.

    Args:
        store: folder of the user's models; made when missing.
        labelled: results of the model in service beside their truth.
        name: of the new model; its version is the next one free.

    Raises:
        DatasetError: another model read the results, or no field could have been accepted.
        ModelError: the model in service is damaged, or the name is no name of a folder.
    """
    parent = champion(store)
    if labelled.models != {parent.sha256}:
        raise DatasetError(
            f"these results were not all read by the model in service, {parent.name} {parent.version}; "
            "read the documents again with `fieldreader run --again`"
        )
    if not name or Path(name).name != name or name.startswith("."):
        raise ModelError(f"{name!r} cannot be the name of a folder; choose another with --name")
    fields = [field for field in labelled.fields if field.is_acceptable]
    if not fields:
        raise DatasetError("every labelled field goes to review however sure it is; there is nothing to calibrate on")
    version = next(number for number in range(1, 10**6) if not (store / f"{name}-{number}").exists())
    point = recalibrated(
        load_operating_point(parent.file(OPERATING_POINT)),
        f"{name}-{version}",
        labelled_readings(fields),
        [field.reading.kind for field in fields],
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / OPERATING_POINT
        file.write_text(json.dumps(to_json(point), indent=1) + "\n", encoding="utf-8")
        bundle = write_bundle(
            store / f"{name}-{version}",
            name=name,
            version=str(version),
            files={**{own: parent.file(own) for own in parent.files}, OPERATING_POINT: file},
            metrics=parent.metrics,
            parent=parent.sha256,
            data_fingerprint=parent.data_fingerprint,
            command="fieldreader calibrate",
        )
    return bundle, point
