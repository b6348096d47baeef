from __future__ import annotations

import json

import pytest

from pipeline.errors import QueueError
from pipeline.exchange_format import ExchangeFormat
from pipeline.storage.review_queue import ReviewQueue
from tests.storage.review_samples import crop, reading, result

JSONL, STUDIO = ExchangeFormat.JSONL, ExchangeFormat.LABEL_STUDIO


@pytest.fixture
def queue(tmp_path):
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as opened:
        opened.put_result(result(reading("a"), reading("b"), reading("c", value=None)), {(1, "a"): crop()})
        yield opened


def settled(queue):
    return [(one.machine_value, one.human_value) for one in queue.corrections()]


def test_json_lines_there_and_back(queue, tmp_path):
    path = tmp_path / "out" / "queue.jsonl"
    assert queue.export(tmp_path / "out", form=JSONL) == 3
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["field"] for line in lines] == ["a", "b", "c"]
    assert (tmp_path / "out" / lines[0]["crop"]).is_file()
    assert lines[1]["crop"] is None
    for line, keyed in zip(lines, ["91234", "=", ""], strict=True):
        line["corrected"] = keyed
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert queue.import_answers(path, "ann") == {"corrected": 1, "confirmed": 1}
    assert settled(queue) == [("01234", "91234"), ("01234", "01234")]


def test_label_studios_tasks_there_and_back(queue, tmp_path):
    assert queue.export(tmp_path / "out", limit=2, form=STUDIO) == 2
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert tasks[0]["predictions"][0]["result"][0]["value"] == {"text": ["01234"]}
    assert "<TextArea" in (tmp_path / "out" / "label-studio.xml").read_text()

    def annotated(task, text):
        part = {"from_name": "value", "to_name": "crop", "type": "textarea", "value": {"text": [text]}}
        return {**task, "id": 7, "annotations": [{"was_cancelled": False, "result": [part]}]}

    export = tmp_path / "project-1.json"
    export.write_text(json.dumps([annotated(tasks[0], "91234"), {**tasks[1], "annotations": []}]))
    assert queue.import_answers(export, "ann") == {"corrected": 1}
    assert settled(queue) == [("01234", "91234")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.jsonl", "{not json", "a.jsonl, line 1 is no JSON", id="broken line"),
        pytest.param("a.jsonl", "[1]", "a.jsonl, line 1: an object", id="line of another kind"),
        pytest.param("a.json", "{}", "a.json: a list of tasks", id="no list"),
        pytest.param("a.json", '[{"data": {}}]', "a.json, task 1 is no task", id="tasks of another project"),
        pytest.param("a.json", "[" * 100_000, "a.json is no JSON", id="nested without end"),
        pytest.param(
            "a.jsonl", '{"item": "x", "corrected": "1"}\n{"item": "x", "corrected": "2"}', "answered differently",
            id="two answers",
        ),
    ],
)  # fmt: skip
def test_files_that_hold_no_answers_are_named(queue, tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(QueueError, match=message):
        queue.import_answers(tmp_path / name, "ann")


def test_answers_not_yet_imported_are_not_overwritten(queue, tmp_path):
    queue.export(tmp_path, form=JSONL)
    path = tmp_path / "queue.jsonl"
    path.write_text(path.read_text().replace('"corrected": ""', '"corrected": "="', 1))
    with pytest.raises(QueueError, match="were not imported"):
        queue.export(tmp_path, form=JSONL)
