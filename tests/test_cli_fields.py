"""`fieldreader evaluate fields` and `fieldreader calibrate`, from files to files."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.confidence.operating_point import load_operating_point
from pipeline.document import Page
from pipeline.errors import DatasetError, ModelError
from pipeline.evaluating.field_report import CROP_HEIGHT, field_crop
from pipeline.storage.results import write_result
from recognizer.bundle import OPERATING_POINT, open_bundle
from recognizer.model_store import champion
from tests.labelled_samples import field, result, write_all


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_figures_come_as_json_and_as_a_table(tmp_path):
    results, truth = write_all(tmp_path)
    said = json.loads(run("evaluate", "fields", results, truth, "--format", "json").stdout)
    assert (said["fields"], said["read"], said["substitutions"]) == (8, 5, 2)
    table = run("evaluate", "fields", results, truth).stdout
    assert "62.50%" in table
    assert "5 of 8 fields" in table


def test_the_page_stands_alone(tmp_path):
    results, truth = write_all(tmp_path)
    answer = run("evaluate", "fields", results, truth, "--out", tmp_path / "report")
    assert answer.exit_code == 0
    page = (tmp_path / "report" / "fields.html").read_text()
    assert not re.search(r"https?:|<script|<link|url\(", page), "nothing is fetched from elsewhere"
    assert "5 of 8" not in page
    assert "2 of the 5 are wrong" in page
    assert {file.name for file in (tmp_path / "report").glob("*.png")} == {"error_reject.png", "digit_confusion.png"}


def test_errors_are_shown_only_when_the_scan_is_the_one_that_was_read(tmp_path):
    results, truth = write_all(tmp_path)
    (tmp_path / "inbox").mkdir()
    Image.fromarray(np.full((30, 60), 200, np.uint8)).save(tmp_path / "inbox" / "b.png")
    run("evaluate", "fields", results, truth, "--inbox", tmp_path / "inbox", "--out", tmp_path / "report")
    assert "field as scanned" not in (tmp_path / "report" / "fields.html").read_text()


def test_a_field_is_shown_upright_with_a_margin():
    gray = np.full((100, 100), 255, np.uint8)
    gray[20:40, 30:70] = 0
    upright = field_crop(Page(1, gray, 300.0), ((30, 20), (70, 20), (70, 40), (30, 40)))
    turned = field_crop(Page(1, np.rot90(gray, -1), 300.0), ((80, 30), (80, 70), (60, 70), (60, 30)))
    assert upright.shape == turned.shape == (CROP_HEIGHT, round(CROP_HEIGHT * 2.4 / 1.4))
    assert upright[CROP_HEIGHT // 2, 60] == turned[CROP_HEIGHT // 2, 60] == 0
    assert upright[2, 2] == turned[2, 2] == 255


# --- calibrate -----------------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDREADER_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def write_many(folder, count, wrong, model):
    rows = ["file,field,value"]
    for number in range(count):
        confidence = 0.99 - 0.5 * number / count
        name = f"{chr(97 + number % 26)}{number:04d}.png"
        one = result(name, (field("code", "12", confidence),), model=model)
        write_result(folder / "out", type(one)(**{**_parts(one), "source_id": f"{number:064x}"}))
        rows.append(f"{name},code,{13 if number >= count - wrong else 12}")
    (folder / "truth.csv").write_text("\n".join(rows) + "\n")
    return folder / "out", folder / "truth.csv"


def _parts(one):
    return {name: getattr(one, name) for name in one.__slots__}


def test_a_copy_of_the_model_takes_the_thresholds_and_the_model_stays_as_it_is(tmp_path, state):
    before = champion(state / "models")
    results, truth = write_many(tmp_path, 100, 10, before.sha256)
    answer = run("calibrate", results, truth, "--name", "ours")
    assert answer.exit_code == 0
    assert "fieldreader models promote ours-1" in answer.stdout
    assert "100 labelled fields of 100 forms" in answer.stdout
    bundle = open_bundle(state / "models" / "ours-1")
    assert (bundle.name, bundle.version, bundle.parent) == ("ours", "1", before.sha256)
    assert {n: h for n, h in bundle.files.items() if n != OPERATING_POINT} == {
        n: h for n, h in before.files.items() if n != OPERATING_POINT
    }
    point = load_operating_point(bundle.file(OPERATING_POINT))
    threshold = point.threshold("comb", 0.05)
    assert threshold.is_certified
    assert point.threshold("free", 0.05) == threshold
    assert threshold.value > 0.99 - 0.5 * 91 / 100, "at most one of the ten wrong ones lies above"
    assert not point.threshold("comb", 0.01).is_certified
    assert champion(state / "models").sha256 == before.sha256


def test_a_second_calibration_is_the_next_version(tmp_path, state):
    results, truth = write_many(tmp_path, 5, 0, champion(state / "models").sha256)
    run("calibrate", results, truth)
    assert "calibrated-2" in run("calibrate", results, truth).stdout


def test_results_of_another_model_are_refused(tmp_path, state):
    results, truth = write_all(tmp_path)
    with pytest.raises(DatasetError, match="not all read by the model in service"):
        run("calibrate", results, truth)


def test_a_name_that_leaves_the_store_is_refused(tmp_path, state):
    results, truth = write_many(tmp_path, 3, 0, champion(state / "models").sha256)
    with pytest.raises(ModelError, match="cannot be the name"):
        run("calibrate", results, truth, "--name", "../x")
