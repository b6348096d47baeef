"""Writes a new template with its pictures; what is there already is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.pictures import save_png
from recognizer.readings import GrayImage


def save_new_template(folder: Path, name: str, text: str, pictures: Mapping[str, GrayImage]) -> Path:
    """Write `<name>.yaml` and the pictures it names into a folder, which is made when it is missing.

    Returns:
        The template file.

    Raises:
        OutputError: one of the files exists, or the folder cannot be written to.
    """
    path = folder / f"{name}.yaml"
    for file in (path, *(folder / picture for picture in pictures)):
        if file.exists():
            raise OutputError(f"{file} exists and is not overwritten; move it away or name another folder with --out")
    for picture, gray in pictures.items():
        save_png(folder / picture, gray)
    try:
        # The template comes last: a folder never holds one whose pictures are missing.
        write_atomically(path, text.encode())
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}; name another folder with --out") from error
    return path
