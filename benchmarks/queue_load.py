"""A queue of a million fields: how long its everyday questions take, and how many fields it takes in a second.

Run as `python -m benchmarks.queue_load sqlite:////tmp/empty.db`, or with the URL of an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from benchmarks.machine import describe_machine
from benchmarks.reviewers import fill
from pipeline.storage.database import open_database, writing
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_figures import queue_figures
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.review_turn import Wanted
from pipeline.storage.reviewers import Reviewer, Role
from pipeline.storage.tables import ReviewItemRow

SEED_FIELDS = 500
"""Put in one by one, as a batch does; the rest is copied from the first of them."""

OWN = {
    "sqlite": {
        "id": "printf('%032x', n)",
        "source_id": "printf('%064x', n / 10)",
        "position": "n % 10",
        "template": "'form' || (n % 7)",
        "created_at": "printf('2026-%02d-%02dT%02d:00:00.000+00:00', 1 + n / 90000, 1 + n / 3000 % 28, n / 125 % 24)",
        "state": "CASE WHEN n % 100 < :waiting THEN 'pending' ELSE 'confirmed' END",
        "reviewer": "CASE WHEN n % 100 < :waiting THEN NULL ELSE 'r' || (n % 20) END",
        "keyed_at": "CASE WHEN n % 100 < :waiting THEN NULL ELSE '2026-01-01T00:00:00.000+00:00' END",
    },
}
OWN["postgresql"] = OWN["sqlite"] | {
    "id": "lpad(to_hex(n), 32, '0')",
    "source_id": "lpad(to_hex(n / 10), 64, '0')",
    "created_at": (
        "format('2026-%s-%sT%s:00:00.000+00:00', lpad((1 + n / 90000)::text, 2, '0'), "
        "lpad((1 + n / 3000 % 28)::text, 2, '0'), lpad((n / 125 % 24)::text, 2, '0'))"
    ),
}
NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :fields) SELECT n FROM c)",
    "postgresql": "(SELECT generate_series(1, :fields) AS n)",
}


def multiply(engine: Engine, fields: int, waiting: int) -> None:
    """Copy the first item, each copy with an identity, place, form and time of its own; `waiting` per cent wait."""
    backend = engine.dialect.name
    names = ReviewItemRow.__table__.columns.keys()
    values = [OWN[backend].get(name, f"first.{name}") for name in names]
    statement = (
        f"INSERT INTO review_items ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM {NUMBERS[backend]} AS numbers, (SELECT * FROM review_items LIMIT 1) AS first"
    )
    with writing(engine).begin() as connection:
        connection.execute(text(statement), {"fields": fields, "waiting": waiting})
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


def median_ms(ask: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Medians of some rounds, milliseconds: by the clock, and of this process's processor time."""
    clock, busy = [], []
    for _ in range(rounds):
        began = time.perf_counter(), time.process_time()
        ask()
        clock.append(1000 * (time.perf_counter() - began[0]))
        busy.append(1000 * (time.process_time() - began[1]))
    return statistics.median(clock), statistics.median(busy)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--fields", type=int, default=1_000_000)
    parser.add_argument("--waiting", type=int, default=20, metavar="PERCENT", help="share that waits for a person")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    began = time.process_time(), time.perf_counter()
    fill(options.url, SEED_FIELDS)
    busy, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    engine = open_database(options.url)
    multiply(engine, options.fields, options.waiting)
    desk, queue = ReviewDesk(engine), ReviewQueue(engine)
    reviewer, supervisor = Reviewer("anna"), Reviewer("boss", Role.SUPERVISOR)

    def answer() -> None:
        desk.answer(reviewer, Answer(desk.hand(reviewer)[0].id, "12345", "field"))

    questions: dict[str, Callable[[], object]] = {
        "claim the next fields": lambda: desk.hand(reviewer),
        "the same for a supervisor": lambda: desk.hand(supervisor),
        "claim of one form": lambda: desk.hand(reviewer, Wanted(template="form3")),
        "claim of a form of which none waits": lambda: desk.hand(reviewer, Wanted(template="none")),
        "answer, then claim": answer,
        "counts at the head of the page": lambda: desk.progress(reviewer, Wanted(), "2026"),
        "the same for a supervisor and one form": lambda: desk.progress(supervisor, Wanted(template="form3"), "2026"),
        "the same, of a form of which none waits": lambda: desk.progress(reviewer, Wanted(template="none"), "2026"),
        "forms and reasons to choose from (kept for a while)": desk.choices,
        "list of 50": lambda: queue.list_items(limit=50),
        "counts by state": queue.count,
        "the monitor (kept for a while)": lambda: queue_figures(engine, datetime.now(UTC)),
    }
    print(f"{options.fields:,} fields, {options.waiting} % waiting, {engine.dialect.name}; {describe_machine()}")
    print(
        f"put in by document: {SEED_FIELDS / wall:.0f} fields a second, {SEED_FIELDS / busy:.0f} a second of processor"
    )
    # SQLite works in this process, so that its processor time tells more than the clock of a machine that is shared.
    print("| question | median ms | of processor |\n| --- | --- | --- |")
    for name, ask in questions.items():
        print("| {} | {:.1f} | {:.1f} |".format(name, *median_ms(ask, options.rounds)))
    engine.dispose()


if __name__ == "__main__":
    main()
