"""The review queue for other programs: JSON lines, and the tasks of Label Studio. Pictures lie beside, as for CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import QueueError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.names import display_name
from pipeline.storage.review_csv import CROP_FOLDER
from pipeline.storage.review_item import Answer, ReviewItem

LINES_FILE = "queue.jsonl"
TASKS_FILE = "tasks.json"
TASKS_CONFIG = "label-studio.xml"
_CONFIG = """<View>
  <Image name="crop" value="$image"/>
  <Header value="$field"/>
  <TextArea name="value" toName="crop" rows="1" maxSubmissions="1" editable="true"/>
</View>
"""
"""Labelling configuration that fits the tasks: the crop, and one line to key what it shows."""

Entries = Iterable[tuple[ReviewItem, bytes | None]]


def write_lines(folder: Path, entries: Entries) -> int:
    """Write `queue.jsonl`: an object an item, with `corrected` empty for the answer.

    Raises:
        QueueError: the folder cannot be written.
    """
    lines = [json.dumps({**_facts(item, crop), "corrected": ""}) for item, crop in _with_crops(folder, entries)]
    _write(folder / LINES_FILE, "".join(line + "\n" for line in lines))
    return len(lines)


def write_tasks(folder: Path, entries: Entries) -> int:
    """Write `tasks.json` and a labelling configuration for Label Studio; the machine's reading is a prediction.

    Raises:
        QueueError: the folder cannot be written.
    """
    tasks = []
    for item, crop in _with_crops(folder, entries):
        facts = _facts(item, crop)
        task: dict[str, Any] = {"data": {**facts, "image": crop}}
        if item.machine_value is not None:
            task["predictions"] = [{"model_version": item.fingerprint, "score": item.confidence, "result": [
                {"from_name": "value", "to_name": "crop", "type": "textarea", "value": {"text": [item.machine_value]}}
            ]}]  # fmt: skip
        tasks.append(task)
    _write(folder / TASKS_FILE, json.dumps(tasks, indent=1))
    _write(folder / TASKS_CONFIG, _CONFIG)
    return len(tasks)


def read_lines(path: Path) -> tuple[Answer, ...]:
    """Answers in a `queue.jsonl`: objects whose `corrected` is not empty.

    Raises:
        QueueError: the file cannot be read or a line is no such object.
    """
    answers = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        place = f"{path.name}, line {number}"
        if line.strip():
            found = _parsed(line, place)
            if not isinstance(found, dict) or "item" not in found:
                raise QueueError(f"{place}: an object with 'item' and 'corrected' is expected")
            if keyed := str(found.get("corrected") or "").strip():
                answers.append(Answer(str(found["item"]), keyed, place))
    return _once_each(answers)


def read_tasks(path: Path) -> tuple[Answer, ...]:
    """Answers in an export of Label Studio (JSON): the latest annotation of each task that has one.

    Raises:
        QueueError: the file cannot be read or is no such export.
    """
    tasks = _parsed(_text(path), path.name)
    if not isinstance(tasks, list):
        raise QueueError(f"{path.name}: a list of tasks is expected, as Label Studio exports it in its format JSON")
    answers = []
    for number, task in enumerate(tasks, start=1):
        place = f"{path.name}, task {number}"
        try:
            item = str(task["data"]["item"])
            notes = [one for one in task.get("annotations", ()) if not one.get("was_cancelled")]
            texts = [
                part["value"]["text"] for part in (notes[-1]["result"] if notes else ()) if part["type"] == "textarea"
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise QueueError(f"{place} is no task of this queue") from error
        keyed = texts[-1] if texts else ""
        text = str(keyed[-1] if isinstance(keyed, list) and keyed else keyed or "").strip()
        if text:
            answers.append(Answer(item, text, place))
    return _once_each(answers)


def _facts(item: ReviewItem, crop: str | None) -> dict[str, Any]:
    return {
        "item": item.id,
        "file": display_name(item.source_names[0]) if item.source_names else "",
        "document": item.document,
        "page": item.page,
        "template": item.template,
        "field": item.spec.name,
        "kind": item.spec.kind.value,
        "crop": crop,
        "proposal": item.machine_value,
        "confidence": round(item.confidence, 6),
        "alternatives": [{"value": other.value, "confidence": other.confidence} for other in item.alternatives],
        "reasons": list(item.reasons),
        "run": item.run,
    }


def _with_crops(folder: Path, entries: Entries) -> Iterator[tuple[ReviewItem, str | None]]:
    for item, png in entries:
        crop = f"{CROP_FOLDER}/{item.id}.png" if png is not None else None
        if crop is not None and png is not None:
            try:
                write_atomically(folder / crop, png)
            except OSError as error:
                raise QueueError(f"cannot write the queue to {folder}: {error.strerror}") from error
        yield item, crop


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise QueueError(f"cannot write the queue to {path}: {error.strerror}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise QueueError(f"cannot read {path}: {error.strerror}") from error


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueueError(f"{place} is no JSON") from error


def _once_each(answers: list[Answer]) -> tuple[Answer, ...]:
    seen: dict[str, str] = {}
    for answer in answers:
        if seen.setdefault(answer.item_id, answer.text) != answer.text:
            raise QueueError(f"{answer.place}: item {answer.item_id} was answered differently further up")
    return tuple(answers)
