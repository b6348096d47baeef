"""The whole way through the real command line, with the shipped networks and the sample documents."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from pipeline.storage.results import SCHEMA_PATH
from recognizer.pen import draw_digit, random_hand
from tests.command_line import ROOT, fieldreader, typed
from tests.storage import made_pdfs

SAMPLES = ROOT / "sample_docs"
BROKEN = "giro-damaged.pdf"
KEYS = ["file", "value", "raw", "confidence", "decision", "reasons", "alternatives", "characters"]


def fill_inbox(folder: Path) -> Path:
    folder.mkdir()
    for name in ("giro-clean.png", "survey-blank.pdf", BROKEN):
        shutil.copy(SAMPLES / "inbox" / name, folder)
    return folder


@pytest.fixture
def inbox(tmp_path):
    return fill_inbox(tmp_path / "inbox")


READ_INBOX = ("run", "inbox", "-o", "out", "-t", SAMPLES / "templates", "--overlays", "out/overlays")


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """The answer to a batch, and the folder with its inbox, what came of it, and the state."""
    folder = tmp_path_factory.mktemp("batch")
    fill_inbox(folder / "inbox")
    return fieldreader(*READ_INBOX, cwd=folder, FIELDREADER_STATE_DIR=str(folder / "state")), folder


@pytest.fixture
def after_batch(batch, tmp_path, monkeypatch):
    """A folder of this test's own, as the batch left it."""
    folder = shutil.copytree(batch[1], tmp_path / "batch")
    monkeypatch.setenv("FIELDREADER_STATE_DIR", str(folder / "state"))
    return folder


def write_number(path: Path, number: str, seed: int = 3) -> Path:
    """A number in one hand on white paper, as `read` gets it."""
    rng = np.random.default_rng(seed)
    hand = random_hand(rng)
    page = np.full((90, 80 + 50 * len(number)), 255, np.uint8)
    for place, digit in enumerate(number):
        ink = draw_digit(int(digit), hand, rng, height_px=50)
        height, width = min(ink.shape[0], 80), min(ink.shape[1], 48)
        left = 40 + 50 * place
        page[5 : 5 + height, left : left + width] = 255 - ink[:height, :width]
    Image.fromarray(page).save(path)
    return path


# --- run, queue ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_batch_ends_in_a_table_results_pictures_and_a_queue(batch, after_batch):
    answer, _ = batch
    assert answer.returncode == 4
    assert "Traceback" not in answer.stderr
    assert BROKEN in answer.stdout
    assert "damaged_file" in answer.stdout
    schema = json.loads(SCHEMA_PATH.read_bytes())
    results = {path.name: json.loads(path.read_bytes()) for path in (after_batch / "out").glob("*.json")}
    for result in results.values():
        jsonschema.validate(result, schema)
    statuses = {result["source"]["names"][0]: result["status"] for result in results.values()}
    assert statuses[f"inbox/{BROKEN}"] == "failed"
    assert len(list((after_batch / "out" / "overlays").glob("giro-clean-*-p1.jpg"))) == 1
    assert "of them failed then" in typed(*READ_INBOX, cwd=after_batch).stdout

    waiting = [json.loads(line) for line in typed("queue", "list", "--format", "json").stdout.splitlines()]
    in_results = [
        field
        for result in results.values()
        for document in result["documents"]
        for field in document["fields"].values()
        if field["decision"] == "review"
    ]
    assert len(waiting) == len(in_results) > 0


UNDERLINED = "/Annots[<</Type/Annot/Subtype/Line/Rect[100 80 420 100]/L[100 90 420 90]/C[0 0 0]/BS<</W 6>>/F 4>>]"
"""An annotation without a picture of its own: poppler draws one, pdfium leaves it out."""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")
def test_pages_that_two_engines_show_otherwise_go_to_review_when_asked(tmp_path):
    scan = made_pdfs.jpeg_picture(np.asarray(Image.open(SAMPLES / "inbox" / "giro-clean.png").convert("L")))
    size = (0, 0, scan.width * 72 / 200, scan.height * 72 / 200)
    for name, extra in (("plain.pdf", ""), ("underlined.pdf", UNDERLINED)):
        (tmp_path / name).write_bytes(made_pdfs.pdf_bytes(made_pdfs.PdfPage([scan], media_box=size, extra=extra)))

    def doubted(out, *options):
        arguments = ("run", "plain.pdf", "underlined.pdf", "-o", out, "-t", SAMPLES / "templates", *options)
        assert fieldreader(*arguments, cwd=tmp_path).returncode == 0
        results = [json.loads(path.read_bytes()) for path in (tmp_path / out).glob("*.json")]
        fields = {r["source"]["names"][0]: list(r["documents"][0]["fields"].values()) for r in results}
        assert [len(fields["plain.pdf"]), len(fields["underlined.pdf"])] == [3, 3]
        return {
            name
            for name, read in fields.items()
            if all(field["decision"] == "review" and "renderers_differ" in field["reasons"] for field in read)
        }

    assert doubted("once") == set()
    assert doubted("twice", "--cross-check") == {"underlined.pdf"}


@pytest.mark.slow
def test_answers_go_round_by_spreadsheet(after_batch):
    assert "queue import to-do/queue.csv" in typed("queue", "export", "to-do", cwd=after_batch).stdout
    table = after_batch / "to-do" / "queue.csv"
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all((after_batch / "to-do" / row["crop"]).is_file() for row in rows if row["crop"])
    for row in rows:
        row["corrected"] = "?"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    answer = typed("queue", "import", "to-do/queue.csv", "--reviewer", "anna", cwd=after_batch)
    assert answer.stdout == f"{len(rows)} answers taken ({len(rows)} unreadable); 0 still wait\n"
    assert "Nothing waits" in typed("queue", "list").stdout


@pytest.mark.slow
def test_summary_as_json_reconciles(inbox, tmp_path):
    answer = typed("run", "inbox", "-o", "out", "--json", cwd=tmp_path)
    summary = json.loads(answer.stdout)
    parts = ("skipped", "accepted", "needs_review", "failed")
    assert summary["seen"] == sum(summary[part] for part in parts) == 3
    assert answer.stderr == ""


def living(group: int) -> list[str]:
    """Processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            state, _, group_id = rest.split()[:3]
            if int(group_id) == group and state != "Z":
                found.append(name)
    return found


@pytest.mark.slow
def test_interrupted_run_ends_with_130_and_leaves_nobody_behind(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = "from pipeline.cli import main; main()"
    arguments = ["run", str(SAMPLES / "inbox"), "-o", str(tmp_path / "out"), "--jobs", "2", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], env=environment, start_new_session=True, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("out/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith(b"Interrupted.")
    assert b"Traceback" not in errors
    deadline = time.monotonic() + 10
    while (left := living(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    for path in (tmp_path / "out").glob("*.json"):
        json.loads(path.read_bytes())


# --- read, digit ---------------------------------------------------------------------------------


def test_read_prints_one_line_a_file_in_the_order_given(tmp_path):
    files = [write_number(tmp_path / "b.png", "47110"), tmp_path / "none.png", write_number(tmp_path / "a.jpg", "815")]
    (tmp_path / "text.tif").write_text("no picture")
    answer = typed("read", *files, tmp_path / "text.tif", "--kind", "digits", "--format", "json")
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(file) for file in (*files, tmp_path / "text.tif")]
    assert [list(line) for line in lines] == [KEYS, [*KEYS, "error"], KEYS, [*KEYS, "error"]]
    assert [line["error"]["code"] for line in lines if "error" in line] == ["not_a_file", "unsupported_type"]
    assert lines[1]["value"] is None
    assert lines[1]["reasons"]
    assert (lines[0]["value"], lines[2]["value"]) == ("47110", "815")
    assert len(lines[0]["characters"]) == 5
    assert answer.returncode == 4


def test_read_of_nothing_readable_ends_with_5(tmp_path):
    assert typed("read", tmp_path / "none.png").returncode == 5


def test_a_blank_crop_is_read_as_nothing(tmp_path):
    Image.fromarray(np.full((60, 200), 255, np.uint8)).save(tmp_path / "blank.png")
    (line,) = [json.loads(line) for line in typed("read", tmp_path / "blank.png").stdout.splitlines()]
    assert line["value"] is None
    assert line["decision"] in ("blank", "review")


def test_read_loads_no_training_library_and_is_quick(tmp_path):
    """The promise is 2 s for one crop; processor time, so that a busy machine does not count."""
    crop = write_number(tmp_path / "a.png", "12345")
    script = (
        "import sys, resource\n"
        "from pipeline.cli import main\n"
        f"sys.argv = ['fieldreader', 'read', {str(crop)!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "usage = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print({'tensorflow', 'keras', 'prefect', 'sqlalchemy'} & set(sys.modules))\n"
        "print(usage.ru_utime + usage.ru_stime < 2)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.splitlines()[1:] == ["set()", "True"]
    assert answer.stderr == ""


@pytest.mark.parametrize("is_light_on_dark", [False, True], ids=["dark on light", "light on dark"])
def test_digit_reads_either_polarity_and_any_size(tmp_path, is_light_on_dark):
    rng = np.random.default_rng(5)
    ink = np.pad(draw_digit(7, random_hand(rng), rng, height_px=200), 60)
    Image.fromarray(ink if is_light_on_dark else 255 - ink).save(tmp_path / "seven.png")
    answer = typed("digit", tmp_path / "seven.png", "--format", "json")
    line = json.loads(answer.stdout)
    assert (line["digit"], answer.returncode) == (7, 0)
    assert line["top"][0]["digit"] == 7
    assert len(line["top"]) == 3


def test_a_blank_picture_shows_no_digit(tmp_path):
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "blank.png")
    assert "not one digit" in typed("digit", tmp_path / "blank.png").stdout


# --- models, doctor ------------------------------------------------------------------------------


def test_models_show_which_one_is_in_service():
    answer = typed("models", "list")
    assert answer.returncode == 0
    assert "in service" in answer.stdout


def test_an_unknown_model_is_refused_with_those_there_are():
    answer = typed("models", "promote", "best-ever")
    assert answer.returncode == 2
    assert "there are fieldreader-1" in answer.stderr


def test_doctor_finds_a_whole_installation(own_state):
    answer = typed("doctor", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(answer.stdout)}
    assert answer.returncode == 0
    assert findings["model"]["state"] == "good"
    assert str(own_state) in findings["review queue"]["found"]


def test_doctor_says_what_is_missing(tmp_path):
    answer = typed("doctor", FIELDREADER_TEMPLATES=str(tmp_path / "none"), PATH="")
    assert answer.returncode == 2
    assert "missing" in answer.stdout
    assert "apt-get install poppler-utils" in answer.stdout


@pytest.mark.slow
def test_a_run_logs_json_and_figures_moves_originals_and_can_be_purged(inbox, tmp_path):
    (inbox / "survey-blank.pdf").unlink()
    answer = fieldreader(
        "--log-json", "run", "inbox", "-o", "out", "-t", SAMPLES / "templates", "--archive", "done", "--metrics",
        "fieldreader.prom", "--overlays", "out/overlays", "--quiet", cwd=tmp_path,
    )  # fmt: skip
    lines = [json.loads(line) for line in answer.stderr.splitlines()]
    assert [line["file"] for line in lines if "file" in line] == ["inbox/giro-clean.png", f"inbox/{BROKEN}"]
    assert lines[-1]["seen"] == 2
    (result,) = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("giro-clean*.json")]
    values = [field["value"] for field in result["documents"][0]["fields"].values() if field["value"]]
    assert values
    assert not any(value in answer.stderr for value in values)
    assert 'outcome="failed"} 1' in (tmp_path / "fieldreader.prom").read_text()
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["giro-clean.png"]
    assert [path.name for path in inbox.iterdir()] == [BROKEN]

    purged = fieldreader("purge", "out", "--older-than", "0h", "--json", cwd=tmp_path)
    assert json.loads(purged.stdout)["results"] == 2
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    assert (tmp_path / "done" / "giro-clean.png").is_file()
