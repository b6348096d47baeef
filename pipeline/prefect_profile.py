"""Prefect's file of profiles: each names a server, so that `prefect --profile NAME` reaches it from any folder."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError


def read_profile(name: str) -> dict[str, Any] | None:
    """The settings of a profile; None when there is none of this name.

    Raises:
        SettingsError: the file of profiles is broken.
    """
    path = _file()
    try:
        profiles: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("profiles", {})
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read Prefect's profiles in {path}: {error}; mend the file or move it") from error
    return profiles.get(name)


def add_profile(name: str, settings: Mapping[str, str]) -> None:
    """Write a new profile behind the others, as Prefect's own two commands would, which take seconds each to start.

    Raises:
        SettingsError: the file cannot be written.
    """
    path = _file()
    lines = [f"[profiles.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Other profiles may hold keys of other servers: nobody else may read the file.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines) + "\n")
    except OSError as error:
        raise SettingsError(f"cannot write Prefect's profiles to {path}: {error.strerror}") from error


def _file() -> Path:
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    return Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
