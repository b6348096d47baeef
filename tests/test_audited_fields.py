from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from pipeline.audited_fields import Lot, label_audited
from pipeline.cli import app
from pipeline.confidence.operating_point import load_operating_point
from pipeline.document import Decision, ModelIdentity, ResultStatus
from pipeline.errors import DatasetError
from pipeline.routing import Routing
from pipeline.storage.results import write_result
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer, ItemState
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Role
from recognizer.bundle import OPERATING_POINT
from recognizer.model_store import champion
from tests.storage.review_samples import reading, result

ALL = Lot(1.0, 1)
AUDIT = Routing(audit_share=1.0)


def source(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def read(number, *decisions, run_model="0" * 64):
    """A file whose fields the machine read as 01234, sure enough or not."""
    fields = tuple(
        replace(
            reading(f"f{place}", decision=decision),
            confidence=0.999 if decision is Decision.ACCEPTED else 0.6,
            reasons=() if decision is Decision.ACCEPTED else ("low_confidence",),
        )
        for place, decision in enumerate(decisions)
    )
    made = result(*fields, source=source(number), names=("inbox/scan.pdf",))
    model = ModelIdentity("fieldreader", "1", run_model, "estimated")
    return replace(made, model=model, status=ResultStatus.NEEDS_REVIEW)


@pytest.fixture
def queue(own_state):
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db", AUDIT) as opened:
        yield opened


def settle(queue, keyed=lambda item: "01234"):
    """Ann keys everything; what she keys otherwise than the machine, a supervisor keys like her."""
    queue.settle([Answer(item.id, answer, "row") for item in queue.list_items() if (answer := keyed(item))], "ann")
    desk = ReviewDesk(queue.engine)
    for item in queue.list_items(ItemState.ESCALATED):
        desk.answer(Reviewer("eve", Role.SUPERVISOR), Answer(item.id, keyed(item), "row"))


def items(queue):
    return {item.id: item for item in queue.list_items(None)}


ACCEPTED, REVIEW, BLANK = Decision.ACCEPTED, Decision.REVIEW, Decision.BLANK


def test_drawn_fields_have_what_people_keyed_though_all_files_have_one_name(queue):
    results = [read(1, ACCEPTED, REVIEW), read(2, ACCEPTED, BLANK)]
    for number, one in enumerate(results):
        queue.put_result(one, {}, run=f"night {number}")
    settle(queue, lambda item: "99999" if item.source_id == source(2) else "?" if item.spec.name == "f1" else "01234")
    labelled = label_audited(results, items(queue), ALL).labelled
    assert [(field.source, field.reading.name, field.is_right) for field in labelled.fields] == [
        (source(1), "f0", True), (source(1), "f1", False), (source(2), "f0", False),
    ]  # fmt: skip
    assert not labelled.fields[1].truth.is_readable


def test_the_lot_decides_and_not_what_is_settled(queue):
    results = [read(number, ACCEPTED, REVIEW) for number in range(60)]
    for one in results:
        queue.put_result(one, {})
    settle(queue)
    half = label_audited(results, items(queue), Lot(0.5, 1)).labelled
    assert 40 <= len(half.fields) <= 80


def test_a_run_with_a_drawn_field_that_still_waits_is_left_out(queue):
    results = [read(1, ACCEPTED), read(2, ACCEPTED, REVIEW)]
    for one, run in zip(results, ("first", "second"), strict=True):
        queue.put_result(one, {}, run=run)
    settle(queue, lambda item: None if item.spec.name == "f1" else "01234")
    found = label_audited(results, items(queue), ALL)
    assert [field.source for field in found.labelled.fields] == [source(1)]
    assert (found.waiting, found.left_out) == (1, 1)


def test_nothing_is_certified_while_no_run_is_settled(queue):
    results = [read(1, ACCEPTED)]
    queue.put_result(results[0], {})
    with pytest.raises(DatasetError, match="1 drawn fields are still to settle"):
        label_audited(results, items(queue), ALL)


def test_results_from_before_the_audit_are_refused_with_the_way_out(queue):
    with pytest.raises(DatasetError, match=r"1 fields that the lot draws never came to the queue.*--since"):
        label_audited([read(1, ACCEPTED)], items(queue), ALL)


def test_without_a_share_nothing_is_drawn(queue):
    with pytest.raises(DatasetError, match="no field was drawn"):
        label_audited([read(1, ACCEPTED)], {}, Lot(0.0, 1))


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled_night(tmp_path_factory):
    """400 accepted fields of as many files, and 40 doubtful ones, all drawn and keyed; the doubtful ones are wrong."""
    folder = tmp_path_factory.mktemp("night")
    shipped = champion(None).sha256
    (folder / "out").mkdir()
    with ReviewQueue.open(f"sqlite:///{folder}/state/fieldreader.db", AUDIT) as queue:
        for number in range(400):
            one = read(number, *([ACCEPTED, REVIEW] if number < 40 else [ACCEPTED]), run_model=shipped)
            queue.put_result(one, {}, run="night")
            write_result(folder / "out", one)
        settle(queue, lambda item: "99999" if item.spec.name == "f1" else "01234")
    return folder


@pytest.fixture
def audited(settled_night, own_state, tmp_path):
    """The settled night in this test's own folders."""
    shutil.copytree(settled_night / "state", own_state)
    shutil.copytree(settled_night / "out", tmp_path / "out")
    return tmp_path


def calibrate(audited, monkeypatch, *options):
    monkeypatch.setenv("FIELDREADER_AUDIT_SHARE", "1")
    return CliRunner().invoke(app, ["calibrate", str(audited / "out"), "--from-audit", *options])


def test_an_audit_certifies_a_budget_and_the_promoted_copy_keeps_it(audited, own_state, monkeypatch):
    before = champion(own_state / "models")
    done = calibrate(audited, monkeypatch)
    assert done.exit_code == 0, done.output
    assert "440 labelled fields of 400 forms" in done.output
    assert champion(own_state / "models").sha256 == before.sha256  # nothing is promoted by itself

    assert CliRunner().invoke(app, ["models", "promote", "calibrated-1"]).exit_code == 0
    point = load_operating_point(champion(own_state / "models").file(OPERATING_POINT))
    # 400 fields without an error prove an error of at most 0.75 %, which is 3/400.
    assert point.label == "calibrated-1 certified from 0.0075"
    for reader in ("comb", "free"):
        threshold = point.threshold(reader, 0.01)
        assert threshold.is_certified
        assert 0.6 < threshold.value <= 0.999
        assert not point.threshold(reader, 0.001).is_certified


def test_a_file_of_truth_and_an_audit_at_once_are_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "truth.csv").write_text("file,field,value\n")
    both = CliRunner().invoke(app, ["calibrate", str(tmp_path / "out"), str(tmp_path / "truth.csv"), "--from-audit"])
    assert both.exit_code == 2


def test_results_of_another_model_certify_nothing(audited, own_state, monkeypatch):
    for path in (audited / "out").glob("*.json"):
        facts = json.loads(path.read_text())
        facts["model"]["sha256"] = "f" * 64
        path.write_text(json.dumps(facts))
    done = calibrate(audited, monkeypatch)
    assert isinstance(done.exception, DatasetError)
    assert "read by the model in service" in str(done.exception)
