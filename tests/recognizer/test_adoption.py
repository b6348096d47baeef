import pytest

from recognizer.adoption import adopt
from recognizer.bundle import MODEL_CARD, open_bundle, write_bundle
from recognizer.errors import ModelError
from recognizer.model_store import champion, promote


def bundle_in(folder, parts, names, **facts):
    parts.mkdir(exist_ok=True)
    for name in names:
        (parts / name).write_text(f"{name} of {folder.name}")
    facts = {"name": "fieldreader", "version": "9", "metrics": {"accuracy": 0.5}, **facts}
    return write_bundle(folder, files={name: parts / name for name in names}, **facts)


@pytest.fixture
def trained(tmp_path):
    names = ("digits.keras", "digits.tflite", "digits.calibration.json", MODEL_CARD)
    return bundle_in(tmp_path / "run" / "bundle", tmp_path / "parts", names, data_fingerprint="f", command="c")


@pytest.fixture
def in_service(tmp_path):
    names = ("digits.tflite", "digits.calibration.json", "strips.tflite", "operating_point.json")
    return bundle_in(tmp_path / "in-service", tmp_path / "others", names, version="1")


def test_a_run_gets_into_the_store_with_what_it_lacks_and_can_be_promoted(tmp_path, trained, in_service):
    store = tmp_path / "store"
    bundle, carried = adopt(store, tmp_path / "run", in_service, name="mine")
    assert bundle.path == store / "mine-9"
    assert set(carried) == {"strips.tflite", "operating_point.json"}
    assert bundle.files["strips.tflite"] == in_service.files["strips.tflite"]
    assert bundle.files["digits.tflite"] == trained.files["digits.tflite"]
    assert (bundle.metrics, bundle.data_fingerprint, bundle.command) == ({"accuracy": 0.5}, "f", "c")
    promote(store, bundle)
    assert champion(store) == open_bundle(store / "mine-9")


def test_adding_twice_is_adding_once(tmp_path, trained, in_service):
    first, _ = adopt(tmp_path / "store", trained.path, in_service)
    again, _ = adopt(tmp_path / "store", trained.path, in_service)
    assert again == first
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["fieldreader-9"]


def test_another_model_of_the_same_name_is_not_replaced(tmp_path, trained, in_service):
    store = tmp_path / "store"
    first, _ = adopt(store, trained.path, in_service)
    other = bundle_in(tmp_path / "other", tmp_path / "parts", ("digits.tflite", "digits.calibration.json"))
    with pytest.raises(ModelError, match=r"another model fieldreader-9; .* --name"):
        adopt(store, other.path, in_service)
    assert open_bundle(first.path) == first


def test_the_shipped_model_keeps_its_name(tmp_path, trained, in_service):
    with pytest.raises(ModelError, match="another model fieldreader-1"):
        adopt(tmp_path / "store", trained.path, in_service, version="1")


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden"])
def test_a_name_cannot_leave_the_store(tmp_path, trained, in_service, name):
    with pytest.raises(ModelError, match="cannot be the name of a folder"):
        adopt(tmp_path / "store", trained.path, in_service, name=name)
    assert not (tmp_path / "store").exists()


def test_what_is_no_model_of_digits_is_refused(tmp_path, in_service):
    with pytest.raises(ModelError, match="no model in"):
        adopt(tmp_path / "store", tmp_path, in_service)
    strips = bundle_in(tmp_path / "strips", tmp_path / "parts", ("strips.tflite",))
    with pytest.raises(ModelError, match=r"has no digits\.tflite"):
        adopt(tmp_path / "store", strips.path, in_service)


def test_a_tampered_model_is_refused(tmp_path, trained, in_service):
    (trained.path / "digits.tflite").write_text("other")
    with pytest.raises(ModelError, match="truncated or was changed"):
        adopt(tmp_path / "store", trained.path, in_service)
