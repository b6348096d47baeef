"""Prefect's file of profiles, as Prefect itself reads it."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.prefect_profile import add_profile, read_profile

OURS = {"PREFECT_API_URL": "http://127.0.0.1:4200/api", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
THEIRS = 'active = "theirs"\n\n[profiles.theirs]\nPREFECT_API_KEY = "secret"'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PREFECT_PROFILES_PATH", raising=False)
    return tmp_path / "home" / "profiles.toml"


def test_a_first_profile_makes_a_file_for_nobody_else(file: Path) -> None:
    assert read_profile("fieldreader") is None
    add_profile("fieldreader", OURS)
    assert read_profile("fieldreader") == OURS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_other_profiles_stay_as_they_are(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(THEIRS)
    add_profile("fieldreader", OURS)
    whole = tomllib.loads(file.read_text())
    assert whole == {"active": "theirs", "profiles": {"theirs": {"PREFECT_API_KEY": "secret"}, "fieldreader": OURS}}


@pytest.mark.parametrize("content", [b"[profiles", b"\xff"], ids=["no TOML", "no text"])
def test_a_broken_file_is_said_clearly_and_left_alone(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot read Prefect.s profiles in .*profiles\.toml"):
        read_profile("fieldreader")
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_said_clearly(file: Path) -> None:
    file.parent.write_text("no folder")
    with pytest.raises(SettingsError, match="cannot write Prefect's profiles"):
        add_profile("fieldreader", OURS)
