"""The page that explains a reading: it shows what was read with, holds everything, and asks for nothing."""

import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.document import (
    Decision,
    FieldKind,
    FieldReading,
    FieldSpec,
    FormTemplate,
    ModelIdentity,
    Page,
    Reason,
    RectMm,
    RuleSpec,
    TemplateIdentity,
    rule_failed,
)
from pipeline.errors import DamagedFileError, NoPagesError, NotAFileError
from pipeline.explaining.evidence import evidence_of
from pipeline.explaining.explain import explain_pages
from pipeline.explaining.page import Told, render_page
from pipeline.explaining.words import REASONS, RULES, percent, reason_words
from pipeline.process import ReadingOptions, read_pages
from pipeline.storage.template_rules import CROSS_RULES
from pipeline.values.rules import CHECKS
from recognizer.readings import StripCandidate
from tests.batch_parts import POINT, draw_form
from tests.stages.forms import AMOUNT_MM, COMB_MM, DPI, PX_PER_MM, SIZE_MM, blank_form
from tests.stages.scripted import ScriptedRecognizer, row

MODEL = ModelIdentity("scripted", "1", "0" * 64, POINT.label)
READER = ScriptedRecognizer(
    [row(1, 0.9)], [StripCandidate("11", -0.1, ((5.0, 30.0), (60.0, 90.0))), StripCandidate("17", -2.5)]
)


def filled_form():
    """The form of the registration tests with strokes in four of its six cells and two on its line."""
    form = blank_form()
    for place, width, number in ((COMB_MM, 7, 4), (AMOUNT_MM, 9, 2)):
        for index in range(number):
            x = round((place.left + (index + 0.5) * width) * PX_PER_MM)
            top, bottom = round((place.top + 1.5) * PX_PER_MM), round((place.top + place.height - 1.5) * PX_PER_MM)
            cv2.line(form, (x + 4, top), (x - 4, bottom), 20, 4, cv2.LINE_AA)
    return form


def template(**changes):
    fields = (
        FieldSpec("account", FieldKind.ACCOUNT, COMB_MM, cells=6, rules=(RuleSpec("luhn"),)),
        FieldSpec("amount", FieldKind.AMOUNT, AMOUNT_MM, threshold=0.5),
        FieldSpec("remark", FieldKind.DIGITS, RectMm(90, 64, 40, 5)),
    )
    arguments = {"identity": TemplateIdentity("slip", "1", "a" * 64), "page_size_mm": SIZE_MM, "fields": fields}
    return FormTemplate(**{**arguments, "references": (blank_form(),), **changes})


def pages(*grays):
    return iter([Page(number, gray, DPI) for number, gray in enumerate(grays, start=1)])


def explained(*grays, templates=(), only_page=None, reader=READER):
    return explain_pages(pages(*grays), templates, reader, POINT, ReadingOptions(), only_page)


def rendered(explanation, name="slip.png", forms=("slip",)):
    return render_page(explanation, Told(name, MODEL, 0.01, forms))


# --- what is kept ----------------------------------------------------------------------------------


def test_an_explanation_is_the_reading_itself():
    forms = [template()]
    explanation = explained(filled_form(), filled_form(), templates=forms)
    reading = read_pages(pages(filled_form(), filled_form()), forms, READER, POINT)
    assert [page.document for page in explanation.pages] == list(reading.documents)
    shown = [field.reading for page in explanation.pages for field in page.fields]
    assert shown == [field for document in reading.documents for field in document.fields]


def test_evidence_of_cells_is_what_the_digit_network_was_given():
    (page,) = explained(filled_form(), templates=[template()]).pages
    account, amount, _ = page.fields
    seen = evidence_of(account.trace, account.reading.raw)
    assert [tile.char for tile in seen.tiles] == ["1", "1", "1", "1", "", ""]
    assert [tile.picture is None for tile in seen.tiles] == [False] * 4 + [True] * 2
    assert {option.text for option in seen.tiles[0].options} >= {"1", "none"}
    assert next(option for option in seen.tiles[0].options if option.is_chosen).probability == pytest.approx(0.9)
    line = evidence_of(amount.trace, amount.reading.raw)
    assert [(string.text, string.is_chosen) for string in line.strings] == [("11", True), ("17", False)]
    assert line.spans == ((5.0, 30.0, "1"), (60.0, 90.0, "1"))
    assert line.paths[0].is_chosen


def test_ink_of_the_hand_stays_and_print_goes():
    (page,) = explained(filled_form(), templates=[template()]).pages
    seen = evidence_of(page.fields[0].trace, "1111")
    cell = seen.cells[1]
    wall = seen.ink.cleaned[cell.top + 4 : cell.bottom - 4, cell.left - 2 : cell.left + 3]
    stroke = seen.ink.cleaned[cell.top + 4 : cell.bottom - 4, cell.left + 4 : cell.right - 4]
    assert wall.min() > 200
    assert stroke.min() < 60
    assert np.ptp(seen.ink.pieces, axis=2).max() > 60, "pieces have colours"


def test_only_the_page_asked_for_is_kept():
    explanation = explained(filled_form(), filled_form(), filled_form(), templates=[template()], only_page=2)
    assert [(page.facts.number, page.document.number) for page in explanation.pages] == [(2, 2)]


def test_damage_of_one_page_costs_only_that_page():
    class Damaged:
        def __init__(self):
            self.left = [Page(1, filled_form(), DPI), DamagedFileError("is damaged", 2), Page(3, filled_form(), DPI)]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            page = self.left.pop(0)
            if isinstance(page, Exception):
                raise page
            return page

    explanation = explain_pages(Damaged(), [template()], READER, POINT, ReadingOptions())
    assert [page.facts.number for page in explanation.pages] == [1, 3]
    html = rendered(explanation)
    assert "damaged_file" in html
    assert "Page 2 is damaged" in re.sub(r"<[^>]+>|\s+", " ", html).replace("  ", " ")


# --- the page --------------------------------------------------------------------------------------


class Links(HTMLParser):
    """Every address in a page, and every id."""

    def __init__(self):
        super().__init__()
        self.addresses, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.ids += [value for name, value in attrs if name == "id"]


@pytest.mark.parametrize("forms", [(), ("slip",)], ids=["boxes", "template"])
def test_page_needs_no_other_file_and_its_links_lead_somewhere(forms):
    html = rendered(explained(filled_form(), filled_form(), templates=[template()] if forms else []), forms=forms)
    links = Links()
    links.feed(html)
    assert all(address.startswith(("data:image/", "#")) for address in links.addresses)
    assert {address[1:] for address in links.addresses if address.startswith("#")} <= set(links.ids)
    assert len(set(links.ids)) == len(links.ids)
    assert "<script" not in html
    assert "url(" not in html


def test_decision_threshold_and_rules_are_told_in_words():
    html = rendered(explained(filled_form(), templates=[template()]))
    text = re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))
    assert "Recognised as slip with a score of" in text
    assert "For a person to confirm or correct: the best reading is 1111" in text
    assert "the rule luhn fails: it is not so that the last digit is the Luhn check digit of the others" in text
    assert "For at most 1 % of accepted values wrong, the operating point (test estimated) asks for 90 %" in text
    assert "The template itself asks for 50 % here." in text
    assert "Blank: no writing was found, and the field may be empty." in text


def test_a_page_that_fits_no_form_says_so_and_draws_no_field():
    html = rendered(explained(cv2.flip(filled_form(), 1), templates=[template()]))
    assert "Not recognised as slip: the best match scored" in html
    assert "registration_failed" in html
    assert "<details" not in html
    assert "<polygon" not in html


def test_names_from_outside_are_shown_as_text():
    html = rendered(explained(filled_form()), name="<img src=x onerror=alert(1)>.png", forms=())
    assert "<img src=x" not in html


def test_a_blank_page_is_explained_too():
    assert "boxes were searched on the page, and none was found" in rendered(
        explained(np.full((600, 800), 255, np.uint8)), forms=()
    )


# --- words -----------------------------------------------------------------------------------------


def test_every_reason_and_rule_has_words():
    assert set(REASONS) == set(Reason)
    assert set(RULES) == {*CHECKS, *CROSS_RULES}


@pytest.mark.parametrize("reason", [*Reason, *map(rule_failed, (*CHECKS, *CROSS_RULES, *FieldKind))])
def test_every_reason_a_field_can_have_becomes_a_sentence(reason):
    corners = ((0.0, 0.0),) * 4
    for kind in FieldKind:
        reading = FieldReading("f", kind, 1, corners, "1", "1", 0.5, 0.9, Decision.REVIEW, (str(reason),))
        (words,) = reason_words(reading)
        assert len(words.split()) > 3


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (0, "0 %"),
        (1e-5, "under 0.1 %"),
        (0.004, "0.4 %"),
        (0.61, "61 %"),
        (0.986, "98.6 %"),
        (0.9997, "99.97 %"),
        (0.99999, "over 99.99 %"),
        (1, "100 %"),
    ],
)
def test_probabilities_are_shown_as_exactly_as_they_need(probability, shown):
    assert percent(probability) == shown


# --- the command -----------------------------------------------------------------------------------


def explain(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)], catch_exceptions=False)


def test_command_writes_the_page_and_nothing_else(tmp_path, monkeypatch, own_state):
    monkeypatch.chdir(tmp_path)
    scan = draw_form(tmp_path / "form.png")
    answer = explain(scan)
    assert (answer.exit_code, answer.stdout) == (0, "form-explained.html\n")
    assert "p1_box1" in (tmp_path / "form-explained.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["form-explained.html", "form.png"]


def test_command_names_what_it_cannot_show(tmp_path):
    with pytest.raises(NotAFileError, match=r"no\.png does not exist"):
        explain(tmp_path / "no.png")
    scan = draw_form(tmp_path / "form.png")
    with pytest.raises(NoPagesError, match=r"form\.png has no page 2"):
        explain(scan, "--page", 2, "--out", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
    Image.open(scan).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:400])
    with pytest.raises(NoPagesError, match=r"cut\.png "):
        explain(tmp_path / "cut.png")
