"""A passenger survey, A4: tick questions, two postal-code combs, a respondent number."""

from __future__ import annotations

import math

from sample_docs.generator.design import ChoiceDesign, FieldDesign, FormDesign, ScrawlDesign
from sample_docs.generator.paper import BLACK, GRAY, LIGHT, WHITE, Color, Sheet

SEA: Color = (22, 84, 120)
FOAM: Color = (231, 241, 246)
BOX: Color = (70, 110, 135)

HOME = FieldDesign(
    "postal_code_home", "postal_code", 24, 208, 35, 9, 5, {"length": 5, "required": True, "country": "US"}
)
WORK = FieldDesign("postal_code_work", "postal_code", 88, 208, 35, 9, 5, {"length": 5, "country": "US"})
RESPONDENT = FieldDesign("respondent", "digits", 146, 34, 42, 9, 6, {"length": 6, "required": True})

_QUESTIONS = (
    ("How did you pay for this trip?", ("Single ticket", "Day pass", "Monthly pass", "Free of charge")),
    ("Why are you travelling today?", ("Work", "School", "Shopping", "Leisure")),
    ("How long did you wait at the pier?", ("Under 5 min", "5 to 10 min", "10 to 20 min", "Longer")),
)
_RATINGS = ("Boats on time", "Room on board", "Clean cabins", "Helpful crew", "Value for money")
_COLUMNS = (24.0, 66.0, 108.0, 150.0)
_QUESTION_TOP, _QUESTION_STEP = 82.0, 17.0
_RATING_TOP, _RATING_STEP = 145.0, 7.4
_RATING_COLUMNS = tuple(112.0 + 16.5 * i for i in range(5))
_TICK = 3.6


def _print(sheet: Sheet) -> None:
    _print_head(sheet)
    _print_section(sheet, 70, "A", "Your trip", "Mark one box in each row.")
    for number, (question, answers) in enumerate(_QUESTIONS):
        top = _QUESTION_TOP + number * _QUESTION_STEP
        sheet.text(24, top + 1.5, f"{number + 1}.  {question}", 10, bold=True)
        for column, answer in zip(_COLUMNS, answers, strict=True):
            sheet.box(column, top + 5, _TICK, _TICK, line=0.3, color=BOX, fill=WHITE, radius=0.5)
            sheet.text(column + 6, top + 8, answer, 9.5)
    _print_section(sheet, 132, "B", "How satisfied are you?", "From -- (not at all) to ++ (very).")
    for row, rating in enumerate(_RATINGS):
        top = _RATING_TOP + row * _RATING_STEP
        if row % 2 == 0:
            sheet.box(20, top - 1.3, 170, _RATING_STEP, color=None, fill=FOAM)
        sheet.text(24, top + 3.3, rating, 10)
        for column in _RATING_COLUMNS:
            sheet.box(column, top + 0.5, _TICK, _TICK, line=0.3, color=BOX, fill=WHITE, radius=0.5)
    for column, sign in zip(_RATING_COLUMNS, ("--", "-", "0", "+", "++"), strict=True):
        sheet.text(column + _TICK / 2, 143, sign, 9, GRAY, bold=True, align="middle")
    _print_section(sheet, 190, "C", "Where you travel", "One digit in each box. Black or blue pen, please.")
    for place, caption, help_text in (
        (HOME, "ZIP code of your home", "where you sleep on most nights"),
        (WORK, "ZIP code of work or school", "leave empty if you have neither"),
    ):
        sheet.text(place.left, place.top - 2, caption, 9.5, bold=True)
        sheet.boxed_cells(place.left, place.top, 5, 7, place.height, color=BOX, line=0.3)
        sheet.text(place.left, place.top + place.height + 4, help_text, 7.5, GRAY)
    sheet.box(146, 203, 44, 20, color=SEA, line=0.25, fill=FOAM, radius=1.5)
    sheet.text(149, 208, "Write like this", 7.5, SEA, bold=True)
    sheet.text(149, 215, "0 1 2 3 4 5 6 7 8 9", 11)
    sheet.text(149, 220, "not joined, not on the lines", 7, GRAY)
    _print_section(sheet, 230, "D", "What should we do better?", "")
    for row in range(4):
        sheet.line(24, 246 + row * 8, 188, 246 + row * 8, 0.15, GRAY)
    _print_foot(sheet)


def _print_head(sheet: Sheet) -> None:
    sheet.box(0, 0, 210, 24, color=None, fill=SEA)
    sheet.disc(31, 12, 8, WHITE)
    for row, depth in enumerate((9.5, 12.5, 15.5)):
        half = math.sqrt(max(0.0, 49 - (depth - 12) ** 2)) - 1
        wave = [(31 - half + i * 2 * half / 40, depth + 0.9 * math.sin(i / 40 * 4 * math.pi + row)) for i in range(41)]
        sheet.curve(wave, 0.8, SEA)
    sheet.text(43, 12, "Harbour Line", 20, WHITE, bold=True)
    sheet.text(43, 18, "Ferries of the bay since 1904", 9, (205, 224, 234))
    sheet.text(190, 11, "Form PS 26", 9.5, WHITE, align="right")
    sheet.text(190, 16.5, "Sheet 1 of 1", 8, (205, 224, 234), align="right")
    sheet.text(24, 39, "Passenger survey", 24, SEA, bold=True)
    sheet.paragraph(
        24,
        47,
        (
            "Thank you for travelling with us. Your answers decide where boats run next",
            "year. The survey takes three minutes and is read by a machine, so please",
            "keep to the boxes. Give the sheet to the crew or drop it at any pier.",
        ),
        9.5,
    )
    sheet.text(RESPONDENT.left, RESPONDENT.top - 2, "Number on your ticket", 9.5, bold=True)
    sheet.boxed_cells(RESPONDENT.left, RESPONDENT.top, 6, 7, RESPONDENT.height, color=BOX, line=0.3)
    sheet.text(RESPONDENT.left, RESPONDENT.top + 13, "six digits, top right corner of the ticket", 7.5, GRAY)


def _print_section(sheet: Sheet, top: float, letter: str, title: str, hint: str) -> None:
    sheet.box(20, top, 170, 7, color=None, fill=LIGHT, radius=1)
    sheet.box(20, top, 8, 7, color=None, fill=SEA, radius=1)
    sheet.text(24, top + 5, letter, 11, WHITE, bold=True, align="middle")
    sheet.text(32, top + 5, title, 11, SEA, bold=True)
    sheet.text(188, top + 4.8, hint, 8, GRAY, align="right")


def _print_foot(sheet: Sheet) -> None:
    sheet.line(20, 279, 190, 279, 0.3, SEA)
    sheet.text(20, 284, "Harbour Line, Pier 4, Passenger Research", 7.5, GRAY)
    sheet.text(20, 288, "Answers are kept without names and deleted after two years.", 7.5, GRAY)
    sheet.barcode(150, 281, 40, 8, 26)
    sheet.text(145, 288, "PS 26 - 1", 7.5, BLACK, align="right")


SURVEY = FormDesign(
    name="survey",
    version="1",
    width_mm=210,
    height_mm=297,
    fields=(RESPONDENT, HOME, WORK),
    print_on=_print,
    choices=(
        *(
            ChoiceDesign(
                tuple((c + _TICK / 2, _QUESTION_TOP + row * _QUESTION_STEP + 5 + _TICK / 2) for c in _COLUMNS), _TICK
            )
            for row in range(len(_QUESTIONS))
        ),
        *(
            ChoiceDesign(
                tuple((c + _TICK / 2, _RATING_TOP + row * _RATING_STEP + 0.5 + _TICK / 2) for c in _RATING_COLUMNS),
                _TICK,
            )
            for row in range(len(_RATINGS))
        ),
    ),
    scrawls=(ScrawlDesign(26, 244.5, 120), ScrawlDesign(26, 252.5, 70)),
    note="Passenger survey: a ticket number and two ZIP codes in boxes.",
)
