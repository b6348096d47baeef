"""`fieldreader evaluate digits`: the figures, the page and the pictures, with the shipped network."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import DatasetError, ModelError
from recognizer.model_store import shipped_bundle
from recognizer.normalize import normalize_digits
from recognizer.pen import draw_digit, random_hand

LABELS = np.arange(30) % 10


@pytest.fixture(scope="module")
def own_digits(tmp_path_factory):
    """Thirty drawn digits, two of them with a wrong label: a zero called 5 and an eight called 1."""
    rng = np.random.default_rng(8)
    inks = [draw_digit(int(label), random_hand(rng), rng, height_px=60) for label in LABELS]
    labels = LABELS.copy()
    labels[[0, 8]] = 5, 1
    path = tmp_path_factory.mktemp("digits") / "own.npz"
    np.savez(path, x=255 - normalize_digits(inks), y=labels)
    return path


def evaluate(*arguments):
    return CliRunner().invoke(app, ["evaluate", "digits", *map(str, arguments)], catch_exceptions=False)


def test_figures_come_as_json_on_stdout(own_digits):
    answer = evaluate("--data", own_digits, "--format", "json")
    said = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert said["n"] == 30
    assert said["accuracy"] == said["right"] / 30
    assert sum(map(sum, said["confusion"])) == 30
    assert sum(said["confusion"][digit][digit] for digit in range(10)) == said["right"]
    assert {"row 0", "row 8"} <= {error["place"] for error in said["worst"]}
    assert said["model"]["name"] == "fieldreader"


def test_figures_come_as_a_table_for_people(own_digits):
    answer = evaluate("--data", own_digits)
    assert "read right" in answer.stdout
    assert "30 digits" in answer.stdout


def test_the_model_named_is_the_one_evaluated(own_digits, tmp_path):
    assert evaluate("--data", own_digits, "--model", shipped_bundle(), "--format", "json").exit_code == 0
    with pytest.raises(ModelError, match="no model in"):
        evaluate("--data", own_digits, "--model", tmp_path)


def test_the_page_stands_alone_and_its_pictures_lie_beside_it(own_digits, tmp_path):
    out = tmp_path / "report"
    answer = evaluate("--data", own_digits, "--out", out)
    assert str(out / "evaluation.html") in answer.stderr.replace("\n", "")
    page = (out / "evaluation.html").read_text()
    assert not re.search(r"https?:|<script|<link|url\(", page), "nothing is fetched from elsewhere"
    assert set(re.findall(r'(?:src|srcset)="([^",]{0,14})', page)) == {"data:image/png"}
    assert "prefers-color-scheme: dark" in page
    assert "row 8" in page
    names = {file.name for file in out.glob("*.png")}
    assert names == {"predictions.png", "confusion.png", "reliability.png", "risk_coverage.png", "worst_errors.png"}
    for name in names:
        assert Image.open(io.BytesIO((out / name).read_bytes())).width > 300


def test_a_file_name_cannot_put_code_into_the_page(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "set" / "5").mkdir(parents=True)
    ink = draw_digit(0, random_hand(rng), rng, height_px=60)
    Image.fromarray(255 - ink).save(tmp_path / "set" / "5" / "<img src=x onerror=alert(1)>.png")
    evaluate("--data", tmp_path / "set", "--out", tmp_path / "report")
    assert "<img src=x" not in (tmp_path / "report" / "evaluation.html").read_text()


def test_data_that_do_not_fit_end_it_with_the_file_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.npz does not exist"):
        evaluate("--data", tmp_path / "none.npz")
