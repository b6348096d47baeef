import pytest

from recognizer.bundle import write_bundle
from recognizer.errors import ModelError
from recognizer.trained import bundle_of, network_at


@pytest.fixture
def run(tmp_path):
    """A run of the digit network that has not ended."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "best.keras").write_text("so far")
    return folder


def model_in(folder, tmp_path, *names):
    for name in names:
        (tmp_path / name).write_text(name)
    return write_bundle(folder, name="mine", version="1", files={name: tmp_path / name for name in names}, metrics={})


def test_a_file_is_taken_as_it_is(run):
    assert network_at(run / "best.keras", "digits.keras") == run / "best.keras"


def test_a_run_that_has_not_ended_gives_its_best_network(run):
    assert network_at(run, "digits.keras") == run / "best.keras"


def test_a_run_that_has_ended_gives_its_model_s_network(run, tmp_path):
    bundle = model_in(run / "bundle", tmp_path, "digits.keras")
    assert bundle_of(run) == bundle
    assert network_at(run, "digits.keras") == run / "bundle" / "digits.keras"


def test_a_run_of_the_strip_network_gives_its_network(tmp_path):
    (tmp_path / "strips.keras").write_text("averaged")
    assert network_at(tmp_path, "strips.keras") == tmp_path / "strips.keras"


def test_a_network_that_does_not_belong_to_its_model_is_not_taken(tmp_path):
    folder = tmp_path / "model"
    model_in(folder, tmp_path, "digits.keras")
    (folder / "strips.keras").write_text("put there by hand")
    with pytest.raises(ModelError, match=r"has no strips\.keras"):
        network_at(folder, "strips.keras")


@pytest.mark.parametrize("name", ["digits.keras", "strips.keras"])
def test_where_there_is_nothing_the_folder_is_named(tmp_path, name):
    with pytest.raises(ModelError, match=r"no model in .*nothing"):
        network_at(tmp_path / "nothing", name)
