"""Errors and warnings about templates, each where a person has to look."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.templating.lint import Severity, lint_templates
from tests.stages.forms import AMOUNT_MM, COMB_MM, PX_PER_MM, SIZE_MM, blank_form

SOUND = """\
name: slip
version: "1"
page: {width_mm: 150, height_mm: 105}
reference: slip.png
fields:
  - name: account
    kind: account
    region_mm: {left: 20, top: 30, width: 42, height: 7}
    cells: 6
  - name: amount
    kind: amount
    region_mm: {left: 90, top: 30, width: 40, height: 9}
rules: []
"""


@pytest.fixture
def folder(tmp_path):
    assert SIZE_MM == (150.0, 105.0)
    assert (COMB_MM.left, AMOUNT_MM.left) == (20, 90)
    Image.fromarray(blank_form()).save(tmp_path / "slip.png")
    return tmp_path


def lint(folder, text, name="slip.yaml"):
    path = folder / name
    path.write_text(text)
    return [(finding.line, finding.severity, finding.message) for finding in lint_templates([path])]


def test_a_sound_template_has_no_finding(folder):
    assert lint(folder, SOUND) == []


def test_the_templates_that_come_with_the_program_have_no_finding(pytestconfig):
    files = sorted((pytestconfig.rootpath / "sample_docs" / "templates").glob("*.yaml"))
    assert len(files) == 4
    assert lint_templates(files) == ()


COMB = "    region_mm: {left: 20, top: 30, width: 42, height: 7}\n    cells: 6\n"
LINE = "    region_mm: {left: 90, top: 30, width: 40, height: 9}\n"
WARNINGS = {
    "cells that are not printed": (COMB, COMB.replace("6", "7"), 9, "6 cells are printed here, at left: "),
    "half of a comb": (COMB, COMB.replace("42", "21").replace("6", "3"), 9, "6 cells are printed here"),
    "comb half a cell off": (COMB, COMB.replace("20,", "23.5,"), 9, "the 6 cells printed here lie at left: 20"),
    "comb on plain paper": (COMB, COMB.replace("30,", "60,"), 9, "walls of 6 cells cannot be seen here"),
    "comb taken for a line": ("    cells: 6\n", "", 8, "6 cells are printed here; say cells: 6"),
    "line on plain paper": (LINE, LINE.replace("30,", "65,"), 12, "no printed line or box within 2 mm"),
    "overlap": (LINE, LINE.replace("left: 90", "left: 50").replace("40", "85"), 12, "overlaps account by"),
    "twice the same place": (LINE, COMB, 12, "lies on the same place as account"),
    "too low": (LINE, LINE.replace("height: 9", "height: 2"), 12, "2 mm high holds no line"),
    "cells for ants": ("cells: 6", "cells: 20", 9, "20 cells in 42 mm are 2.1 mm each"),
    "fewer digits than cells": ("cells: 6", "cells: 6\n    length: 4", 10, "leave 2 empty"),
    "date of seven digits": ("kind: account", "kind: date\n    length: 5", 8, "a date has 6 or 8 digits, not 5"),
    "code of no length": ("kind: account", "kind: postal_code", 7, "without country or length"),
    "code of unknown length": ("kind: account", "kind: postal_code\n    country: QQ", 8, "is not known; say length"),
    "length of another country": (
        "kind: account",
        "kind: postal_code\n    country: US\n    length: 6",
        9,
        "postal codes of US have 5 or 9 digits, not 6",
    ),
    "too few cells for the country": ("kind: account", "kind: postal_code\n    country: JP", 10, "6 cells are too few"),
    "rule of another kind": (LINE, LINE + "    rules: [luhn]\n", 13, "luhn is a rule for account, digits, not for"),
    "rule for a longer number": ("cells: 6", "cells: 6\n    rules: [aba_routing]", 10, "asks for 9 digits"),
    "rule twice": ("cells: 6", "cells: 6\n    rules: [luhn, luhn]", 10, "luhn is asked for twice"),
    "range out of reach": ("cells: 6", "cells: 6\n    rules: [{range: {min: 1000000}}]", 10, "never reach 1000000"),
    "letters in a pattern": (
        "cells: 6",
        'cells: 6\n    rules: [{regex: {pattern: "AB\\\\d{4}"}}]',
        10,
        "asks for the letter A",
    ),
    "list with other spelling": (
        LINE,
        LINE + "    rules: [{one_of_file: {file: fees.txt}}]\n",
        13,
        '2 of 3 lines of fees.txt can never be read; values look like "1234.50"',
    ),
    "never sure enough": (LINE, LINE + "    threshold: 1\n", 13, "nothing is ever that sure"),
    "more wrong than right": (LINE, LINE + "    threshold: 0.3\n", 13, "more likely wrong than right"),
    "threshold beside a budget": (LINE, LINE + "    threshold: 0.9\n    max_error: 0.1\n", 13, "wins over max_error"),
    "equal of unlike kinds": ("rules: []", "rules: [{equal: {fields: [account, amount]}}]", 13, "written differently"),
    "sum with itself": (
        "rules: []",
        "rules: [{sum: {fields: [amount, account], equals: amount}}]",
        13,
        "counts amount among its own parts",
    ),
    "stretched page": ("height_mm: 105", "height_mm: 102.5", 3, "off the shape of the reference"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_cannot_be_meant_is_a_warning_with_its_line(old, new, line, message, folder):
    assert old in SOUND
    (folder / "fees.txt").write_text("12.50\n12,50\n12\n")
    found = lint(folder, SOUND.replace(old, new, 1))
    assert any(place == line and message in text for place, _, text in found), found
    assert {severity for _, severity, _ in found} == {Severity.WARNING}


def test_errors_and_warnings_come_together_and_all_at_once(folder):
    text = SOUND.replace("kind: account", "knd: account").replace("height: 9}", "height: 2}") + "other: 1\n"
    found = lint(folder, text)
    assert [(line, severity) for line, severity, _ in found] == [
        (6, Severity.ERROR),
        (7, Severity.ERROR),
        (12, Severity.WARNING),
        (14, Severity.ERROR),
    ]


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        pytest.param(np.full((630, 900), 255, np.uint8), "is blank, or nearly so", id="blank"),
        pytest.param(
            cv2.resize(blank_form(), (400, 280), interpolation=cv2.INTER_AREA), "68 dpi, too little", id="small"
        ),
        pytest.param(
            cv2.resize(blank_form(), (530, 371), interpolation=cv2.INTER_AREA), "90 dpi; 150 show", id="coarse"
        ),
    ],
)
def test_a_reference_that_shows_too_little_is_a_warning(picture, message, folder):
    Image.fromarray(picture).save(folder / "slip.png")
    found = lint(folder, SOUND)
    assert any(line == 4 and message in text for line, _, text in found), found


def test_a_filled_in_form_for_a_reference_is_a_warning(folder):
    form = blank_form()
    for cell in range(5):
        x = round((COMB_MM.left + 7 * cell + 3.5) * PX_PER_MM)
        cv2.line(form, (x, 188), (x, 214), 30, 4)
    Image.fromarray(form).save(folder / "slip.png")
    found = [(line, message) for line, _, message in lint(folder, SOUND)]
    assert (4, "5 of 6 cells hold something on the reference; is that the empty form?") in found


def test_forms_that_cannot_be_told_apart_are_both_named(folder):
    first, second = folder / "a.yaml", folder / "b.yaml"
    first.write_text(SOUND)
    second.write_text(SOUND.replace("name: slip", "name: other"))
    found = lint_templates([first, second])
    assert [(finding.file, finding.line) for finding in found] == [(first, 4), (second, 4)]
    assert all("cannot be told from another form" in finding.message for finding in found)


def test_forms_with_different_print_are_told_apart(folder):
    first, second = folder / "a.yaml", folder / "b.yaml"
    first.write_text(SOUND)
    second.write_text(SOUND.replace("name: slip", "name: other").replace("slip.png", "other.png"))
    Image.fromarray(blank_form(5)).save(folder / "other.png")
    assert lint_templates([first, second]) == ()


def test_one_name_for_two_forms_is_an_error(folder):
    first, second = folder / "a.yaml", folder / "b.yaml"
    first.write_text(SOUND)
    second.write_text(SOUND.replace("slip.png", "other.png"))
    Image.fromarray(blank_form(5)).save(folder / "other.png")
    (finding,) = lint_templates([first, second])
    assert (finding.file, finding.line, finding.severity) == (second, 1, Severity.ERROR)


# --- the command -----------------------------------------------------------------------------------


def check(*arguments):
    return CliRunner().invoke(app, ["template", "check", *map(str, arguments)], catch_exceptions=False)


def test_findings_are_lines_that_an_editor_can_follow(folder):
    path = folder / "slip.yaml"
    path.write_text(SOUND.replace("cells: 6", "cells: 0").replace("height: 9}", "height: 2}"))
    answer = check(path)
    assert answer.exit_code == 2
    assert answer.stdout.splitlines() == [
        f"{path}:9: error: 0 must be at least 1",
        f"{path}:12: warning: a field 2 mm high holds no line of handwriting",
    ]
    assert "1 template: 1 error, 1 warning" in answer.stderr


def test_warnings_alone_are_no_failure(folder):
    path = folder / "slip.yaml"
    path.write_text(SOUND.replace("height: 9}", "height: 2}"))
    answer = check(path, "--json")
    assert answer.exit_code == 0
    assert [(item["line"], item["severity"]) for item in json.loads(answer.stdout)] == [(12, "warning")]


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    answer = check(tmp_path / "no.yaml")
    assert answer.exit_code == 2
    assert "no.yaml: error: cannot read the template" in answer.stdout
