"""An exam sheet, A4: student number in boxes with a Luhn digit, booklet number, and the grade in a box."""

from __future__ import annotations

from sample_docs.generator.design import FieldDesign, FormDesign, ScrawlDesign
from sample_docs.generator.paper import BLACK, GRAY, WHITE, Color, Sheet

PLUM: Color = (88, 40, 92)
LILAC: Color = (243, 236, 245)

STUDENT = FieldDesign("student_id", "digits", 24, 62, 68, 10, 8, {"length": 8, "required": True, "rules": ["luhn"]})
BOOKLET = FieldDesign("booklet", "digits", 108, 62, 34, 10, 4, {"length": 4, "required": True})
GRADE = FieldDesign(
    "grade", "digits", 158, 58, 28, 16, None, {"required": True, "rules": [{"range": {"min": 0, "max": 100}}]}
)

_TASKS = (
    ("State the second law in your own words and give one everyday example.", "15"),
    ("A heat pump moves 9 kJ from 2 C to 21 C. Estimate the least work it needs.", "25"),
    ("Sketch the cycle of a four-stroke engine in a p-V diagram and name its corners.", "30"),
    ("Why does a real engine fall short of the ideal one? Name three reasons.", "30"),
)


def _print(sheet: Sheet) -> None:
    for x in (8.0, 196.0):
        for y in (8.0, 283.0):
            sheet.box(x, y, 6, 6, color=None, fill=BLACK)
    _print_head(sheet)
    _print_candidate(sheet)
    _print_tasks(sheet)
    _print_answers(sheet)
    sheet.line(20, 278, 190, 278, 0.2, GRAY)
    sheet.text(20, 283, "ME 214 - Midterm - Sheet 1 of 4", 8, GRAY)
    sheet.text(190, 283, "Do not write below this line", 8, GRAY, align="right")
    sheet.barcode(80, 281, 50, 7, 214)


def _print_head(sheet: Sheet) -> None:
    sheet.polygon(((24, 16), (34, 16), (34, 26), (29, 30.5), (24, 26)), PLUM)
    for row in range(3):
        sheet.line(26, 19 + row * 2.4, 32, 19 + row * 2.4, 0.5, WHITE)
    sheet.text(39, 22, "Northgate Technical University", 15, PLUM, bold=True)
    sheet.text(39, 27.5, "Faculty of Mechanical Engineering", 9.5, GRAY)
    sheet.text(190, 22, "ME 214", 15, BLACK, bold=True, align="right")
    sheet.text(190, 27.5, "Autumn term", 9.5, GRAY, align="right")
    sheet.line(20, 35, 190, 35, 0.6, PLUM)
    sheet.text(24, 46, "Midterm exam: Thermodynamics", 17, BLACK, bold=True)


def _print_candidate(sheet: Sheet) -> None:
    sheet.box(20, 51, 126, 30, color=PLUM, line=0.3, fill=LILAC, radius=1.5)
    sheet.text(24, 58.5, "Student number", 9.5, PLUM, bold=True)
    sheet.boxed_cells(STUDENT.left, STUDENT.top, 8, 8.5, STUDENT.height, gap=1.2, color=PLUM, line=0.3)
    sheet.text(24, 77, "8 digits, as on your student card", 7.5, GRAY)
    sheet.text(108, 58.5, "Booklet", 9.5, PLUM, bold=True)
    sheet.boxed_cells(BOOKLET.left, BOOKLET.top, 4, 8.5, BOOKLET.height, gap=1.2, color=PLUM, line=0.3)
    sheet.text(108, 77, "printed on the cover", 7.5, GRAY)
    sheet.box(152, 51, 38, 30, color=PLUM, line=0.3, fill=WHITE, radius=1.5)
    sheet.text(171, 56.5, "Grade (0 to 100)", 8.5, PLUM, bold=True, align="middle")
    sheet.box(GRADE.left, GRADE.top, GRADE.width, GRADE.height, color=BLACK, line=0.5)
    sheet.text(171, 79, "for the examiner", 7.5, GRAY, align="middle")


def _print_tasks(sheet: Sheet) -> None:
    sheet.paragraph(
        24,
        91,
        (
            "You have 90 minutes. Calculators without memory are allowed, phones are not. Show how you arrived at",
            "each result: a number alone earns no points. Write your answers on the lines and on the back.",
        ),
        9,
    )
    top, step = 103.0, 11.0
    sheet.box(20, top, 170, 8, color=None, fill=PLUM)
    sheet.text(24, top + 5.5, "Task", 9.5, WHITE, bold=True)
    sheet.text(176, top + 5.5, "Points", 9.5, WHITE, bold=True, align="middle")
    for number, (task, points) in enumerate(_TASKS):
        row = top + 8 + number * step
        sheet.box(20, row, 170, step, color=None, fill=LILAC if number % 2 else WHITE)
        sheet.text(24, row + 7, f"{number + 1}", 11, PLUM, bold=True)
        sheet.text(31, row + 7, task, 9)
        sheet.text(176, row + 7, points, 10, align="middle")
    sheet.box(20, top, 170, 8 + step * len(_TASKS), color=PLUM, line=0.3)
    sheet.line(162, top, 162, top + 8 + step * len(_TASKS), 0.3, PLUM)


def _print_answers(sheet: Sheet) -> None:
    sheet.text(24, 167, "Answers", 11, PLUM, bold=True)
    for row in range(13):
        y = 176 + row * 7.8
        sheet.line(20, y, 190, y, 0.15, GRAY)


EXAM = FormDesign(
    name="exam",
    version="1",
    width_mm=210,
    height_mm=297,
    fields=(STUDENT, BOOKLET, GRADE),
    print_on=_print,
    scrawls=tuple(ScrawlDesign(24, 175 + row * 7.8, 150 - 37 * (row == 6)) for row in range(7)),
    note="Exam sheet: student number with a Luhn digit, booklet number, grade on a free line.",
)
