"""A model bundle: a folder with everything one model needs, identified by its content.

<bundle>/model.json              name, version, parent, files with SHA-256, metrics, data fingerprint, command
         digits.keras            master of the digit network
         digits.tflite           the same, full int8, read on CPUs
         digits.onnx             the same for ONNX Runtime, in models made for it
         digits.calibration.json temperature
         strips.keras, strips.tflite, operating_point.json, MODEL_CARD.md
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.atomic_text import write_text
from recognizer.errors import ModelError

MODEL_FILE = "model.json"
MODEL_CARD = "MODEL_CARD.md"
DIGITS_MASTER = "digits.keras"
DIGITS_INT8 = "digits.tflite"
DIGITS_ONNX = "digits.onnx"
DIGITS_CALIBRATION = "digits.calibration.json"
STRIPS_MASTER = "strips.keras"
STRIPS_INT8 = "strips.tflite"
OPERATING_POINT = "operating_point.json"

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Bundle:
    """One model, opened and verified.

    Attributes:
        path: the folder.
        name, version: for people, as in results.
        parent: sha256 of the bundle it was fine-tuned from; None for one trained from scratch.
        files: file name -> SHA-256 of its bytes, lower-case hex.
        metrics: figures by name, as measured when the bundle was written.
        data_fingerprint: SHA-256 over the training data; "" when unknown.
        command: the command that reproduces it.
        sha256: identity, a hash over the names and hashes of the files; the model card does not count.
    """

    path: Path
    name: str
    version: str
    parent: str | None
    files: Mapping[str, str]
    metrics: Mapping[str, float]
    data_fingerprint: str
    command: str
    sha256: str

    def has(self, file_name: str) -> bool:
        return file_name in self.files

    def file(self, file_name: str) -> Path:
        """Path of one file of the bundle.

        Raises:
            ModelError: the bundle has no such file.
        """
        if file_name not in self.files:
            raise ModelError(f"model {self.name} {self.version} in {self.path} has no {file_name}")
        return self.path / file_name


def open_bundle(path: Path) -> Bundle:
    """Open a bundle and verify that every file is the one that was written.

    Raises:
        ModelError: no bundle, one of a newer format, or a file that is missing or changed; the message says which.
    """
    bundle = _read_model_file(path)
    for name, expected in bundle.files.items():
        file = path / name
        if not file.is_file():
            raise ModelError(f"model {path}: {name} is missing; install or copy the model again")
        if _sha256(file) != expected:
            raise ModelError(f"model {path}: {name} is truncated or was changed; install or copy the model again")
    return bundle


def write_bundle(
    path: Path,
    *,
    name: str,
    version: str,
    files: Mapping[str, Path],
    metrics: Mapping[str, float],
    parent: str | None = None,
    data_fingerprint: str = "",
    command: str = "",
) -> Bundle:
    """Put files together into a new bundle, which appears whole or not at all; an older one at `path` is replaced.

    Args:
        path: folder to write.
        name, version, metrics, parent, data_fingerprint, command: as in `Bundle`.
        files: name within the bundle -> file to copy.

    Raises:
        ModelError: a file to copy is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        folder.chmod(0o755)
        for file_name, source in files.items():
            _copy(source, folder / file_name)
        facts = {
            "format": _FORMAT,
            "name": name,
            "version": version,
            "parent": parent,
            "files": {file_name: _sha256(folder / file_name) for file_name in sorted(files)},
            "metrics": dict(metrics),
            "data_fingerprint": data_fingerprint,
            "command": command,
        }
        write_text(folder / MODEL_FILE, json.dumps(facts, indent=2) + "\n")
        _swap_folder(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return open_bundle(path)


def add_files(
    path: Path,
    files: Mapping[str, Path],
    metrics: Mapping[str, float] | None = None,
    *,
    data_fingerprint: str | None = None,
    command: str | None = None,
) -> Bundle:
    """Add files to a bundle, or replace some of its own; its identity changes with them.

    Args:
        path: a bundle.
        files: name within the bundle -> file to copy.
        metrics: figures to add to the bundle's.
        data_fingerprint, command: of the new files; None leaves the bundle's.

    Raises:
        ModelError: `path` is no valid bundle, or a file to copy is missing.
    """
    bundle = open_bundle(path)
    return write_bundle(
        path,
        name=bundle.name,
        version=bundle.version,
        files={**{name: path / name for name in bundle.files}, **files},
        metrics={**bundle.metrics, **(metrics or {})},
        parent=bundle.parent,
        data_fingerprint=bundle.data_fingerprint if data_fingerprint is None else data_fingerprint,
        command=bundle.command if command is None else command,
    )


def _read_model_file(path: Path) -> Bundle:
    model_file = path / MODEL_FILE
    try:
        facts = json.loads(model_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"no model in {path}: {MODEL_FILE} is missing") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{model_file} cannot be read: {error}") from None
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
        raise ModelError(f"{model_file} is not of format {_FORMAT}; it was written by another version of fieldreader")
    try:
        return _bundle_of(path, facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{model_file} is damaged: {error!r}") from None


def _bundle_of(path: Path, facts: dict[str, Any]) -> Bundle:
    files = {str(name): str(digest) for name, digest in facts["files"].items()}
    if any(Path(name).name != name or name in (".", "..") for name in files):
        raise ValueError("a file name leaves the folder")
    return Bundle(
        path=path,
        name=str(facts["name"]),
        version=str(facts["version"]),
        parent=facts["parent"],
        files=files,
        metrics={str(name): float(value) for name, value in facts["metrics"].items()},
        data_fingerprint=str(facts["data_fingerprint"]),
        command=str(facts["command"]),
        sha256=_identity(files),
    )


def _identity(files: Mapping[str, str]) -> str:
    lines = (f"{name} {digest}\n" for name, digest in sorted(files.items()) if name != MODEL_CARD)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise ModelError(f"file for the model is missing: {source}") from None
    with target.open("rb") as stream:
        os.fsync(stream.fileno())


def _swap_folder(new: Path, path: Path) -> None:
    """Rename `new` to `path`. Folders cannot be replaced in one step, so an older one is first moved aside."""
    if not path.exists():
        new.rename(path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    path.rename(aside / path.name)
    new.rename(path)
    shutil.rmtree(aside)
