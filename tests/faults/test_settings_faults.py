"""Template and settings files of any content are read or refused by name, never with a bare exception."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import SettingsError, TemplateError
from pipeline.settings import Settings, load_settings
from pipeline.storage.limits import ScanLimits
from pipeline.storage.templates import load_template

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

scalars = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=20), st.sampled_from(["1e999", "2026-01-01", "~", "''"])
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08X}" for char in value if not 0xD800 <= ord(char) < 0xE000) + '"'
    return repr(value)


SECTIONS = {"": list(Settings.model_fields), "[scans]": list(ScanLimits.__dataclass_fields__)}


@quick
@given(
    values=st.dictionaries(st.sampled_from(SECTIONS[""]), scalars, max_size=4),
    limits=st.dictionaries(st.sampled_from(SECTIONS["[scans]"]), scalars, max_size=4),
)
def test_settings_of_any_value_are_taken_or_refused(
    values: dict[str, object], limits: dict[str, object], tmp_path: Path
) -> None:
    file = tmp_path / "fieldreader.toml"
    lines = [f"{key} = {toml(value)}" for key, value in values.items() if key != "scans"]
    lines += ["[scans]", *(f"{key} = {toml(value)}" for key, value in limits.items())]
    file.write_text("\n".join(lines), encoding="utf-8")
    with contextlib.suppress(SettingsError):
        assert isinstance(load_settings(file), Settings)


@quick
@given(content=st.binary(max_size=300))
def test_a_settings_file_of_any_bytes_is_taken_or_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "fieldreader.toml"
    file.write_bytes(content)
    with contextlib.suppress(SettingsError):
        load_settings(file)


TEMPLATE = (Path(__file__).parents[2] / "sample_docs" / "templates" / "cheque.yaml").read_text(encoding="utf-8")

WORDS = ["{", "}", "[", "]", ":", "- ", "&a", "*a", "<<: *a", "!!python/none", "\t", "'", '"', "|", "9e99", ".nan", "~"]


@quick
@given(st.data())
def test_a_template_with_words_out_of_place_is_taken_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = TEMPLATE
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 8))
        word = data.draw(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)))
        text = text[:place] + word + text[place + cut :]
    file = tmp_path / "cheque.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    with contextlib.suppress(TemplateError):
        load_template(file)


@quick
@given(content=st.binary(max_size=300))
def test_a_template_of_any_bytes_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    with contextlib.suppress(TemplateError):
        load_template(file)
