"""A cheque, 203 x 92 mm: eight date boxes and a courtesy amount box over a security pattern."""

from __future__ import annotations

import math

from sample_docs.generator.design import FieldDesign, FormDesign, ScrawlDesign
from sample_docs.generator.paper import BLACK, GRAY, WHITE, Color, Sheet

PINE: Color = (24, 92, 78)
MIST: Color = (241, 248, 244)
WAVE: Color = (196, 224, 214)
SAND: Color = (232, 222, 200)

DATE = FieldDesign("date", "date", 151, 9, 44, 6.5, 8, {"length": 8, "required": True, "date_order": "DMY"})
AMOUNT = FieldDesign("amount", "amount", 150, 37, 47, 11, None, {"required": True})


def _print(sheet: Sheet) -> None:
    sheet.box(0, 0, 203, 92, color=None, fill=MIST)
    _print_security(sheet)
    _print_bank(sheet)
    _print_date(sheet)
    _print_lines(sheet)
    _print_amount(sheet)
    _print_foot(sheet)


def _print_security(sheet: Sheet) -> None:
    """Interlaced waves all over and a rosette in the middle, light enough to drop out of a good scan."""
    for row in range(31):
        base = 3.0 * row
        wave = [(x, base + 2.6 * math.sin(x / 9 + row * 0.7) + math.sin(x / 3.7)) for x in range(204)]
        sheet.curve(wave, 0.12, WAVE if row % 3 else SAND)
    for turn in range(24):
        phase = turn * math.pi / 12
        petals = []
        for step in range(121):
            angle = step * math.pi / 60
            radius = 15 + 7 * math.cos(5 * angle + phase)
            petals.append((92 + 1.7 * radius * math.cos(angle), 47 + radius * math.sin(angle)))
        sheet.curve(petals, 0.1, WAVE)


def _print_bank(sheet: Sheet) -> None:
    sheet.disc(14, 12, 6.5, PINE)
    sheet.polygon(((14, 6.8), (17.2, 15), (14, 13), (10.8, 15)), WHITE)
    sheet.disc(14, 12, 0.9, PINE)
    sheet.text(23, 11.5, "Meridian Co-operative Bank", 14.5, PINE, bold=True)
    sheet.text(23, 16, "Lakeside branch, 14 Harbour Road", 7.5, GRAY)
    sheet.text(118, 11.5, "Valid for three months", 6.5, GRAY, align="middle")
    sheet.text(118, 14.5, "from the date of issue", 6.5, GRAY, align="middle")


def _print_date(sheet: Sheet) -> None:
    sheet.text(148, DATE.top + 4.6, "Date", 7.5, BLACK, align="right")
    sheet.boxed_cells(DATE.left, DATE.top, 8, 5.5, DATE.height, gap=0.5, color=PINE, line=0.2, fill=(252, 254, 253))
    for cell, letter in enumerate("DDMMYYYY"):
        x = DATE.left + (cell + 0.5) * 5.5
        sheet.text(x, DATE.top + DATE.height + 2.7, letter, 5.5, GRAY, align="middle")


def _print_lines(sheet: Sheet) -> None:
    sheet.text(8, 28, "Pay", 9, BLACK)
    sheet.line(16, 29, 176, 29, 0.18, BLACK)
    sheet.text(196, 28, "or bearer", 8, BLACK, align="right")
    sheet.text(8, 38.5, "the sum of rupees", 9, BLACK)
    sheet.line(36, 39.5, 138, 39.5, 0.18, BLACK)
    sheet.line(8, 48.5, 138, 48.5, 0.18, BLACK)


def _print_amount(sheet: Sheet) -> None:
    sheet.box(AMOUNT.left, AMOUNT.top, AMOUNT.width, AMOUNT.height, color=PINE, line=0.4)
    sheet.text(AMOUNT.left - 1.5, AMOUNT.top + 7.6, "Rs.", 13, BLACK, bold=True, align="right")


def _print_foot(sheet: Sheet) -> None:
    sheet.box(8, 56, 62, 9, color=PINE, line=0.25, fill=(252, 254, 253))
    sheet.text(10, 59.2, "Account", 6, GRAY)
    sheet.text(39, 63.2, "004 172 886 031", 11, BLACK, align="middle")
    sheet.text(80, 59, "Savings account", 7, GRAY)
    sheet.text(80, 63, "Payable at par at all branches", 7, GRAY)
    sheet.line(140, 69, 196, 69, 0.18, BLACK)
    sheet.text(168, 72.4, "Please sign above", 6.5, GRAY, align="middle")
    sheet.box(0, 76, 203, 16, color=None, fill=WHITE)
    for x, digits in ((46, "804213"), (84, "560029014"), (128, "172886"), (160, "31")):
        sheet.text(x, 85.5, "  ".join(digits), 11, BLACK)
    for x in (41, 77, 121, 154):
        sheet.box(x, 82, 0.7, 3.6, color=None, fill=BLACK)
        sheet.box(x + 1.3, 82, 0.7, 1.6, color=None, fill=BLACK)
        sheet.box(x + 1.3, 84.2, 0.7, 1.4, color=None, fill=BLACK)


CHEQUE = FormDesign(
    name="cheque",
    version="1",
    width_mm=203,
    height_mm=92,
    fields=(DATE, AMOUNT),
    print_on=_print,
    scrawls=(ScrawlDesign(20, 28, 70), ScrawlDesign(42, 38.5, 84), ScrawlDesign(12, 47.5, 58),
             ScrawlDesign(146, 67.5, 40, 3.6)),
    note="Cheque: date in eight boxes, day first; the amount on a free line, with or without separators.",
)  # fmt: skip
