"""A promoted model reads again what the one before it read; what people have settled stands. Everything is real."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.confidence.operating_point import load_operating_point, to_json
from pipeline.storage.review_item import Answer, ItemState
from pipeline.storage.review_queue import ReviewQueue
from recognizer.bundle import OPERATING_POINT, write_bundle
from recognizer.model_store import champion
from tests.test_cli_start import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SAMPLES = ROOT / "sample_docs"


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in ("exam-struck-out.png", "giro-clean.png"):
        shutil.copy(SAMPLES / "inbox" / name, folder)
    return folder


def say(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def add_doubter(store, folder):
    """A copy of the model in service that is never sure enough of anything."""
    shipped = champion(store)
    point = load_operating_point(shipped.file(OPERATING_POINT))
    readers = {
        name: replace(reader, points=tuple(replace(one, threshold=1.0) for one in reader.points), by_kind={})
        for name, reader in point.readers.items()
    }
    doubts = folder / OPERATING_POINT
    doubts.write_text(json.dumps(to_json(replace(point, name="doubter-1", readers=readers))))
    files = {**{name: shipped.file(name) for name in shipped.files}, OPERATING_POINT: doubts}
    write_bundle(store / "doubter-1", name="doubter", version="1", files=files, metrics={}, parent=shipped.sha256)


def test_a_promoted_model_reads_again_and_what_people_settled_stands(inbox, own_state, tmp_path):
    out = tmp_path / "out"
    run = ("run", inbox, "-o", out, "-t", SAMPLES / "templates", "--jobs", 1)

    def results():
        found = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
        return {one["source"]["names"][0]: (one["model"]["name"], one["processing"]["started"]) for one in found}

    say(*run)
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db") as queue:
        before = queue.list_items()
        assert before
        queue.settle([Answer(before[0].id, "?", "row")], "ann")
        (settled,) = queue.list_items(ItemState.UNREADABLE)
        first = results()
        say(*run)
        assert results() == first  # the same model: nothing to do

        add_doubter(own_state / "models", tmp_path)
        say("models", "promote", "doubter-1")
        say(*run)
        assert {model for model, _ in results().values()} == {"doubter"}
        assert queue.list_items(ItemState.UNREADABLE) == (settled,)
        waiting = queue.list_items()
        assert {item.fingerprint for item in waiting}.isdisjoint({item.fingerprint for item in before})
        assert {item.id for item in before[1:]} < {item.id for item in waiting}

        say("models", "rollback")
        say(*run)
        assert {model for model, _ in results().values()} == {"fieldreader"}
        assert {item.id for item in queue.list_items()} == {item.id for item in before[1:]}
        assert queue.list_items(ItemState.UNREADABLE) == (settled,)
