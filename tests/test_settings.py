import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FIELDREADER_STATE_DIR")
    monkeypatch.delenv("FIELDREADER_DATA", raising=False)
    return tmp_path


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_need_no_file():
    settings = load_settings()
    assert settings.max_error == 0.01
    assert settings.device == "auto"
    assert settings.templates is None


def test_state_lies_in_the_data_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    settings = load_settings()
    assert settings.state_dir == tmp_path / "share" / "fieldreader"
    assert settings.queue_url == f"sqlite:///{tmp_path}/share/fieldreader/fieldreader.db"


def test_command_line_wins_over_environment_and_environment_over_file(monkeypatch, tmp_path):
    write(tmp_path / "fieldreader.toml", "max_error = 0.04\njobs = 4\ndevice = 'cpu'\n")
    monkeypatch.setenv("FIELDREADER_MAX_ERROR", "0.03")
    monkeypatch.setenv("FIELDREADER_JOBS", "3")
    settings = load_settings(max_error=0.02, jobs=None)
    assert (settings.max_error, settings.jobs, settings.device) == (0.02, 3, "cpu")


def test_limits_of_scans_are_a_table_in_the_file_and_can_be_overridden_one_by_one(monkeypatch, tmp_path):
    write(tmp_path / "fieldreader.toml", "[scans]\nmax_pages = 7\nmax_bytes = 1000\n")
    monkeypatch.setenv("FIELDREADER_SCANS__MAX_PAGES", "5")
    settings = load_settings()
    assert (settings.scans.max_pages, settings.scans.max_bytes) == (5, 1000)


def test_paths_in_a_file_are_relative_to_that_file(tmp_path):
    (tmp_path / "etc").mkdir()
    file = write(tmp_path / "etc" / "office.toml", "templates = 'forms'\nstate_dir = '/var/state'\n")
    settings = load_settings(file)
    assert settings.templates == tmp_path / "etc" / "forms"
    assert str(settings.state_dir) == "/var/state"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("max_eror = 0.1", "key max_eror is unknown", id="unknown key"),
        pytest.param("[scans]\nmax_pags = 3", "key scans.max_pags is unknown", id="unknown key in a table"),
        pytest.param("max_error = 2", "key max_error: input should be less than 1, not 2", id="out of range"),
        pytest.param("max_error = 'low'", "key max_error", id="wrong type"),
        pytest.param("device = 'tpu'", "key device", id="no such choice"),
        pytest.param("max_error =", "is not valid TOML", id="no TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_key(tmp_path, text, says):
    write(tmp_path / "fieldreader.toml", text)
    with pytest.raises(SettingsError, match=r"fieldreader\.toml") as refusal:
        load_settings()
    assert says in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "none.toml")


def test_a_misspelt_variable_is_refused_instead_of_ignored(monkeypatch):
    monkeypatch.setenv("FIELDREADER_MAXERROR", "0.001")
    with pytest.raises(SettingsError, match=r"FIELDREADER_MAXERROR is no setting; known are .*FIELDREADER_MAX_ERROR"):
        load_settings()


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("FIELDREADER_JOBS", "0")
    with pytest.raises(SettingsError, match="environment variable FIELDREADER_JOBS"):
        load_settings()


def test_a_wrong_option_is_named():
    with pytest.raises(SettingsError, match="option --max-error"):
        load_settings(max_error=0)


def test_every_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())
