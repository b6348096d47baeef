"""The shipped samples: the truth covers them, they open, templates fit them, and the generator draws them again."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.document import Decision, FieldKind, Page, Reason
from pipeline.errors import DamagedFileError
from pipeline.storage.intake import list_inbox, take_in
from pipeline.storage.scans import open_pages
from pipeline.storage.templates import load_templates
from pipeline.values.rules import luhn, mod11
from sample_docs.generator.__main__ import SEED
from sample_docs.generator.design import reference_picture, template_text
from sample_docs.generator.drawing import draw_file
from sample_docs.generator.samples import DESIGNS, FILES, FileSample
from sample_docs.generator.truth import readme_text, truth_text

SAMPLES = Path(__file__).parents[2] / "sample_docs"
INBOX, TEMPLATES = SAMPLES / "inbox", SAMPLES / "templates"
MAX_INBOX_BYTES = 8_000_000
SOUND = [sample for sample in FILES if not sample.is_cut_short]
BROKEN = [sample for sample in FILES if sample.is_cut_short]
SMALL = "giro-bilevel.pdf"

with (SAMPLES / "truth.csv").open(encoding="utf-8", newline="") as opened:
    TRUTH = list(csv.DictReader(opened))


def pages_of(sample: FileSample) -> list[Page]:
    return list(open_pages(take_in(INBOX / sample.name)))


def sample_named(name: str) -> FileSample:
    return next(sample for sample in FILES if sample.name == name)


def test_the_inbox_holds_the_files_of_the_list_and_no_more() -> None:
    assert [path.name for path in list_inbox(INBOX)] == sorted(sample.name for sample in FILES)
    assert len(FILES) >= 16


def test_the_inbox_is_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in INBOX.iterdir()) <= MAX_INBOX_BYTES


def test_truth_covers_every_file_page_and_field_once() -> None:
    told = [(row["file"], row["page"], row["template"], row["field"]) for row in TRUTH if row["field"]]
    drawn = [
        (sample.name, str(page), form.design.name, item.name)
        for sample in SOUND
        for page, form in enumerate(sample.forms, start=1)
        for item in form.design.fields
    ]
    assert told == drawn
    assert {row["file"] for row in TRUTH} == {sample.name for sample in FILES}


def test_there_is_enough_to_measure_on() -> None:
    assert sum(row["readable"] == "yes" for row in TRUTH) >= 60
    assert sum(len(sample.forms) for sample in SOUND) >= 25
    hands = [form.hand for sample in SOUND for form in sample.forms]
    assert len(set(hands)) == len(hands)


@pytest.mark.parametrize("row", TRUTH, ids=lambda row: f"{row['file']}-{row['page']}-{row['field']}")
def test_values_are_written_as_in_results(row: dict[str, str]) -> None:
    value = row["value"]
    assert (row["readable"] == "yes") == bool(value)
    if not value:
        return
    match FieldKind(row["kind"]):
        case FieldKind.AMOUNT:
            assert f"{Decimal(value):.2f}" == value
        case FieldKind.DATE:
            assert dt.date.fromisoformat(value).isoformat() == value
        case _:
            assert value.isdigit()


@pytest.mark.parametrize(("field", "check"), [("account", mod11), ("reference", luhn), ("student_id", luhn)])
def test_check_digits_hold_where_the_truth_expects_acceptance(field: str, check: object) -> None:
    assert callable(check)
    rows = [row for row in TRUTH if row["field"] == field and row["value"]]
    assert rows
    assert {row["expected"] == "accepted" for row in rows if check(row["value"])} == {True}
    assert all(row["reason"] == "rule_failed:luhn" for row in rows if not check(row["value"]))


def test_what_is_expected_is_in_the_vocabulary() -> None:
    reasons = {str(reason) for reason in Reason} | {"rule_failed:luhn", DamagedFileError.code, ""}
    assert {row["reason"] for row in TRUTH} <= reasons
    assert {row["expected"] for row in TRUTH} == {str(decision) for decision in Decision} | {"failed"}
    assert {"struck_out", "not_a_digit", "required_blank"} <= {row["reason"] for row in TRUTH}


@pytest.mark.parametrize("sample", SOUND, ids=lambda sample: sample.name)
def test_every_sound_file_opens_with_its_pages_at_their_resolution(sample: FileSample) -> None:
    pages = pages_of(sample)
    assert len(pages) == len(sample.forms)
    for page, form in zip(pages, sample.forms, strict=True):
        assert page.dpi == pytest.approx(form.dpi, rel=0.01)
        assert page.gray.mean() > 150
        sides = sorted(side / page.dpi * 25.4 for side in page.gray.shape)
        assert sides == pytest.approx(sorted((form.design.width_mm, form.design.height_mm)), abs=14)


@pytest.mark.parametrize("sample", BROKEN, ids=lambda sample: sample.name)
def test_the_broken_file_is_damaged(sample: FileSample) -> None:
    with pytest.raises(DamagedFileError):
        pages_of(sample)


def test_templates_load_and_describe_the_forms() -> None:
    loaded = {template.identity.name: template for template in load_templates(TEMPLATES)}
    assert set(loaded) == {design.name for design in DESIGNS}
    for design in DESIGNS:
        template = loaded[design.name]
        assert template.page_size_mm == (design.width_mm, design.height_mm)
        assert [(f.name, str(f.kind), f.cells) for f in template.fields] == [
            (f.name, f.kind, f.cells) for f in design.fields
        ]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_shipped_templates_are_those_the_generator_writes(design: object) -> None:
    (form,) = (d for d in DESIGNS if d is design)
    assert (TEMPLATES / f"{form.name}.yaml").read_text(encoding="utf-8") == template_text(form)
    shipped = cv2.imread(str(TEMPLATES / f"{form.name}.png"), cv2.IMREAD_GRAYSCALE)
    # Another version of Pillow may set the print a shade differently.
    assert np.abs(shipped.astype(int) - reference_picture(form)).mean() < 1.5


def test_shipped_truth_and_readme_are_those_the_generator_writes() -> None:
    assert (SAMPLES / "truth.csv").read_text(encoding="utf-8") == truth_text()
    assert (SAMPLES / "README.md").read_text(encoding="utf-8") == readme_text(SEED)


def test_drawing_a_file_twice_gives_the_same_bytes() -> None:
    sample = sample_named(SMALL)
    assert draw_file(sample, SEED) == draw_file(sample, SEED)


def test_another_seed_is_another_writer() -> None:
    sample = sample_named(SMALL)
    assert draw_file(sample, SEED) != draw_file(sample, SEED + 1)


@pytest.mark.slow
@pytest.mark.parametrize("sample", SOUND, ids=lambda sample: sample.name)
def test_shipped_files_show_what_the_generator_draws(sample: FileSample, tmp_path: Path) -> None:
    path = tmp_path / sample.name
    path.write_bytes(draw_file(sample, SEED))
    for shipped, drawn in zip(pages_of(sample), open_pages(take_in(path)), strict=True):
        assert np.abs(shipped.gray.astype(int) - drawn.gray).mean() < 3
