"""Many reviewers at one station at once, over HTTP: nothing settled twice, and how long an answer takes.

Everybody signs in and does what the page does: fetches the crops of the fields in hand, looks at one for a while, for
half as long or half as long again as on average, answers it, and gets the next ones with the answer. Timed is the
answer: what a press of Enter costs the server, signed-in session, log and all. The server's processor time, crops
included, is told per answer. Run as
`python -m benchmarks.reviewers postgresql+psycopg://user@host/empty_database`.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
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
from pipeline.storage.database import open_database
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewer, Reviewers

CORNERS = ((0.0, 0.0), (300.0, 0.0), (300.0, 60.0), (0.0, 60.0))
VALUE = "12345"
PASSWORD = "only for this benchmark"
TIMEOUT_S = 120


def fill(url: str, fields: int) -> None:
    """Put so many fields with their crops into an empty queue, ten a document."""
    picture = np.full((100, 340), 245, np.uint8)
    cv2.putText(picture, VALUE, (30, 70), cv2.FONT_HERSHEY_SIMPLEX, 2, 40, 4)
    with ReviewQueue.open(url) as queue:
        if sum(queue.count().values()):
            raise SystemExit("the queue is not empty: name an empty database")
        for number in range(0, fields, 10):
            result = result_with(number, min(10, fields - number))
            queue.put_result(result, {(1, reading.name): picture for reading in result.documents[0].fields})


def result_with(number: int, fields: int) -> SourceResult:
    """A result whose every field waits for a person; another number, another file."""
    readings = tuple(
        FieldReading(
            f"field{place}", FieldKind.DIGITS, 1, CORNERS, VALUE, VALUE, 0.8, 0.97, Decision.REVIEW,
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


def hire(url: str, names: list[str]) -> None:
    """Give everybody a password."""
    engine = open_database(url)
    people = Reviewers(engine)
    for name in names:
        people.add(Reviewer(name), PASSWORD)
    engine.dispose()


@contextmanager
def station(url: str) -> Iterator[tuple[str, int]]:
    """`fieldreader review` in a process of its own; gives its address and number."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from pipeline.cli import main; main()", "review", "--port", "0"],
        env=os.environ | {"FIELDREADER_DATABASE_URL": url, "NO_COLOR": "1"}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.search(r"http://\S+", line):
                break
        else:
            raise SystemExit("the station did not start")
        yield found[0].rstrip("/"), server.pid
    finally:
        server.terminate()
        server.wait()


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has used; see proc(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """One reviewer, until nothing is left for him."""

    def __init__(self, address: str, name: str, pause_s: float) -> None:
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_S, follow_redirects=True)
        self._name, self._pause_s = name, pause_s
        self._chance = random.Random(name)
        self.waits: list[float] = []
        self.taken: list[str] = []
        self.errors: list[str] = []

    def sign_in(self) -> None:
        page = self._client.post("/sign-in", data={"name": self._name, "password": PASSWORD})
        found = re.search('data-form-token="([^"]+)"', page.text)
        if found is None:
            raise SystemExit(f"{self._name} cannot sign in: {page.status_code}")
        self._client.headers["X-Form-Token"] = found[1]

    def run(self) -> None:
        try:
            self._work()
        except (httpx.HTTPError, RuntimeError) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self._client.close()

    def _work(self) -> None:
        hand = self._call("/api/hand")
        self._fetch_crops(hand)
        while hand:
            self._look()
            first, *others = hand
            began = time.perf_counter()
            new = self._call("/api/answer", id=first["id"], text=VALUE, known=[one["id"] for one in others])
            self.waits.append(time.perf_counter() - began)
            self.taken.append(first["id"])
            self._fetch_crops(new)
            hand = others + new

    def _call(self, path: str, **body: object) -> list[dict[str, str]]:
        answer = self._client.post(path, json=body)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        new: list[dict[str, str]] = answer.json()["hand"]
        return new

    def _fetch_crops(self, items: list[dict[str, str]]) -> None:
        for item in items:
            self._client.get(f"/crop/{item['id']}").raise_for_status()

    def _look(self) -> None:
        """People are not in step: twenty equal pauses would send twenty answers at once, again and again."""
        time.sleep(self._pause_s * self._chance.uniform(0.5, 1.5))


def main() -> None:
    """Measure and print a row of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--fields", type=int, default=2000)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds a reviewer looks at a field, on average")
    options = parser.parse_args()
    fill(options.url, options.fields)
    names = [f"r{number}" for number in range(options.reviewers)]
    hire(options.url, names)
    with station(options.url) as (address, pid):
        workers = [Worker(address, name, options.pause) for name in names]
        for worker in workers:  # one by one: checking passwords is made to be slow, and is no part of an answer
            worker.sign_in()
        threads = [threading.Thread(target=worker.run) for worker in workers]
        began, used = time.perf_counter(), processor_s(pid)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent, used = time.perf_counter() - began, processor_s(pid) - used
    waits = [wait for worker in workers for wait in worker.waits]
    taken = [item for worker in workers for item in worker.taken]
    errors = [error for worker in workers for error in worker.errors]
    desk = ReviewDesk.open(options.url)
    verified = desk.verify()
    desk.close()
    # An answer to what somebody else has settled would be refused; one taken twice would have two entries in the log.
    twice = len(taken) - len(set(taken)) + verified.entries - len(set(taken))
    median, p95 = (1000 * np.quantile(waits, q) for q in (0.5, 0.95))
    print("| reviewers | fields | settled twice | errors | log | answers an hour | median | 95 % within | processor |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {options.reviewers} | {len(set(taken))} of {options.fields} | {twice} | {len(errors)} | "
        f"{'whole' if not verified.findings else len(verified.findings)} | {3600 * len(waits) / spent:,.0f} | "
        f"{median:.0f} ms | {p95:.0f} ms | {1000 * used / len(waits):.0f} ms |"
    )
    for error in errors[:5]:
        print(f"- {error}")
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
