from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from pipeline.document import FieldKind
from pipeline.errors import QueueError
from pipeline.storage.review_queue import ReviewQueue
from tests.storage.review_samples import crop, reading, result


@pytest.fixture
def queue(tmp_path):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/queue.db") as opened:
        opened.put_result(
            result(reading("a"), reading("b"), reading("c"), reading("d", value=None)), {(1, "a"): crop()}
        )
        yield opened


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def fill_in(path, answers, delimiter=","):
    """Do what a person does in a spreadsheet: answers by field name."""
    rows = rows_of(path)
    for row in rows:
        row["corrected"] = answers.get(row["field"], "")
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_export_writes_a_row_and_a_picture_a_field(queue, tmp_path):
    assert queue.export(tmp_path / "out") == 4
    rows = rows_of(tmp_path / "out" / "queue.csv")
    assert rows[0] == {
        "item": queue.list_items()[0].id, "file": "inbox/a.pdf", "document": "1", "page": "1", "template": "survey",
        "field": "a", "kind": "postal_code", "crop": f"crops/{queue.list_items()[0].id}.png", "proposal": "01234",
        "confidence": "0.8000", "reasons": "low_confidence", "corrected": "",
    }  # fmt: skip
    picture = cv2.imread(str(tmp_path / "out" / rows[0]["crop"]), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(picture, crop())
    assert (rows[1]["crop"], rows[3]["proposal"]) == ("", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_filled_in_table_settles_its_rows(queue, tmp_path, delimiter):
    queue.export(tmp_path)
    fill_in(tmp_path / "queue.csv", {"a": "=", "b": "91234", "c": "Blank", "d": "?"}, delimiter)

    settled = queue.import_answers(tmp_path / "queue.csv", "ann")

    assert settled == {"confirmed": 1, "corrected": 1, "blank": 1, "unreadable": 1}
    assert [(c.machine_value, c.human_value) for c in queue.corrections()] == [
        ("01234", "01234"), ("01234", "91234"), ("01234", None), (None, None),
    ]  # fmt: skip


def test_empty_answers_leave_their_items_pending(queue, tmp_path):
    queue.export(tmp_path)
    fill_in(tmp_path / "queue.csv", {"b": "91234"})
    queue.import_answers(tmp_path / "queue.csv", "ann")
    assert [item.spec.name for item in queue.list_items()] == ["a", "c", "d"]


def test_importing_twice_changes_nothing(queue, tmp_path):
    queue.export(tmp_path)
    fill_in(tmp_path / "queue.csv", {"a": "=", "b": "91234"})
    queue.import_answers(tmp_path / "queue.csv", "ann")
    before = queue.list_items(state=None)
    assert not any(queue.import_answers(tmp_path / "queue.csv", "ann").values())
    assert queue.list_items(state=None) == before


def test_a_wrong_row_is_named_and_nothing_is_imported(queue, tmp_path):
    queue.export(tmp_path)
    fill_in(tmp_path / "queue.csv", {"a": "=", "c": "no digits"})
    with pytest.raises(QueueError, match=r"queue\.csv, row 4: not a value of kind postal_code"):
        queue.import_answers(tmp_path / "queue.csv", "ann")
    assert queue.count()["pending"] == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "has no column 'item'", id="empty file"),
        pytest.param("item,proposal\n1,2\n", "has no column 'corrected'", id="column missing"),
        pytest.param("item,corrected\n,12\n", "row 2: the column 'item' is empty", id="no item"),
        pytest.param("item,corrected\nx,12\nx,13\n", "row 3: item x was answered differently", id="two answers"),
        pytest.param("item,corrected\nx,12\n", "row 2: there is no item x", id="foreign item"),
        pytest.param("item,corrected\nx\n", "", id="short row"),
    ],
)
def test_table_that_cannot_be_imported_is_said_plainly(queue, tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    if not message:
        assert not any(queue.import_answers(path, "ann").values())
        return
    with pytest.raises(QueueError, match=message):
        queue.import_answers(path, "ann")


def test_missing_table_is_said_plainly(queue, tmp_path):
    with pytest.raises(QueueError, match=r"cannot read .*nowhere\.csv: No such file"):
        queue.import_answers(tmp_path / "nowhere.csv", "ann")


def test_answers_not_yet_imported_are_not_overwritten(queue, tmp_path):
    queue.export(tmp_path)
    fill_in(tmp_path / "queue.csv", {"a": "="})
    with pytest.raises(QueueError, match="not imported"):
        queue.export(tmp_path)
    queue.import_answers(tmp_path / "queue.csv", "ann")
    assert queue.export(tmp_path) == 3


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0.pdf", "+1.pdf", "-1.pdf", "@x.pdf", "\tx.pdf"])
def test_file_names_cannot_become_formulas(tmp_path, name):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        queue.put_result(result(names=(name,)), {})
        queue.export(tmp_path)
    assert rows_of(tmp_path / "queue.csv")[0]["file"] == f"'{name}"


def test_file_names_that_are_not_text_are_exported_readably(tmp_path):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        queue.put_result(result(names=("\udce4.pdf",)), {})
        queue.export(tmp_path)
    assert rows_of(tmp_path / "queue.csv")[0]["file"] == "\\udce4.pdf"


def test_amount_keeps_its_minus_and_is_guarded(tmp_path):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        queue.put_result(result(reading("f", value="-12.00", kind=FieldKind.AMOUNT)), {})
        queue.export(tmp_path)
        row = rows_of(tmp_path / "queue.csv")[0]
        assert row["proposal"] == "'-12.00"
        fill_in(tmp_path / "queue.csv", {"f": row["proposal"]})
        assert queue.import_answers(tmp_path / "queue.csv", "ann")["confirmed"] == 1
