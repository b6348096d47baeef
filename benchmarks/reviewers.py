"""Many reviewers at one queue at once: nothing settled twice, and how long an answer takes.

Each answer is what a press of Enter costs the server: the answer saved and logged, the next fields claimed, the counts
made. Run as `python -m benchmarks.reviewers postgresql+psycopg://user@host/empty_database`.
"""

from __future__ import annotations

import argparse
import threading
import time

import numpy as np

from benchmarks.machine import describe_machine
from pipeline.document import (
    Decision,
    DocumentResult,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
)
from pipeline.errors import QueueError
from pipeline.storage.review_desk import ReviewDesk, Wanted
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer

CORNERS = ((0.0, 0.0), (100.0, 0.0), (100.0, 30.0), (0.0, 30.0))


def fill(url: str, fields: int) -> None:
    """Put so many fields into an empty queue, ten a document."""
    with ReviewQueue.open(url) as queue:
        if sum(queue.count().values()):
            raise SystemExit("the queue is not empty: name an empty database")
        for number in range(0, fields, 10):
            queue.put_result(result_with(number, min(10, fields - number)), {})


def result_with(number: int, fields: int) -> SourceResult:
    """A result whose every field waits for a person; another number, another file."""
    readings = tuple(
        FieldReading(
            f"field{place}", FieldKind.DIGITS, 1, CORNERS, "12345", "12345", 0.8, 0.97, Decision.REVIEW,
            ("low_confidence",),
        )
        for place in range(fields)
    )  # fmt: skip
    document = DocumentResult(1, (1,), ResultStatus.NEEDS_REVIEW, None, RegistrationStatus.NOT_NEEDED, None, readings)
    model = ModelIdentity("none", "1", "0" * 64, "none")
    return SourceResult(
        ResultStatus.NEEDS_REVIEW, f"{number:064d}", (f"{number}.pdf",), MediaType.PDF, 1, (), (document,), (),
        "benchmark", model, "2026-01-01T00:00:00+00:00", 0.0,
    )  # fmt: skip


def work(url: str, name: str, pause_s: float, waits: list[float], taken: list[str], errors: list[str]) -> None:
    """One reviewer, until nothing is left for him."""
    desk = ReviewDesk.open(url)
    me = Reviewer(name)
    try:
        hand = desk.hand(me)
        while hand:
            began = time.perf_counter()
            if desk.answer(me, Answer(hand[0].id, "12345", "field")) is not None:
                taken.append(hand[0].id)
            hand = desk.hand(me)
            desk.progress(me, Wanted(), "2026")
            waits.append(time.perf_counter() - began)
            time.sleep(pause_s)
    except QueueError as error:
        errors.append(str(error))
    finally:
        desk.close()


def main() -> None:
    """Measure and print a row of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--fields", type=int, default=2000)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds a reviewer looks at a field")
    options = parser.parse_args()
    fill(options.url, options.fields)
    waits: list[float] = []
    taken: list[str] = []
    errors: list[str] = []
    threads = [
        threading.Thread(target=work, args=(options.url, f"r{number}", options.pause, waits, taken, errors))
        for number in range(options.reviewers)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    desk = ReviewDesk.open(options.url)
    findings = desk.verify().findings
    desk.close()
    twice = len(taken) - len(set(taken))
    median, p95 = (1000 * np.quantile(waits, q) for q in (0.5, 0.95))
    print("| reviewers | fields | settled twice | errors | log | answers an hour | median | 95 % within |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {options.reviewers} | {len(set(taken))} of {options.fields} | {twice} | {len(errors)} | "
        f"{'whole' if not findings else len(findings)} | {3600 * len(waits) / spent:,.0f} | "
        f"{median:.0f} ms | {p95:.0f} ms |"
    )
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
