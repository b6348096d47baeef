import json

import pytest

from recognizer.bundle import MODEL_CARD, add_files, open_bundle
from recognizer.errors import ModelError


def test_a_bundle_comes_back_as_it_was_written(bundle):
    again = open_bundle(bundle.path)
    assert again == bundle
    assert again.metrics == {"accuracy": 0.5}
    assert again.file("digits.keras").read_text() == "content of digits.keras"


def test_no_scraps_are_left_beside_a_bundle(bundle):
    add_files(bundle.path, {})
    assert sorted(path.name for path in bundle.path.parent.iterdir()) == ["m-1", "parts"]


def test_identity_follows_the_weights_and_not_the_card(bundle, parts):
    parts[MODEL_CARD].write_text("a better description")
    assert add_files(bundle.path, {MODEL_CARD: parts[MODEL_CARD]}).sha256 == bundle.sha256
    parts["digits.keras"].write_text("other weights")
    assert add_files(bundle.path, {"digits.keras": parts["digits.keras"]}).sha256 != bundle.sha256


def test_added_files_and_metrics_join_those_that_were_there(bundle, tmp_path):
    strips = tmp_path / "anything"
    strips.write_text("strips")
    grown = add_files(bundle.path, {"strips.tflite": strips}, {"strip_accuracy": 0.9})
    assert set(grown.files) == {*bundle.files, "strips.tflite"}
    assert grown.metrics == {"accuracy": 0.5, "strip_accuracy": 0.9}
    assert grown.name == bundle.name


def truncate(path):
    (path / "digits.keras").write_text("content")


def tamper(path):
    (path / "digits.keras").write_text("content of digits.kerat")


def remove(path):
    (path / "digits.keras").unlink()


def spoil_json(path):
    (path / "model.json").write_text("{")


def newer_format(path):
    facts = json.loads((path / "model.json").read_text())
    (path / "model.json").write_text(json.dumps({**facts, "format": 2}))


def leave_folder(path):
    facts = json.loads((path / "model.json").read_text())
    (path / "model.json").write_text(json.dumps({**facts, "files": {"../parts/digits.keras": "0"}}))


def drop_key(path):
    facts = json.loads((path / "model.json").read_text())
    del facts["files"]
    (path / "model.json").write_text(json.dumps(facts))


def no_model_file(path):
    (path / "model.json").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncate, "digits.keras is truncated or was changed"),
        (tamper, "digits.keras is truncated or was changed"),
        (remove, "digits.keras is missing"),
        (spoil_json, "cannot be read"),
        (newer_format, "another version"),
        (leave_folder, "leaves the folder"),
        (drop_key, "damaged"),
        (no_model_file, "no model in"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_damaged_bundle_is_refused_with_the_reason(bundle, damage, reason):
    damage(bundle.path)
    with pytest.raises(ModelError, match=reason):
        open_bundle(bundle.path)


def test_a_missing_part_leaves_the_old_bundle_in_place(bundle, tmp_path):
    with pytest.raises(ModelError, match="missing"):
        add_files(bundle.path, {"strips.tflite": tmp_path / "nowhere"})
    assert open_bundle(bundle.path) == bundle


def test_asking_for_a_file_that_is_not_there_names_it(bundle):
    with pytest.raises(ModelError, match=r"has no strips\.tflite"):
        bundle.file("strips.tflite")
