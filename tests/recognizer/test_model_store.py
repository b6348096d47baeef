import json

import pytest

from recognizer.errors import ModelError
from recognizer.model_store import (
    MODEL_CARD,
    add_files,
    champion,
    list_bundles,
    open_bundle,
    promote,
    rollback,
    shipped_bundle,
    write_bundle,
)


@pytest.fixture
def parts(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("digits.keras", "digits.tflite", MODEL_CARD):
        (folder / name).write_text(f"content of {name}")
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def bundle(tmp_path, parts):
    return write_bundle(tmp_path / "m-1", name="m", version="1", files=parts, metrics={"accuracy": 0.5})


def stored(store, parts, version, text):
    parts["digits.tflite"].write_text(text)
    return write_bundle(store / f"m-{version}", name="m", version=version, files=parts, metrics={})


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


@pytest.mark.parametrize("store", [None, "absent"], ids=["no store", "store that does not exist"])
def test_without_a_champion_the_shipped_bundle_is_in_service(store, tmp_path):
    assert champion(tmp_path / store if store else None).path == shipped_bundle()


def test_promotion_and_rollback_walk_one_step_at_a_time(tmp_path, parts):
    store = tmp_path / "models"
    first, second = stored(store, parts, "1", "one"), stored(store, parts, "2", "two")
    promote(store, first)
    promote(store, second)
    assert champion(store) == second
    assert rollback(store) == first
    assert champion(store) == first
    assert rollback(store).path == shipped_bundle()
    with pytest.raises(ModelError, match="nothing to return to"):
        rollback(store)


def test_a_bundle_outside_the_store_is_not_promoted(tmp_path, bundle):
    with pytest.raises(ModelError, match="does not lie in the store"):
        promote(tmp_path / "models", bundle)


def test_a_champion_swapped_for_another_model_is_refused(tmp_path, parts):
    store = tmp_path / "models"
    promote(store, stored(store, parts, "1", "one"))
    stored(store, parts, "1", "something else")
    with pytest.raises(ModelError, match="not the one that was promoted"):
        champion(store)


def test_a_damaged_pointer_is_named_and_never_ignored(tmp_path, parts):
    store = tmp_path / "models"
    promote(store, stored(store, parts, "1", "one"))
    (store / "champion.json").write_text("{}")
    with pytest.raises(ModelError, match=r"champion\.json"):
        champion(store)


def test_the_shipped_bundle_can_be_promoted_again(tmp_path, parts):
    store = tmp_path / "models"
    promote(store, stored(store, parts, "1", "one"))
    promote(store, open_bundle(shipped_bundle()))
    assert champion(store).path == shipped_bundle()


def test_listing_leaves_out_what_is_no_bundle(tmp_path, parts):
    store = tmp_path / "models"
    stored(store, parts, "1", "one")
    (store / "notes").mkdir()
    assert [bundle.path.name for bundle in list_bundles(store)] == [shipped_bundle().name, "m-1"]
