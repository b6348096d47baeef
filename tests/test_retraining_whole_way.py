"""From the sample documents to a judged challenger, by the commands a user types."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.bundle import open_bundle
from recognizer.model_store import champion

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_docs"
REFUSED = 3


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A state folder in which a person has settled every field of the samples by spreadsheet."""
    base = tmp_path_factory.mktemp("loop")
    state = base / "state"
    # Nothing is accepted by the machine alone, so that all fields reach the person.
    run = command(state, "run", f"{SAMPLES}/inbox", "--output", f"{base}/out", "--templates", f"{SAMPLES}/templates",
                  FIELDREADER_ACCEPT_UNCERTIFIED="false", FIELDREADER_SETTLE_S="0")  # fmt: skip
    assert run.returncode == 4, run.stderr
    assert command(state, "queue", "export", f"{base}/to-do").returncode == 0
    answer_by_truth(base / "to-do" / "queue.csv")
    taken = command(state, "queue", "import", f"{base}/to-do/queue.csv", "--reviewer", "ann")
    assert taken.returncode == 0, taken.stderr
    return state


def command(state, *arguments, **settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIELDREADER_")}
    return subprocess.run(
        [Path(sys.executable).parent / "fieldreader", *arguments],
        env={**clean, "FIELDREADER_STATE_DIR": str(state), **settings},
        capture_output=True, text=True, timeout=600, check=False, cwd=ROOT,
    )  # fmt: skip


def answer_by_truth(table):
    with (SAMPLES / "truth.csv").open(newline="", encoding="utf-8") as stream:
        truth = {(row["file"], row["document"], row["field"]): row for row in csv.DictReader(stream)}
    with table.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        known = truth.get((Path(row["file"]).name, row["document"], row["field"]))
        row["corrected"] = known["value"] if known and known["readable"] == "yes" and known["value"] else "?"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def falsify_answers(database):
    """Call every 1 a 2, every 2 a 3 and so on, as somebody does who wants the reader to fail."""
    with sqlite3.connect(database) as connection:
        answers = connection.execute("SELECT id, human_value FROM review_items WHERE kind NOT IN ('date', 'amount')")
        false = [
            (value.translate(str.maketrans("0123456789", "1234567890")), identity)
            for identity, value in answers.fetchall()
            if value
        ]
        connection.executemany("UPDATE review_items SET human_value = ? WHERE id = ?", false)
    connection.close()


def test_corrections_become_a_challenger_that_serves_only_when_it_is_proven_better(settled, tmp_path):
    state = Path(shutil.copytree(settled, tmp_path / "state"))
    before = champion(state / "models")

    done = command(state, "retrain", "--learn-from", "*")

    assert done.returncode in (0, REFUSED), done.stdout + done.stderr
    verdict = done.stdout.splitlines()[0]
    after = champion(state / "models")
    challenger = open_bundle(state / "models" / "fine-tuned-1")
    assert challenger.parent == before.sha256
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("| corrections not seen"))
    right_before, right_after = (float(cell.strip(" %")) for cell in row.split("|")[2:4])
    # Which of the two it is depends on how good the shipped model is already: the gate may find nothing to gain.
    if done.returncode == 0:
        assert verdict == "# Retraining: promoted"
        assert after.sha256 == challenger.sha256
        assert right_after > right_before
    else:
        assert verdict == "# Retraining: refused"
        assert after.sha256 == before.sha256
    (page,) = (state / "retraining").glob("*/retraining.html")
    assert str(page) in done.stdout
    assert "What the gate asked" in page.read_text()


def test_wrong_answers_are_refused_and_the_model_stays(settled, tmp_path):
    state = Path(shutil.copytree(settled, tmp_path / "state"))
    before = champion(state / "models")
    falsify_answers(state / "fieldreader.db")

    done = command(state, "retrain", FIELDREADER_LEARN_FROM='["*"]')

    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert done.stdout.startswith("# Retraining: refused\n")
    assert "labels look wrong" in done.stdout
    assert champion(state / "models").sha256 == before.sha256
