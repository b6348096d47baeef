"""A template drawn over scans: where its fields are cut out, and whether the page is that form at all."""

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.document import Page, RegistrationStatus
from pipeline.errors import NotAFileError
from pipeline.storage.marked_page import ERROR_COLOUR
from pipeline.templating.preview import COMB_COLOUR, LINE_COLOUR, preview_page
from tests.stages.forms import AMOUNT_MM, COMB_MM, DPI, blank_form, scan, template


def pixels_of(picture, rgb):
    ys, xs = np.nonzero((picture == rgb[::-1]).all(axis=2))
    return xs, ys


@pytest.mark.parametrize("turn", [0, 180])
def test_fields_are_drawn_where_they_lie_on_the_scan(turn):
    page, mm_to_page = scan(blank_form(), turn=turn, skew_deg=2.0)
    drawn = preview_page(page, template(), "scan.png")
    assert drawn.registration.status is RegistrationStatus.OK
    assert drawn.field_count == 2
    zoom = drawn.picture.shape[1] / page.gray.shape[1]
    for rect, colour in ((COMB_MM, COMB_COLOUR), (AMOUNT_MM, LINE_COLOUR)):
        corner = mm_to_page @ (rect.left, rect.top, 1)
        xs, ys = pixels_of(drawn.picture[: round(page.gray.shape[0] * zoom)], colour)
        assert np.hypot(xs - corner[0] * zoom, ys - corner[1] * zoom).min() < 6


def test_a_page_that_is_another_form_is_said_to_be_none():
    page = Page(1, cv2.flip(blank_form(), 1), DPI)
    drawn = preview_page(page, template(), "scan.png")
    assert (drawn.registration.status, drawn.field_count) == (RegistrationStatus.FAILED, 0)
    assert len(pixels_of(drawn.picture, ERROR_COLOUR)[0]) > 50


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def form(tmp_path):
    Image.fromarray(blank_form()).save(tmp_path / "slip.png", dpi=(DPI, DPI))
    runner = CliRunner()
    runner.invoke(app, ["template", "draft", str(tmp_path / "slip.png"), "-o", str(tmp_path / "forms")])
    return tmp_path / "forms" / "slip.yaml"


def preview(*arguments):
    return CliRunner().invoke(app, ["template", "preview", *map(str, arguments)], catch_exceptions=False)


def test_the_picture_is_written_and_named(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = preview(form, tmp_path / "slip.png")
    assert (answer.exit_code, answer.stdout) == (0, "slip-preview.png\n")
    assert cv2.imread(str(tmp_path / "slip-preview.png")).shape[1] == 900


def test_every_page_has_a_picture_and_strange_ones_show_in_the_exit_code(form, tmp_path):
    other = cv2.flip(blank_form(), 1)
    pages = [Image.fromarray(gray) for gray in (blank_form(), other)]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:], dpi=(DPI, DPI))
    answer = preview(form, tmp_path / "two.tif", "--out", tmp_path / "look.png")
    assert answer.exit_code == 4
    assert answer.stdout.split() == [str(tmp_path / "look.png"), str(tmp_path / "look-p2.png")]
    pages[1].save(tmp_path / "other.png", dpi=(DPI, DPI))
    assert preview(form, tmp_path / "other.png", "--out", tmp_path / "look.png").exit_code == 5


def test_a_scan_that_is_not_there_is_named(form, tmp_path):
    with pytest.raises(NotAFileError, match=r"no\.png does not exist"):
        preview(form, tmp_path / "no.png")
