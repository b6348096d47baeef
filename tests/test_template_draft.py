"""A blank form becomes a template that loads at once and lies on its boxes."""

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.document import FieldKind, Page
from pipeline.errors import DamagedFileError, OutputError, TemplateError
from pipeline.stages.register import register_page
from pipeline.storage.template_files import save_new_template
from pipeline.storage.templates import load_templates
from pipeline.templating.draft import draft_template
from tests.stages.forms import AMOUNT_MM, COMB_MM, DPI, SIZE_MM, blank_form, scan

TOLERANCE_MM = 0.7


def edges(rect):
    return (rect.left, rect.top, rect.left + rect.width, rect.top + rect.height)


def draft(*arguments):
    return CliRunner().invoke(app, ["template", "draft", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def blank(tmp_path):
    path = tmp_path / "Zahlschein 3.png"
    Image.fromarray(blank_form()).save(path, dpi=(DPI, DPI))
    return path


def test_draft_finds_the_boxes_in_reading_order_and_loads_at_once(blank, tmp_path):
    answer = draft(blank, "--out", tmp_path / "templates")
    assert answer.exit_code == 0
    assert answer.stdout.strip().endswith("Zahlschein-3.yaml")
    (template,) = load_templates(tmp_path / "templates")
    assert template.page_size_mm == pytest.approx(SIZE_MM, abs=0.3)
    assert [(f.name, f.kind, f.cells) for f in template.fields] == [
        ("field_1", FieldKind.DIGITS, 6),
        ("field_2", FieldKind.DIGITS, None),
    ]
    for spec, truth in zip(template.fields, (COMB_MM, AMOUNT_MM), strict=True):
        assert edges(spec.region_mm) == pytest.approx(edges(truth), abs=TOLERANCE_MM)


def test_lines_for_a_person_are_marked(blank, tmp_path):
    draft(blank, "--out", tmp_path)
    text = (tmp_path / "Zahlschein-3.yaml").read_text()
    assert text.count("# decide:") == 2
    assert "a date or a postal code?" in text


@pytest.mark.parametrize("existing", ["Zahlschein-3.yaml", "Zahlschein-3.png"])
def test_what_is_there_is_not_overwritten(blank, existing, tmp_path):
    out = tmp_path / "templates"
    out.mkdir()
    (out / existing).write_text("precious")
    with pytest.raises(OutputError, match="exists and is not overwritten"):
        draft(blank, "--out", out)
    assert [path.name for path in out.iterdir()] == [existing]
    assert (out / existing).read_text() == "precious"


def test_a_leaning_blank_is_levelled():
    page, _ = scan(blank_form(), skew_deg=3.0)
    drafted = draft_template([page], "form")
    again = draft_template([Page(1, drafted.pictures["form.png"], DPI)], "form")
    assert drafted.field_count == again.field_count == 2
    assert abs(register_page(page, ()).skew_deg) > 2.9
    assert abs(register_page(Page(1, drafted.pictures["form.png"], DPI), ()).skew_deg) < 0.15


def test_pages_of_a_form_have_a_picture_each():
    drafted = draft_template([Page(1, blank_form(0), DPI), Page(2, blank_form(1), DPI)], "form")
    assert list(drafted.pictures) == ["form-1.png", "form-2.png"]
    assert "reference: [form-1.png, form-2.png]" in drafted.text
    assert [line.strip() for line in drafted.text.splitlines() if line.startswith("    page:")] == [
        "page: 1",
        "page: 1",
        "page: 2",
        "page: 2",
    ]


@pytest.mark.parametrize(
    ("shape", "dpi", "is_doubtful", "expected"),
    [
        pytest.param((3508, 2480), 300, False, "width_mm: 210, height_mm: 297", id="A4 at 300 dpi"),
        pytest.param((3300, 2550), 300, False, "width_mm: 215.9, height_mm: 279.4", id="Letter"),
        pytest.param((3508, 2400), 300, False, "width_mm: 203.2, height_mm: 297", id="cut off: as measured"),
        pytest.param((1754, 1240), 72, True, "width_mm: 210, height_mm: 297", id="A4 by its shape"),
        pytest.param((874, 1240), 72, True, "width_mm: 210, height_mm: 148", id="A5 by a resolution scanners have"),
        pytest.param((1000, 1240), 72, True, "guessed", id="no paper's shape"),
    ],
)
def test_paper_is_measured_or_guessed_and_said_to_be(shape, dpi, is_doubtful, expected):
    form = np.full(shape, 250, np.uint8)
    size = max(shape) // 45  # about 7 mm on A4
    for cell in range(6):
        left = 200 + cell * size
        cv2.rectangle(form, (left, 300), (left + size, 300 + round(1.2 * size)), 60, 2)
    assert expected in draft_template([Page(1, form, dpi, is_doubtful)], "form").text


def test_a_form_without_boxes_is_refused_with_a_way_out():
    with pytest.raises(TemplateError, match="written by hand"):
        draft_template([Page(1, np.full((1000, 800), 255, np.uint8), 150)], "form")


def test_pages_of_different_shape_are_refused():
    pages = [Page(1, blank_form(), DPI), Page(2, blank_form().T.copy(), DPI)]
    with pytest.raises(TemplateError, match="page 2 has another shape"):
        draft_template(pages, "form")


@pytest.mark.parametrize("name", ["null", "../up", "2026", "ä ö", "..."])
def test_any_name_becomes_a_file_and_a_name_that_load(name, tmp_path):
    drafted = draft_template([Page(1, blank_form(), DPI)], name)
    saved = save_new_template(tmp_path / "out", drafted.name, drafted.text, drafted.pictures)
    assert saved.parent == tmp_path / "out"
    assert load_templates(tmp_path / "out")[0].identity.name == drafted.name


def test_a_file_that_is_no_form_is_named(tmp_path):
    path = tmp_path / "blank.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 50)
    with pytest.raises(DamagedFileError, match=r"blank\.png"):
        draft(path, "--out", tmp_path / "out")
