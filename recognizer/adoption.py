"""Taking a bundle from anywhere into the user's store, complete enough to be put into service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from recognizer.bundle import (
    DIGITS_CALIBRATION,
    DIGITS_INT8,
    MODEL_CARD,
    OPERATING_POINT,
    STRIPS_INT8,
    STRIPS_MASTER,
    Bundle,
    write_bundle,
)
from recognizer.errors import ModelError
from recognizer.model_store import list_bundles
from recognizer.trained import bundle_of

_NEEDED = (DIGITS_INT8, DIGITS_CALIBRATION)
_CARRIED = (STRIPS_MASTER, STRIPS_INT8, OPERATING_POINT)
"""What a bundle of digits alone lacks for service, and takes from the model in service."""


def adopt(
    store: Path, folder: Path, in_service: Bundle, name: str | None = None, version: str | None = None
) -> tuple[Bundle, tuple[str, ...]]:
    """Copy a bundle into the store; it is not put into service.

    Args:
        store: folder of the user's bundles; made when missing.
        folder: the bundle, or a run folder that has it under `bundle`.
        in_service: what the bundle lacks beside its digit network comes from here.
        name, version: what to call it; None: as it is called.

    Returns:
        The bundle in the store, and the names of the files that came from `in_service`. The same bundle twice is the
        same as once.

    Raises:
        ModelError: no bundle, a damaged one, one without a digit network, or another model of this name and version.
    """
    bundle = bundle_of(folder)
    for file in _NEEDED:
        bundle.file(file)
    name, version = name or bundle.name, version or bundle.version
    if Path(f"{name}-{version}").name != f"{name}-{version}" or name.startswith("."):
        raise ModelError(f"{name}-{version} cannot be the name of a folder; choose another with --name")
    carried = tuple(file for file in _CARRIED if not bundle.has(file) and in_service.has(file))
    hashes = {**bundle.files, **{file: in_service.files[file] for file in carried}}
    for known in list_bundles(store):
        if (known.name, known.version) != (name, version):
            continue
        if _without_card(known.files) == _without_card(hashes):
            return known, carried
        raise ModelError(f"there is another model {name}-{version}; choose another name with --name")
    files = {
        **{file: bundle.path / file for file in bundle.files},
        **{file: in_service.path / file for file in carried},
    }
    added = write_bundle(
        store / f"{name}-{version}",
        name=name,
        version=version,
        files=files,
        metrics=bundle.metrics,
        parent=bundle.parent,
        data_fingerprint=bundle.data_fingerprint,
        command=bundle.command,
    )
    return added, carried


def _without_card(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name != MODEL_CARD}
