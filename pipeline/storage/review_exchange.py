"""The forms in which the queue leaves and comes back, each with its file, its writer and its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.exchange_format import ExchangeFormat
from pipeline.storage.review_csv import QUEUE_FILE, read_answers, write_queue
from pipeline.storage.review_item import Answer, ReviewItem
from pipeline.storage.review_json import LINES_FILE, TASKS_FILE, read_lines, read_tasks, write_lines, write_tasks


@dataclass(frozen=True, slots=True)
class Exchange:
    """One form: the name of its file in the exported folder, how it is written and how answers are read from it."""

    file: str
    write: Callable[[Path, Iterable[tuple[ReviewItem, bytes | None]]], int]
    read: Callable[[Path], tuple[Answer, ...]]


EXCHANGES = {
    ExchangeFormat.CSV: Exchange(QUEUE_FILE, write_queue, read_answers),
    ExchangeFormat.JSONL: Exchange(LINES_FILE, write_lines, read_lines),
    ExchangeFormat.LABEL_STUDIO: Exchange(TASKS_FILE, write_tasks, read_tasks),
}


def read_exchanged(path: Path) -> tuple[Answer, ...]:
    """Answers in a file of any form, told by the ending of its name; a table when it has none of ours.

    Raises:
        QueueError: the file cannot be read or does not hold answers.
    """
    by_ending = {Path(exchange.file).suffix: exchange for exchange in EXCHANGES.values()}
    return by_ending.get(path.suffix.lower(), EXCHANGES[ExchangeFormat.CSV]).read(path)
