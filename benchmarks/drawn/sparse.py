"""Forms with hardly anything printed on them: corner marks, bare rules, one line of text."""

from __future__ import annotations

from sample_docs.generator.design import FieldDesign, FormDesign
from sample_docs.generator.paper import BLACK, GRAY, Sheet

_NUMBER = FieldDesign("number", "digits", 128, 24, 56, 9, 8)
_CODE = FieldDesign("code", "digits", 24, 70, 35, 9, 5)
_TOTAL = FieldDesign("total", "amount", 120, 240, 50, 10)
_MARKS_FIELDS = (
    FieldDesign("number", "digits", 118, 38, 64, 9, 8),
    FieldDesign("code", "digits", 24, 92, 35, 9, 5),
    FieldDesign("total", "amount", 132, 226, 46, 10),
)
_CARD_CODE = FieldDesign("code", "digits", 20, 30, 48, 8, 6)


def _print_marks(sheet: Sheet) -> None:
    for x in (8.0, 197.0):
        for y in (8.0, 284.0):
            sheet.box(x, y, 5, 5, color=None, fill=BLACK)
    for field in _MARKS_FIELDS:
        _print_cells(sheet, field)


def _print_ruled(sheet: Sheet) -> None:
    sheet.box(15, 15, 180, 262, line=0.4)
    sheet.line(15, 45, 195, 45, 0.4)
    sheet.line(110, 15, 110, 45, 0.3)
    for row in range(12):
        sheet.line(15, 95 + row * 11, 195, 95 + row * 11, 0.2, GRAY)
    sheet.line(60, 95, 60, 216, 0.3)
    _print_cells(sheet, _NUMBER)
    _print_cells(sheet, _CODE)
    sheet.box(_TOTAL.left, _TOTAL.top, _TOTAL.width, _TOTAL.height, line=0.4)


def _print_card(sheet: Sheet) -> None:
    sheet.text(20, 18, "Reply card", 14, bold=True)
    sheet.text(20, 26, "Your membership number", 8, GRAY)
    _print_cells(sheet, _CARD_CODE)


def _print_cells(sheet: Sheet, field: FieldDesign) -> None:
    cells = field.cells or 1
    sheet.boxed_cells(field.left, field.top, cells, field.width / cells, field.height, line=0.3)


MARKS = FormDesign("marks", "1", 210, 297, _MARKS_FIELDS, _print_marks)
RULED = FormDesign("ruled", "1", 210, 297, (_NUMBER, _CODE, _TOTAL), _print_ruled)
CARD = FormDesign("card", "1", 148, 105, (_CARD_CODE,), _print_card)
SPARSE_DESIGNS: tuple[FormDesign, ...] = (MARKS, RULED, CARD)
