from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline import process
from pipeline.assembly import file_status
from pipeline.confidence.operating_point import BudgetPoint, OperatingPoint, ReaderCalibration
from pipeline.document import (
    Decision,
    FieldKind,
    FieldSpec,
    FormTemplate,
    Page,
    RectMm,
    RegistrationStatus,
    ResultStatus,
    RuleSpec,
    TemplateIdentity,
)
from pipeline.errors import DamagedFileError
from pipeline.packed_fields import PackedFields
from pipeline.process import read_crops, read_pages
from recognizer.readings import StripCandidate
from tests.stages.scripted import ScriptedRecognizer, row

DPI = 150
PX = DPI / 25.4
SIZE_MM = (148.0, 105.0)
SURE = ReaderCalibration(0.0, {"logit": 1.0}, (BudgetPoint(0.01, 0.9, 1000, 0, 0.003, True),), 1.0)
POINT = OperatingPoint("test", False, {"comb": SURE, "free": SURE})
SPECS = (
    FieldSpec("code", FieldKind.DIGITS, RectMm(30, 30, 30, 8), cells=5, length=5, required=True),
    FieldSpec("again", FieldKind.DIGITS, RectMm(30, 60, 30, 8), cells=5),
)


def blank_form() -> np.ndarray:
    """A form with enough print to be found again: captions, a heavy head, boxes."""
    page = np.full((round(SIZE_MM[1] * PX), round(SIZE_MM[0] * PX)), 250, np.uint8)
    cv2.putText(page, "CHANGE OF ADDRESS", (40, 60), cv2.FONT_HERSHEY_DUPLEX, 1.2, 30, 2, cv2.LINE_AA)
    cv2.putText(page, "Form 27b", (640, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 60, 2, cv2.LINE_AA)
    for n, line in enumerate(["old code", "new code", "please write clearly", "return to the office"]):
        cv2.putText(page, line, (430, 160 + 110 * n), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 60, 1, cv2.LINE_AA)
    cv2.circle(page, (760, 480), 50, 90, 6, cv2.LINE_AA)
    cv2.rectangle(page, (30, 530), (600, 590), 80, 2)
    for spec in SPECS:
        place = spec.region_mm
        for i in range(5):
            left, right = round((place.left + i * 6) * PX), round((place.left + (i + 1) * 6) * PX)
            corner = (right, round((place.top + place.height) * PX))
            cv2.rectangle(page, (left, round(place.top * PX)), corner, 90, 1)
    return page


def filled_form(fields=(0, 1)) -> np.ndarray:
    page = blank_form()
    for number in fields:
        place = SPECS[number].region_mm
        for i in range(5):
            x = round((place.left + (i + 0.5) * 6) * PX)
            top, bottom = round((place.top + 1.5) * PX), round((place.top + 6.5) * PX)
            cv2.line(page, (x + 9, top), (x - 6, bottom), 20, 4, cv2.LINE_AA)
    return page


def template(**changes) -> FormTemplate:
    arguments = {"identity": TemplateIdentity("address", "1", "a" * 64), "page_size_mm": SIZE_MM, "fields": SPECS}
    return FormTemplate(**{**arguments, "references": (blank_form(),), **changes})


def pages(*grays: np.ndarray) -> list[Page]:
    return [Page(n, gray, DPI) for n, gray in enumerate(grays, start=1)]


SURE_ONES = ScriptedRecognizer([row(1, 0.9999)])


def test_filled_form_is_read_with_its_template():
    reading = read_pages(pages(filled_form()), [template()], SURE_ONES, POINT)
    (document,) = reading.documents
    assert document.registration is RegistrationStatus.OK
    assert [(f.name, f.value, f.decision) for f in document.fields] == [
        ("code", "11111", Decision.ACCEPTED),
        ("again", "11111", Decision.ACCEPTED),
    ]
    assert file_status(reading) is ResultStatus.ACCEPTED
    assert not reading.review_crops


def test_every_form_of_a_batch_file_is_a_document_of_its_own():
    reading = read_pages(pages(filled_form(), filled_form(), filled_form()), [template()], SURE_ONES, POINT)
    assert [(d.number, d.pages) for d in reading.documents] == [(1, (1,)), (2, (2,)), (3, (3,))]


@pytest.mark.parametrize(
    "forms", [[template()], [], [template(cross_rules=(RuleSpec("equal", {"fields": ["code", "again"]}),))]]
)
def test_a_long_file_reads_as_a_short_one(forms: list[FormTemplate], monkeypatch: pytest.MonkeyPatch):
    sheets = pages(*[filled_form(), filled_form((0,)), filled_form((1,)), filled_form()])
    short = read_pages(sheets, forms, SURE_ONES, POINT)
    monkeypatch.setattr(process, "LONG_FILE_PAGES", 2)
    long = read_pages(sheets, forms, SURE_ONES, POINT)
    assert any(isinstance(document.fields, PackedFields) for document in long.documents)
    assert (long.pages, long.documents, long.errors) == (short.pages, short.documents, short.errors)
    assert set(long.review_crops) == set(short.review_crops)


def test_upside_down_page_is_read_and_its_places_are_as_scanned():
    page = filled_form()[::-1, ::-1].copy()
    reading = read_pages(pages(page), [template()], SURE_ONES, POINT)
    field = reading.documents[0].fields[0]
    assert field.value == "11111"
    assert reading.pages[0].rotation_deg == 180
    assert field.polygon_px[0][0] > page.shape[1] / 2, "its top left corner lies right of the middle as scanned"


def test_missing_required_field_sends_the_form_to_review_with_its_picture():
    reading = read_pages(pages(filled_form(fields=(1,))), [template()], SURE_ONES, POINT)
    assert reading.documents[0].status is ResultStatus.NEEDS_REVIEW
    assert reading.documents[0].fields[0].reasons == ("required_blank",)
    assert set(reading.review_crops) == {(1, "code")}


def test_page_of_no_form_waits_for_a_person_and_loses_nothing():
    other = np.full_like(blank_form(), 250)
    cv2.putText(other, "a letter", (300, 300), cv2.FONT_HERSHEY_SIMPLEX, 2, 30, 3)
    reading = read_pages(pages(other, filled_form()), [template()], SURE_ONES, POINT)
    assert [d.registration for d in reading.documents] == [RegistrationStatus.FAILED, RegistrationStatus.OK]
    lost = reading.documents[0]
    assert lost.status is ResultStatus.NEEDS_REVIEW
    assert {f.name: f.reasons for f in lost.fields} == dict.fromkeys(("code", "again"), ("registration_failed",))
    assert set(reading.review_crops) == {(1, "code"), (1, "again")}


def test_trace_of_a_page_holds_the_very_evidence_its_readings_came_from():
    traces = []
    scanned = pages(filled_form(), filled_form())
    reading = read_pages(scanned, [template()], SURE_ONES, POINT, on_trace=traces.append)
    assert [trace.facts for trace in traces] == list(reading.pages)
    assert [tuple(f.reading for f in trace.fields) for trace in traces] == [d.fields for d in reading.documents]
    for trace in traces:
        assert len(trace.registration.anchors) > 3
        for field in trace.fields:
            assert len(field.evidence.digits) == len(field.segmentation.crops)
            assert field.decoded.readings[0].value == field.reading.value


def test_cross_rule_that_fails_sends_both_fields_to_review():
    rules = (RuleSpec("sum", {"fields": ["code"], "equals": "again"}),)
    equal = read_pages(pages(filled_form()), [template(cross_rules=rules)], SURE_ONES, POINT)
    assert file_status(equal) is ResultStatus.ACCEPTED
    varying = ScriptedRecognizer([row(d, 0.9999) for d in (1, 1, 1, 1, 1, 2, 2, 2, 2, 2)])
    unequal = read_pages(pages(filled_form()), [template(cross_rules=rules)], varying, POINT)
    assert [f.reasons for f in unequal.documents[0].fields] == [("rule_failed:sum",), ("rule_failed:sum",)]


def test_damage_in_a_later_page_keeps_the_pages_before_it():
    def scanned():
        yield from pages(filled_form())
        raise DamagedFileError("page 2 ends in the middle", page=2)

    reading = read_pages(scanned(), [template()], SURE_ONES, POINT)
    assert len(reading.documents) == 1
    assert [(e.code, e.page) for e in reading.errors] == [("damaged_file", 2)]
    assert file_status(reading) is ResultStatus.NEEDS_REVIEW


def test_damaged_page_costs_only_itself():
    class Scan:
        """An iterator that goes on after an error, as `open_pages` does."""

        def __init__(self):
            self.left = [
                pages(filled_form())[0],
                DamagedFileError("page 2 is damaged", page=2),
                Page(3, filled_form(), DPI),
            ]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            if isinstance(self.left[0], Exception):
                raise self.left.pop(0)
            return self.left.pop(0)

    reading = read_pages(Scan(), [template()], SURE_ONES, POINT)
    assert [d.pages for d in reading.documents] == [(1,), (3,)]
    assert [(e.code, e.page) for e in reading.errors] == [("damaged_file", 2)]


def test_boxes_are_found_without_a_template():
    reading = read_pages(pages(filled_form()), [], SURE_ONES, POINT)
    (document,) = reading.documents
    assert document.registration is RegistrationStatus.NOT_NEEDED
    found = {f.name: f.value for f in document.fields}
    assert list(found.values()).count("11111") == 2
    assert next(iter(found)) == "p1_box1"


def test_a_turn_that_boxes_showed_is_a_fact_of_the_page():
    words = filled_form()
    for number, line in enumerate(
        ["please write clearly and do not fold this", "half yearly or by the date of the slip"]
    ):
        cv2.putText(words, line, (40, 560 + 25 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 60, 1, cv2.LINE_AA)
    for turns in range(4):
        turned = np.ascontiguousarray(np.rot90(words, -turns))
        assert read_pages(pages(turned), [], SURE_ONES, POINT).pages[0].rotation_deg == 90 * turns


def test_page_without_a_box_waits_for_a_person():
    reading = read_pages(pages(np.full((600, 800), 250, np.uint8)), [], SURE_ONES, POINT)
    assert [(f.name, f.value, f.reasons) for f in reading.documents[0].fields] == [
        ("p1", None, ("registration_failed",))
    ]
    assert file_status(reading) is ResultStatus.NEEDS_REVIEW
    assert set(reading.review_crops) == {(1, "p1")}


@pytest.mark.parametrize("fields", [(0, 1), ()], ids=["filled", "blank"])
def test_nothing_is_settled_on_a_page_whose_picture_is_too_poor(fields):
    optional = tuple(replace(spec, required=False) for spec in SPECS)
    dark = (filled_form(fields) // 4).astype(np.uint8)
    reading = read_pages(pages(dark), [template(fields=optional)], SURE_ONES, POINT)
    assert reading.pages[0].flaws == ("dark",)
    (document,) = reading.documents
    assert {f.decision for f in document.fields} == {Decision.REVIEW}
    assert all("image_quality" in f.reasons for f in document.fields)
    assert set(reading.review_crops) == {(1, "code"), (1, "again")}


def test_nothing_is_settled_on_a_page_that_two_renderers_show_differently():
    (page,) = pages(filled_form())
    reading = read_pages([replace(page, renderers_differ=True)], [template()], SURE_ONES, POINT)
    assert [f.reasons for f in reading.documents[0].fields] == [("renderers_differ",)] * 2


def test_file_without_pages_is_failed():
    assert file_status(read_pages([], [template()], SURE_ONES, POINT)) is ResultStatus.FAILED


def test_pages_are_reported_as_they_are_done():
    seen: list[int] = []
    read_pages(pages(*[filled_form()] * 3), [template()], SURE_ONES, POINT, on_page=seen.append)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_crops_are_read_in_order(count):
    gray = np.full((60, 200), 240, np.uint8)
    for i in range(3):
        cv2.line(gray, (40 + 40 * i, 12), (38 + 40 * i, 48), 20, 4, cv2.LINE_AA)
    recognizer = ScriptedRecognizer([row(1, 0.9999)], [StripCandidate("111", -0.01)])
    specs = [FieldSpec(f"f{n}", FieldKind.AMOUNT) for n in range(count)]
    readings = read_crops([gray] * count, specs, recognizer, POINT)
    assert [(r.name, r.value) for r in readings] == [(f"f{n}", "111.00") for n in range(count)]
