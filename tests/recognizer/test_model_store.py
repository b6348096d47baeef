import pytest

from recognizer.bundle import open_bundle, write_bundle
from recognizer.errors import ModelError
from recognizer.model_store import champion, list_bundles, promote, rollback, shipped_bundle


def stored(store, parts, version, text):
    parts["digits.tflite"].write_text(text)
    return write_bundle(store / f"m-{version}", name="m", version=version, files=parts, metrics={})


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
