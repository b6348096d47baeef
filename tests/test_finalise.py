from __future__ import annotations

import csv
import hashlib
import json
import sys
from dataclasses import replace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.document import Decision, ResultStatus
from pipeline.errors import OutputError
from pipeline.finalise import Origin, Standing, finalise
from pipeline.routing import Routing
from pipeline.storage.results import write_result
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import Answer, ItemState
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Role
from tests.storage.review_samples import reading, result

ACCEPTED, BLANK = Decision.ACCEPTED, Decision.BLANK


@pytest.fixture
def queue(own_state):
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db") as opened:
        yield opened


def settle(queue, *answers):
    items = queue.list_items()
    queue.settle([Answer(item.id, keyed, "row") for item, keyed in zip(items, answers, strict=False) if keyed], "ann")


def final(queue, read):
    (document,) = finalise(read, {item.id: item for item in queue.list_items(None)})
    return document


def test_document_waits_until_its_last_field_is_settled(queue):
    read = result(reading("a"), reading("b"))
    queue.put_result(read, {})
    assert (final(queue, read).standing, final(queue, read).waiting) == (Standing.WAITING, 2)
    settle(queue, "=", None)
    assert (final(queue, read).standing, final(queue, read).waiting) == (Standing.WAITING, 1)
    settle(queue, "?")
    assert final(queue, read).standing is Standing.FINAL


@pytest.mark.parametrize(
    ("keyed", "value", "origin"),
    [
        pytest.param("=", "01234", Origin.MACHINE, id="confirmed"),
        pytest.param("91234", "91234", Origin.PERSON, id="corrected"),
        pytest.param("?", None, Origin.NOBODY, id="unreadable"),
        pytest.param("blank", None, Origin.PERSON, id="blank"),
    ],
)
def test_a_persons_value_counts_and_the_machines_stays_beside_it(queue, keyed, value, origin):
    read = result(reading("a"))
    queue.put_result(read, {})
    settle(queue, keyed)
    (field,) = final(queue, read).fields
    assert (field.value, field.origin, field.machine_value, field.reviewer) == (value, origin, "01234", "ann")
    assert field.state is queue.list_items(None)[0].state


def test_accepted_and_blank_fields_need_nobody(queue):
    read = result(reading("a", decision=ACCEPTED), reading("b", value=None, decision=BLANK))
    document = final(queue, read)
    assert document.standing is Standing.FINAL
    assert [(field.value, field.origin) for field in document.fields] == [("01234", "machine"), (None, "machine")]


@pytest.mark.parametrize(
    ("keyed", "value", "origin"),
    [
        pytest.param("blank", None, Origin.MACHINE, id="empty, as the machine saw"),
        pytest.param("91234", "91234", Origin.PERSON, id="filled in"),
    ],
)
def test_what_an_audit_finds_in_a_field_called_blank_counts(own_state, keyed, value, origin):
    read = result(reading("a", value=None, decision=BLANK))
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db", Routing(audit_share=1.0)) as queue:
        queue.put_result(read, {})
        settle(queue, keyed)
        for item in queue.list_items(ItemState.ESCALATED):
            ReviewDesk(queue._engine).answer(Reviewer("eve", Role.SUPERVISOR), Answer(item.id, keyed, "row"))
        (field,) = final(queue, read).fields
    assert (field.value, field.origin, field.machine_value) == (value, origin, None)


def test_a_field_for_a_person_that_is_not_in_the_queue_waits(queue):
    assert final(queue, result(reading("a"))).standing is Standing.WAITING


@pytest.mark.parametrize(("keying", "standing"), [("audit", Standing.FINAL), ("blind", Standing.WAITING)])
def test_an_audit_holds_nothing_up_and_a_second_key_does(queue, keying, standing):
    queue.put_result(result(reading("a")), {})
    with queue.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET keying = :keying"), {"keying": keying})
    assert final(queue, result(reading("a", decision=ACCEPTED))).standing is standing


def test_a_document_that_could_not_be_read_is_failed(queue):
    read = result()
    failed = replace(read, documents=(replace(read.documents[0], status=ResultStatus.FAILED, fields=()),))
    assert final(queue, failed).standing is Standing.FAILED


# --- the command ---------------------------------------------------------------------------------


def run(tmp_path, *options):
    answer = CliRunner().invoke(app, ["finalise", str(tmp_path / "out"), "-o", str(tmp_path / "final"), *options])
    assert answer.exit_code in (0, 3), answer.output
    return answer


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_settled_documents_are_written_and_again_gives_the_same_bytes(queue, tmp_path):
    (tmp_path / "out").mkdir()
    for source, name in (("a" * 64, "a.pdf"), ("b" * 64, "=b.pdf")):
        read = result(reading("amount"), source=source, names=(name,))
        queue.put_result(read, {})
        write_result(tmp_path / "out", read)
    settle(queue, "91234")

    assert "1 document left out: 1 field still to settle" in run(tmp_path).output
    first = contents(tmp_path / "final")
    assert sorted(first) == ["a-aaaaaaaa-1.json", "documents.jsonl", "fields.csv"]
    run(tmp_path)
    assert contents(tmp_path / "final") == first
    assert run(tmp_path, "--fail-on-waiting").exit_code == 3

    settle(queue, "=")
    assert run(tmp_path, "--fail-on-waiting").exit_code == 0
    lines = (tmp_path / "final" / "documents.jsonl").read_text().splitlines()
    assert [json.loads(line)["fields"]["amount"]["value"] for line in lines] == ["01234", "91234"]
    assert (tmp_path / "final" / "documents" / "a-aaaaaaaa-1.json").read_bytes() == first["a-aaaaaaaa-1.json"]
    with (tmp_path / "final" / "fields.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["value"] for row in rows] == ["01234", "91234"]
    assert rows[0]["file"] == "'=b.pdf"  # no spreadsheet runs it


def test_one_format_alone_can_be_asked_for(queue, tmp_path):
    (tmp_path / "out").mkdir()
    write_result(tmp_path / "out", result(reading("a", decision=ACCEPTED)))
    run(tmp_path, "--format", "csv")
    assert list(contents(tmp_path / "final")) == ["fields.csv"]


def settled_document(queue, tmp_path, source="a" * 64, name="a.pdf", value="91234"):
    (tmp_path / "out").mkdir(exist_ok=True)
    read = result(reading("amount"), source=source, names=(name,))
    queue.put_result(read, {})
    write_result(tmp_path / "out", read)
    settle(queue, value)


def test_parquet_has_the_fields_with_their_types(queue, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    settled_document(queue, tmp_path)
    accepted = result(reading("sum", decision=ACCEPTED), reading("b", value=None, decision=BLANK), source="b" * 64)
    write_result(tmp_path / "out", accepted)
    run(tmp_path, "--format", "parquet")
    table = parquet.read_table(tmp_path / "final" / "fields.parquet")
    rows = {row["field"]: row for row in table.to_pylist()}
    assert list(contents(tmp_path / "final")) == ["fields.parquet"]
    assert (rows["amount"]["value"], rows["amount"]["machine_value"]) == ("91234", "01234")
    assert rows["amount"]["keyed_at"].tzinfo is not None
    assert (rows["sum"]["value"], rows["sum"]["reviewer"]) == ("01234", None)
    assert rows["b"]["value"] is None
    first = contents(tmp_path / "final")
    run(tmp_path, "--format", "parquet")
    assert contents(tmp_path / "final") == first


def test_parquet_without_its_library_names_the_way_out(queue, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    settled_document(queue, tmp_path)
    arguments = ["finalise", str(tmp_path / "out"), "-o", str(tmp_path / "final"), "--format", "parquet"]
    answer = CliRunner().invoke(app, arguments)
    assert isinstance(answer.exception, OutputError)
    assert "pip install 'fieldreader[parquet]'" in str(answer.exception)


def test_a_document_whose_answer_was_taken_back_is_no_longer_there(queue, tmp_path):
    settled_document(queue, tmp_path)
    run(tmp_path)
    with queue.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET state = 'pending', human_value = NULL"))
    run(tmp_path)
    assert "a-aaaaaaaa-1.json" not in contents(tmp_path / "final")
    assert (tmp_path / "final" / "documents.jsonl").read_bytes() == b""


# --- handing over --------------------------------------------------------------------------------


def delivered(tmp_path):
    """Documents by name, and the manifests."""
    files = {path.name: json.loads(path.read_text()) for path in sorted((tmp_path / "in").iterdir())}
    manifests = {name: files.pop(name) for name in list(files) if name.startswith("manifest-")}
    return files, list(manifests.values())


def test_each_document_is_handed_over_once_with_a_manifest_that_names_it(queue, tmp_path):
    settled_document(queue, tmp_path)
    drop = ("--drop", str(tmp_path / "in"))
    assert "1 document new or changed" in run(tmp_path, *drop).output
    files, (manifest,) = delivered(tmp_path)
    (named,) = manifest["documents"]
    content = (tmp_path / "in" / named["file"]).read_bytes()
    assert (named["sha256"], named["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert files[named["file"]]["delivery"] == {"id": named["id"], "revision": 1}
    assert files[named["file"]]["fields"]["amount"]["value"] == "91234"
    for path in (tmp_path / "in").iterdir():
        path.unlink()  # the other system has taken them
    assert "0 documents new or changed" in run(tmp_path, *drop).output
    assert list((tmp_path / "in").iterdir()) == []


def test_a_changed_document_is_handed_over_as_the_next_revision(queue, tmp_path):
    settled_document(queue, tmp_path)
    drop = ("--drop", str(tmp_path / "in"))
    run(tmp_path, *drop)
    (item,) = queue.list_items(None)
    queue.settle([Answer(item.id, "55555", "row")], "ann")
    settled_document(queue, tmp_path, source="b" * 64, name="b.pdf")
    run(tmp_path, *drop)
    files, manifests = delivered(tmp_path)
    assert sorted(files) == ["a-aaaaaaaa-1-r1.json", "a-aaaaaaaa-1-r2.json", "b-bbbbbbbb-1-r1.json"]
    assert files["a-aaaaaaaa-1-r2.json"]["fields"]["amount"]["value"] == "55555"
    assert sorted(len(manifest["documents"]) for manifest in manifests) == [1, 2]


def test_a_hand_over_that_was_killed_is_done_again_under_the_same_names(queue, tmp_path):
    settled_document(queue, tmp_path)
    drop = ("--drop", str(tmp_path / "in"))
    run(tmp_path, *drop)
    first = contents(tmp_path / "in")
    (tmp_path / "final" / "delivered.json").unlink()
    run(tmp_path, *drop)
    assert contents(tmp_path / "in") == first


def test_a_damaged_ledger_is_refused_rather_than_everything_handed_over_anew(queue, tmp_path):
    settled_document(queue, tmp_path)
    run(tmp_path)
    (tmp_path / "final" / "delivered.json").write_text("{half")
    arguments = ["finalise", str(tmp_path / "out"), "-o", str(tmp_path / "final"), "--drop", str(tmp_path / "in")]
    answer = CliRunner().invoke(app, arguments)
    assert isinstance(answer.exception, OutputError)
    assert not (tmp_path / "in").exists()


def test_audit_verify_says_whether_anything_was_tampered_with(queue):
    queue.put_result(result(reading("a")), {})
    settle(queue, "91234")
    whole = CliRunner().invoke(app, ["audit", "verify"])
    assert (whole.exit_code, "Nothing was tampered with" in whole.output) == (0, True)
    with queue.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET human_value = '00000'"))
    broken = CliRunner().invoke(app, ["audit", "verify"])
    assert broken.exit_code == 4
    assert "is not as entry 1 left it" in broken.output
