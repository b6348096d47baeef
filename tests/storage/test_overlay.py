from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.document import (
    Decision,
    DocumentResult,
    ErrorItem,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    PageFacts,
    Polygon,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
)
from pipeline.storage.marked_page import ERROR_COLOUR, MAX_WIDTH, MIN_WIDTH
from pipeline.storage.overlay import COLOURS, draw_overlay
from recognizer.readings import GrayImage


def paper(width: int = 800, height: int = 600) -> GrayImage:
    return np.full((height, width), 255, np.uint8)


def square(left: float, top: float, width: float = 150, height: float = 60) -> Polygon:
    return ((left, top), (left + width, top), (left + width, top + height), (left, top + height))


def field(decision: Decision, polygon: Polygon, page: int = 1, **changes: object) -> FieldReading:
    reading = FieldReading(
        f"f{polygon[0]}", FieldKind.DIGITS, page, polygon, "12345", "12345", 0.5, 0.97, decision, ("low_confidence",)
    )
    return dataclasses.replace(reading, **changes)  # type: ignore[arg-type]


def result(*fields: FieldReading, errors: tuple[ErrorItem, ...] = (), name: str = "inbox/a.pdf") -> SourceResult:
    document = DocumentResult(1, (1,), ResultStatus.NEEDS_REVIEW, None, RegistrationStatus.OK, 0.5, fields)
    return SourceResult(
        ResultStatus.NEEDS_REVIEW,
        "0" * 64,
        (name,),
        MediaType.PDF,
        1,
        (PageFacts(1, 800, 600, 300.0),),
        (document,),
        errors,
        "f",
        ModelIdentity("m", "1", "0" * 64, "x"),
        "2026-11-21T02:00:00+00:00",
        0.1,
    )


def pixels_of(picture: np.ndarray, rgb: tuple[int, int, int], rows: slice = slice(None)) -> int:
    return int((picture[rows] == rgb[::-1]).all(axis=2).sum())


@pytest.mark.parametrize("decision", Decision)
def test_a_field_is_outlined_in_the_colour_of_its_decision(decision: Decision) -> None:
    picture = draw_overlay(paper(1200, 800), result(field(decision, square(100, 300))), 1)
    assert pixels_of(picture, COLOURS[decision], slice(0, 800)) > 800
    for other in set(Decision) - {decision}:
        assert pixels_of(picture, COLOURS[other], slice(0, 800)) == 0


def test_only_fields_of_the_page_are_drawn() -> None:
    elsewhere = result(field(Decision.ACCEPTED, square(100, 300), page=2))
    picture = draw_overlay(paper(1200, 800), elsewhere, 1)
    assert (picture[:800] == 255).all()


def test_the_ink_under_a_field_stays_visible() -> None:
    page = paper(1200, 800)
    page[320:330, 120:240] = 0
    picture = draw_overlay(page, result(field(Decision.REVIEW, square(100, 300))), 1)
    assert picture[322:328, 125:235].mean() < 60
    assert picture[335:355, 125:235].mean() > 200


@pytest.mark.parametrize(
    ("width", "height", "expected_width"),
    [
        (2480, 3508, MAX_WIDTH),
        (1600, 700, 1600),
        (1200, 800, 1200),
        (500, 200, MIN_WIDTH),
        (100, 40, 400),
        (20_000, 100, MAX_WIDTH),
        (1, 1, 4),
        (3, 5000, 12),
    ],
)
def test_the_picture_fits_a_screen_and_a_crop_is_enlarged(width: int, height: int, expected_width: int) -> None:
    picture = draw_overlay(paper(width, height), result(field(Decision.REVIEW, square(1, 1, 10, 10))), 1)
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (expected_width, 3)
    assert picture.flags.c_contiguous


@pytest.mark.parametrize(
    "polygon",
    [
        square(700, 5),
        square(0, 0, 1200, 800),
        square(-500, -500),
        square(5000, 5000),
        ((300.0, 100.0), (300.0, 400.0), (200.0, 400.0), (200.0, 100.0)),
        square(50, 50, 0, 0),
    ],
    ids=["at the corner", "the whole page", "before the page", "behind the page", "turned", "a point"],
)
def test_a_field_anywhere_is_drawn_without_complaint(polygon: Polygon) -> None:
    assert draw_overlay(paper(1200, 800), result(field(Decision.REVIEW, polygon)), 1).shape[1] == 1200


def test_labels_do_not_hide_other_fields() -> None:
    rows = [field(Decision.ACCEPTED, square(200, 300 + 100 * n, 200)) for n in range(4)]
    page = paper(1200, 800)
    for n in range(4):
        page[330 + 100 * n : 334 + 100 * n, 210:390] = 0
    picture = draw_overlay(page, result(*rows), 1)
    for n in range(4):
        assert picture[330 + 100 * n : 334 + 100 * n, 210:390].mean() < 60


def test_errors_of_the_page_or_file_are_told_below_it() -> None:
    errors = (ErrorItem("damaged_file", "page 1 is damaged", 1), ErrorItem("too_large", "page 2", 2))
    plain = draw_overlay(paper(), result(), 1)
    told = draw_overlay(paper(), result(errors=errors), 1)
    assert told.shape[0] > plain.shape[0]
    assert pixels_of(told, ERROR_COLOUR, slice(600, None)) > 50
    assert draw_overlay(paper(), result(errors=errors[1:]), 1).shape == plain.shape


def test_names_and_values_in_any_script_are_drawn() -> None:
    odd = field(Decision.REVIEW, square(100, 100), name="日本", value=None, reasons=("struck_out", "faint"))
    draw_overlay(paper(), result(odd, name="in/日本\\xff" + "a" * 300 + ".pdf"), 1)
