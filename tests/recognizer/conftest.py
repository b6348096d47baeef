"""A model small enough to be written in a test; nothing in it is a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.bundle import MODEL_CARD, Bundle, write_bundle


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """Files of a bundle by their names."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("digits.keras", "digits.tflite", MODEL_CARD):
        (folder / name).write_text(f"content of {name}")
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def bundle(tmp_path: Path, parts: dict[str, Path]) -> Bundle:
    return write_bundle(tmp_path / "m-1", name="m", version="1", files=parts, metrics={"accuracy": 0.5})
