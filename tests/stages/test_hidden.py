"""A reference that somebody wrote on: what it hides on a page is never an empty field, nor a shorter number."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.confidence.operating_point import BudgetPoint, OperatingPoint, ReaderCalibration
from pipeline.document import Decision, FormTemplate
from pipeline.process import read_pages
from recognizer.readings import StripCandidate
from tests.stages.forms import AMOUNT_MM, COMB_MM, PX_PER_MM, blank_form, scan, template
from tests.stages.scripted import ScriptedRecognizer, row

SURE = ReaderCalibration(0.0, {"logit": 1.0}, (BudgetPoint(0.01, 0.5, 1000, 0, 0.003, True),), 1.0)
POINT = OperatingPoint("test", False, {"comb": SURE, "free": SURE})
SURE_ONES = ScriptedRecognizer([row(1, 0.9999)], [StripCandidate("111", -0.001, ((5, 15), (30, 40), (60, 70)))])
CELL_MM = COMB_MM.width / 6


def write(form: np.ndarray, in_cells=(), on_line: str = "") -> np.ndarray:
    """Ones in some cells, and a number in the amount's box."""
    page = form.copy()
    for cell in in_cells:
        x = round((COMB_MM.left + (cell + 0.5) * CELL_MM) * PX_PER_MM)
        top, bottom = (round((COMB_MM.top + y) * PX_PER_MM) for y in (1.2, 5.6))
        cv2.line(page, (x + 3, top), (x - 3, bottom), 30, 3, cv2.LINE_AA)
    place = (round((AMOUNT_MM.left + 6) * PX_PER_MM), round((AMOUNT_MM.top + 7) * PX_PER_MM))
    cv2.putText(page, on_line, place, cv2.FONT_HERSHEY_SIMPLEX, 1.1, 30, 3, cv2.LINE_AA)
    return page


def on_reference(form: np.ndarray) -> FormTemplate:
    return replace(template(), references=(form,))


def read(page: np.ndarray, form: FormTemplate):
    (document,) = read_pages([scan(page, skew_deg=0.4)[0]], [form], SURE_ONES, POINT).documents
    return {field.name: field for field in document.fields}


def test_same_writing_on_page_and_reference_is_not_taken_for_empty_fields():
    filled = write(blank_form(), range(6), "250")
    for field in read(filled, on_reference(filled)).values():
        assert field.decision is Decision.REVIEW
        assert "not_a_digit" in field.reasons


def test_writing_hidden_beside_other_digits_is_not_passed_over():
    reference = write(blank_form(), [0, 1])
    account = read(write(blank_form(), range(6)), on_reference(reference))["account"]
    assert account.decision is Decision.REVIEW
    assert "not_a_digit" in account.reasons


def test_empty_page_is_blank_whatever_stands_on_the_reference():
    fields = read(blank_form(), on_reference(write(blank_form(), range(6), "250")))
    assert [field.decision for field in fields.values()] == [Decision.BLANK, Decision.BLANK]


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param(lambda form: None, id="nothing"),
        pytest.param(
            lambda form: cv2.putText(form, "USD", (556, 196), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 90, 1), id="small caption"
        ),
        pytest.param(lambda form: cv2.line(form, (720, 180), (720, 234), 90, 1), id="line before the cents"),
        pytest.param(lambda form: cv2.circle(form, (720, 225), 2, 90, -1), id="decimal point"),
    ],
)
def test_what_forms_print_in_their_fields_hides_nothing(printed):
    form = blank_form()
    printed(form)
    assert [f.decision for f in read(form, on_reference(form)).values()] == [Decision.BLANK, Decision.BLANK]
    account = read(write(form, range(6)), on_reference(form))["account"]
    assert (account.value, account.decision) == ("111111", Decision.ACCEPTED)


def test_printed_sign_before_an_amount_does_not_keep_it_from_being_read():
    form = blank_form()
    cv2.putText(form, "$", (544, 224), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 60, 2, cv2.LINE_AA)
    amount = read(write(form, on_line=" 111"), on_reference(form))["amount"]
    assert "not_a_digit" not in amount.reasons
